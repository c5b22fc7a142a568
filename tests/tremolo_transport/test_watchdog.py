"""The end of a process whose time is over: in processes of their own, as it ends them."""

import subprocess
import sys

import pytest

from tremolo_transport.watchdog import Watchdog

STUCK = """
import logging, sys, threading
from tremolo_transport.watchdog import Watchdog, leave
logging.basicConfig(format="%(message)s")
def report():
    logging.warning("stuck")
    {report}
dog = Watchdog(report)
{then}
threading.Event().wait(60)
"""


def ended(then: str, *, report: str = "pass") -> tuple[int, str]:
    code = STUCK.format(then=then, report=report)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr


def test_it_reports_and_ends_the_process_with_the_code() -> None:
    assert ended("dog.give(0.0, code=4)") == (4, "stuck\n")


def test_the_last_word_counts() -> None:
    assert ended("dog.give(60.0, code=4)\ndog.give(0.0, code=5)") == (5, "stuck\n")


def test_a_report_that_does_not_end_does_not_keep_it() -> None:
    assert ended("dog.give(0.0, code=4)", report="threading.Event().wait(60)") == (4, "stuck\n")


def test_leaving_flushes_and_leaves_threads_behind() -> None:
    then = """
thread = threading.Thread(target=threading.Event().wait, args=(60,))
thread.start()
sys.stdout.write("said")
logging.warning("logged")
leave(3)
"""
    code = STUCK.format(then=then, report="pass")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "said", "logged\n")


def test_leaving_cannot_fail() -> None:
    then = """
class Broken(logging.Handler):
    def flush(self):
        raise KeyError("on purpose")
handler = Broken()
threading.Thread(target=threading.Event().wait, args=(60,)).start()
leave(3)
"""
    assert ended(then)[0] == 3


def test_called_off_nothing_happens() -> None:
    dog = Watchdog(lambda: pytest.fail("nothing is stuck"))
    dog.give(60.0, code=4)
    dog.call_off()
    dog._thread.join(60.0)
    assert not dog._thread.is_alive()
