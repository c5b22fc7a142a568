"""The documentation and the code agree on what there is."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path
from types import FunctionType

import pytest

from tests.cases import for_each
from tremolo.config import OPTIONS
from tremolo_core import Connection

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
MODULES = sorted(SOURCE.rglob("*.py"))
PAGES = sorted((ROOT / "docs").rglob("*.md"))
API = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "api").glob("*.md"))

PUBLIC = {
    "tremolo": "tremolo/__init__.py",
    "tremolo_asgi": "tremolo_asgi/__init__.py",
    "tremolo_core": "tremolo_core/__init__.py",
    "tremolo_transport": "tremolo_transport/__init__.py",
}
"""The modules that others import from, and their files."""


def exports(file: str) -> set[str]:
    for statement in ast.parse((SOURCE / file).read_text(encoding="utf-8")).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=names):
                return set(ast.literal_eval(names))
    return set()


def documented(module: str) -> set[str]:
    """What the API pages have a description of, as a name of `module`."""
    names = set(re.findall(rf"^\.\. [a-z:]+:: {re.escape(module)}\.(\w+)", API, re.MULTILINE))
    for whole in re.findall(r"^\.\. automodule:: (\S+)", API, re.MULTILINE):
        if whole.startswith(f"{module}."):
            file = whole.replace(".", "/")
            names |= exports(f"{file}/__init__.py" if (SOURCE / file).is_dir() else f"{file}.py")
    return names


@pytest.mark.parametrize(("module", "file"), PUBLIC.items(), ids=PUBLIC)
def test_each_export_is_described(module: str, file: str) -> None:
    assert exports(file) - {"__version__"} <= documented(module)


@for_each("path", MODULES)
def test_each_export_says_what_it_promises(path: Path) -> None:
    name = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    module = importlib.import_module(name)
    for exported in [getattr(module, name) for name in module.__all__]:
        if not isinstance(exported, type) or exported.__module__ != name:
            continue
        assert inspect.getdoc(exported), exported
        for member, content in vars(exported).items():
            method = isinstance(content, FunctionType | property | classmethod | staticmethod)
            if method and not member.startswith("_"):
                # An override may inherit its docstring.
                assert inspect.getdoc(getattr(exported, member)), f"{exported}.{member}"


def test_a_driver_is_told_of_all_that_a_connection_can_do() -> None:
    page = (ROOT / "docs" / "guides" / "driver.md").read_text()
    told = {name for code in re.findall(r"`([^`]+)`", page) for name in re.findall(r"\w+", code)}
    assert {name for name in dir(Connection) if not name.startswith("_")} <= told


def test_the_state_diagram_is_that_of_the_tables() -> None:
    script = ROOT / "docs" / "make_state_diagram.py"
    subprocess.run([sys.executable, script, "--check"], check=True)


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.name)
def test_each_option_that_is_shown_exists(page: Path) -> None:
    flags = {option.flag for option in OPTIONS}
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("python3 -m tremolo "):
            assert set(re.findall(r"--[a-z-]+", line)) <= flags
            assert (ROOT / line.split()[-1].partition(":")[0]).is_file()
