"""The children of others, in a process of its own: it would bury ours."""

import subprocess
import sys

BURIES = """
import os
from tremolo_transport.orphans import reap_orphans
assert reap_orphans([]) == 0
children = []
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    children.append(pid)
for pid in children:
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
own = children[-1]
assert reap_orphans([own]) <= 2
assert os.waitpid(own, 0)[0] == own
reap_orphans([])
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("all buried")
"""


def test_orphans_are_buried_and_our_own_children_are_not() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BURIES], capture_output=True, text=True, check=True
    )
    assert done.stdout == "all buried\n"
