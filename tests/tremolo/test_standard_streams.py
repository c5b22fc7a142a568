"""The three standard streams of a program."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os
import sys
from tremolo.standard_streams import open_standard_streams

open_standard_streams()
for number in range(3):
    assert os.get_inheritable(number)
sys.stdout.write("out")
sys.stdout.flush()
sys.stderr.write("error")
assert sys.stdin.read() == {given!r}
os._exit(7)
"""


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-", ""])
def test_those_that_are_closed_lead_nowhere(closed: str) -> None:
    script = SCRIPT.format(given="" if "0" in closed else "in")
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        input=b"in",
        capture_output=True,
        check=False,
    )
    assert done.stdout == (b"" if "1" in closed else b"out")
    assert done.stderr == (b"" if "2" in closed else b"error")
    assert done.returncode == 7
