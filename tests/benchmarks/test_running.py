import os
import subprocess
import sys

import pytest
from running import undisturbed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no such thing elsewhere")


def may_be_urgent() -> bool:
    """Whether the system allows it; asked of a process that ends at once."""
    code = "import os; os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))"
    return not subprocess.run([sys.executable, "-c", code], capture_output=True).returncode


def test_who_is_measured_and_who_measures_come_first_and_then_all_is_as_before() -> None:
    expected = os.SCHED_RR if may_be_urgent() else os.SCHED_OTHER
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as measured:
        with pytest.raises(LookupError), undisturbed([measured.pid]):
            assert os.sched_getscheduler(measured.pid) == os.sched_getscheduler(0) == expected
            raise LookupError
        assert os.sched_getscheduler(measured.pid) == os.sched_getscheduler(0) == os.SCHED_OTHER
        measured.communicate(b"\n")


def test_a_process_that_has_ended_is_no_fault() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    with undisturbed([ended.pid]):
        pass
