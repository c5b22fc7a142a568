"""Ends a process whose time is over, whatever its event loop is kept busy with.

How long that time is, and what is said at its end, is told by the program.
"""

import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

__all__ = ("Watchdog", "leave")

_REPORT_SECONDS = 2.0
"""How long the last words may take: what is stuck may hold the lock of a log handler."""


def leave(code: int) -> None:
    """End the process at once, and lose no log line: threads and clean-up are left behind."""
    try:
        # Somebody's handler may raise anything.
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
    finally:
        os._exit(code)


class Watchdog:
    """A thread that waits for the end of a time that may never be set."""

    def __init__(self, report: Callable[[], None]) -> None:
        """`report` says what is stuck; it is called in another thread."""
        self._report = report
        # Its `put` may be called by a signal handler that has interrupted `put`.
        self._told: queue.SimpleQueue[tuple[float, int] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._watch, name="tremolo watchdog", daemon=True)
        self._thread.start()

    def give(self, seconds: float, *, code: int) -> None:
        """From now on the process has so many seconds left, and then ends with `code`.

        In the place of what was given before. Also for signal handlers.
        """
        self._told.put((time.monotonic() + seconds, code))

    def call_off(self) -> None:
        """There is no bound any more; the thread ends."""
        self._told.put(None)

    def _watch(self) -> None:
        told: tuple[float, int] | None = self._told.get()
        while told is not None:
            deadline, code = told
            try:
                told = self._told.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                _call_for_a_while(self._report)
                self._end(code)

    def _end(self, code: int) -> None:
        _call_for_a_while(partial(leave, code))
        # The flush itself is stuck.
        os._exit(code)


def _call_for_a_while(last_words: Callable[[], object]) -> None:
    """Call it in a thread, and go on when its time is over."""
    thread = threading.Thread(target=last_words, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        # Python 3.12 begins none once it waits for the last ones.
        last_words()
    else:
        thread.join(_REPORT_SECONDS)
