"""The README keeps its word: its commands are the ones that are run, its code is in examples."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SET_UP = "python3 -m venv .venv && .venv/bin/pip install nox && .venv/bin/nox -s"


def blocks(language: str) -> list[str]:
    """The contents of the README's code blocks in `language`."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_there_are_two_commands_to_set_things_up() -> None:
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    assert [line for line in commands if "venv" in line] == [f"{SET_UP} demo", f"{SET_UP} tests"]


def test_ci_runs_the_command_for_the_tests_last() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert lines[-1] == f"{SET_UP} tests"
    subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=True)


@pytest.mark.parametrize("name", ["hello", "asgi_hello", "embedded"])
def test_the_code_stands_in_examples_too(name: str) -> None:
    example = (ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8")
    assert example in blocks("python")


def test_there_is_no_code_that_stands_nowhere_else() -> None:
    examples = {path.read_text(encoding="utf-8") for path in (ROOT / "examples").glob("*.py")}
    assert set(blocks("python")) <= examples
