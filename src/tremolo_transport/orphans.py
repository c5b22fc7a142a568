"""Buries the dead children of others, as the first process of a container must."""

import os
from collections.abc import Iterable

__all__ = ("reap_orphans",)


def reap_orphans(own: Iterable[int]) -> int:
    """Reap children that have ended and are none of `own`; return how many.

    One of `own` that has ended is left to whoever started it, and ends the search:
    the kernel tells of one after the other.
    """
    known = frozenset(own)
    reaped = 0
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return reaped
        if ended is None or ended.si_pid in known:
            return reaped
        os.waitpid(ended.si_pid, 0)
        reaped += 1
