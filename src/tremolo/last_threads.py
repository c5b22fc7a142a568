"""Bounds what Python does not: a process that exits waits for threads that are not daemons.

Functions in pools of threads are left behind by `process`; here are the threads
and the processes that an application has started by itself.
"""

import logging
import multiprocessing
import signal

from tremolo_transport.stuck_code import lasting_threads
from tremolo_transport.watchdog import Watchdog

from .exit_codes import ExitCode

__all__ = ("end_soon",)

_logger = logging.getLogger("tremolo.program")

_SECONDS = 5.0
"""How long they may go on once the application has shut down, which had its time before."""


def end_soon(code: int) -> None:
    """Bound the end of this process, which exits with `code` now and has nothing else to do.

    If something that Python waits for does not end in time, that is named in the log,
    and the process ends around it: with 4, if it would have been with 0. A signal ends
    that wait; where there is nothing to wait for, it comes too late to change the code.
    For the main thread.
    """
    if _lasting():
        Watchdog(_report).give(_SECONDS, code=code or ExitCode.STUCK)
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _lasting() -> tuple[str, ...]:
    processes = [each for each in multiprocessing.active_children() if not each.daemon]
    return (*lasting_threads(), *(f"the process {each.name}" for each in processes))


def _report() -> None:
    for each in _lasting():
        _logger.error("%s does not end: it is left behind", each)
