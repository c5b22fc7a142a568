import os
import subprocess
import sys
from pathlib import Path

import pytest
from figure import Figure, family, resident, ticks, until_at_rest, with_cpu

LINUX = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc")


def test_processor_time_is_found_behind_any_name() -> None:
    stat = "7 (a) S (x) S 1 7 7 0 -1 4194560 1 2 0 0 150 50 9 9 20 0 1 0 5 6 7"
    assert ticks(stat) == 200


@LINUX
def test_a_process_has_memory_and_is_of_its_own_family() -> None:
    assert resident(os.getpid()) > 1_000_000
    assert os.getpid() in family(os.getpid())


@LINUX
def test_what_was_worked_stands_beside_for_each_one() -> None:
    def work() -> Figure:
        return Figure(value=1, count=sum(1 for _ in range(100_000)), beside={"p50": 3})

    figure = with_cpu(os.getpid(), work)
    assert figure.beside["CPU, µs each"] > 0
    assert figure.beside["p50"] == 3


@LINUX
def test_without_a_count_there_is_no_processor_time() -> None:
    assert with_cpu(os.getpid(), lambda: Figure(value=1)) == Figure(value=1)


@LINUX
def test_one_that_still_works_is_waited_for_and_one_that_rests_is_not() -> None:
    program = "import sys, time\nwhile sys.argv[1] == 'work': pass\ntime.sleep(60)"
    for what, rests in (("work", False), ("rest", True)):
        with subprocess.Popen([sys.executable, "-c", program, what]) as process:
            try:
                assert until_at_rest(process.pid, most=0.5 if not rests else 60) is rests
            finally:
                process.kill()
