"""A package has what it exports, and imports no module before somebody asks for it."""

import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PACKAGE = """
from tremolo_core._exports import exported

__getattr__, __dir__ = exported(__name__, {"numbers": "ONE TWO", "letters": "A", "whole": ""})
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    folder = tmp_path / "laggard"
    folder.mkdir()
    (folder / "__init__.py").write_text(PACKAGE, encoding="utf-8")
    (folder / "numbers.py").write_text("ONE, TWO = [1], [2]", encoding="utf-8")
    (folder / "letters.py").write_text("A = 'a'", encoding="utf-8")
    (folder / "whole.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield import_module("laggard")
    for name in loaded():
        del sys.modules[name]


def loaded() -> set[str]:
    return {name for name in sys.modules if name.partition(".")[0] == "laggard"}


def test_what_nobody_asks_for_is_not_imported(package: Any) -> None:
    assert loaded() == {"laggard"}
    assert package.TWO == [2]
    assert loaded() == {"laggard", "laggard.numbers"}


def test_it_is_the_modules_own(package: Any) -> None:
    assert package.ONE is import_module("laggard.numbers").ONE
    assert package.A is import_module("laggard.letters").A


def test_it_can_be_imported_from_the_package(package: Any) -> None:
    names: dict[str, object] = {}
    exec("from laggard import ONE, A, whole", names)
    assert (names["ONE"], names["A"]) == ([1], "a")
    with pytest.raises(ImportError, match="THREE"):
        exec("from laggard import THREE", names)


def test_it_is_asked_for_once(package: Any) -> None:
    one = package.ONE
    del package.__getattr__
    assert package.ONE is one


def test_a_module_can_be_exported_whole(package: Any) -> None:
    assert isinstance(package.whole, ModuleType)
    assert package.whole is sys.modules["laggard.whole"]


def test_all_of_it_is_listed_before_it_is_imported(package: Any) -> None:
    assert {"ONE", "TWO", "A", "whole", "__name__"} <= set(dir(package))
    assert loaded() == {"laggard"}


def test_what_is_not_there_is_missed_as_in_any_module(package: Any) -> None:
    with pytest.raises(AttributeError, match="module 'laggard' has no attribute 'THREE'"):
        _ = package.THREE


IMPORTED = """
import sys

import tremolo_core

print(*sorted(name for name in sys.modules if name.startswith("tremolo_core.")))
"""


def test_the_core_itself_imports_next_to_nothing() -> None:
    # In a process of its own: in this one all of it is imported.
    command = [sys.executable, "-c", IMPORTED]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert names == ["tremolo_core._exports", "tremolo_core._values"]
