"""The clock's promises are in `test_clock`; here is what trio must not notice afterwards."""

import subprocess
import sys
from pathlib import Path

import pytest
import trio

from tremolo.testing.jumping_loop import START
from tremolo.testing.trio_time import time_jumps, trio_options


def scheduler() -> tuple[object, object]:
    module = vars(sys.modules["trio._core._run"])
    return module["_ALLOW_DETERMINISTIC_SCHEDULING"], module["_r"].getstate()


def test_the_scheduler_is_afterwards_as_before() -> None:
    before = scheduler()

    async def main() -> None:
        assert scheduler() != before

    trio.run(main, **trio_options(1))
    assert scheduler() == before


def test_also_when_the_run_fails() -> None:
    before = scheduler()

    async def main() -> None:
        raise ValueError("as it should")

    with pytest.raises(ValueError, match="as it should"):
        trio.run(main, **trio_options(1))
    assert scheduler() == before


def test_it_begins_late_enough() -> None:
    async def main() -> float:
        assert time_jumps()
        return trio.current_time()

    assert trio.run(main, **trio_options(1)) == START


def test_without_trio_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['trio'] = None; import tremolo.testing.trio_time"
    source = str(Path(__file__).parents[3] / "src")
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": source}, capture_output=True, text=True
    )
    assert done.stderr.splitlines()[-1] == (
        "ImportError: tests on trio need trio: pip install 'tremolo-anyio[testing,trio]'"
    )
