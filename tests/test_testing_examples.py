"""The examples for tests, and so the code of docs/testing.md, run as pytest runs them for users."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "testing"
PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("arguments", [(), ("--tremolo-tcp",)], ids=["memory", "tcp"])
def test_they_pass(arguments: tuple[str, ...]) -> None:
    plugins = ("-p", "tremolo.pytest_plugin", "-p", "no:asyncio", "-p", "no:trio")
    command = [sys.executable, "-m", "pytest", *plugins, "-W", "error", "-q"]
    # Nothing of this repository's own set-up of pytest.
    command += ["--rootdir", str(EXAMPLES), "-c", os.devnull, "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *arguments, str(EXAMPLES)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+ passed", done.stdout), done.stdout


def test_each_is_shown() -> None:
    source = (EXAMPLES / "test_notes.py").read_text(encoding="utf-8")
    defined = set(re.findall(r"^(?:async )?def (\w+)", source, re.MULTILINE))
    shown = re.findall(r"^:pyobject: (\w+)$", PAGE, re.MULTILINE)
    assert set(shown) <= defined
    assert {name for name in defined if name.startswith("test_")} <= set(shown)
