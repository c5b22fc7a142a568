"""The exit of a process: in processes of their own, as it ends them."""

import signal
import subprocess
import sys

import pytest

SOURCE = """
import logging, multiprocessing, os, signal, sys, threading
from tremolo import last_threads
free = threading.Event()
def work():
    free.wait()
reader, writer = os.pipe()
def outlive():
    os.close(writer)
    os.read(reader, 1)
if __name__ == "__main__":
    logging.basicConfig(format="%(message)s")
    last_threads._SECONDS = {seconds}
    {begun}
    last_threads.end_soon({code})
    {then}
    sys.exit({code})
"""
THREAD = "threading.Thread(target=work).start()"
PROCESS = "multiprocessing.get_context('fork').Process(target=outlive, name='Sue').start()"


def ended(begun: str, *, then: str = "pass", code: int = 0, seconds: float = 0) -> tuple[int, str]:
    source = SOURCE.format(begun=begun, then=then, code=code, seconds=seconds)
    done = subprocess.run(
        [sys.executable, "-c", source], stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(("code", "then"), [(0, 4), (3, 3)])
def test_a_thread_that_does_not_end_is_named_and_left_behind(code: int, then: int) -> None:
    found, said = ended(THREAD, code=code)
    assert found == then
    assert said.startswith("work (")
    assert said.endswith("does not end: it is left behind\n")


def test_a_process_of_its_own_too() -> None:
    assert ended(PROCESS) == (4, "the process Sue does not end: it is left behind\n")


def test_who_ends_in_time_is_waited_for() -> None:
    assert ended(THREAD, then="free.set()", seconds=60) == (0, "")


def test_nothing_is_begun_where_nothing_goes_on() -> None:
    said = "print(*[each.name for each in threading.enumerate()], file=sys.stderr)"
    assert ended("pass", then=said) == (0, "MainThread\n")


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_a_signal_that_comes_when_it_ends_comes_too_late(number: str) -> None:
    assert ended("pass", then=f"signal.raise_signal(signal.{number})", code=3) == (3, "")


def test_but_it_ends_the_wait_for_what_goes_on() -> None:
    code, _ = ended(THREAD, then="signal.raise_signal(signal.SIGTERM)", seconds=60)
    assert code == -signal.SIGTERM
