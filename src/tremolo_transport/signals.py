"""Signals of a program: noticed even while the event loop is blocked, acted on inside it.

What each signal means is decided by the program; a server inside somebody's
program has no signal handlers.
"""

import math
import signal
import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager, suppress

import anyio

__all__ = ("Echoes", "Wakeup", "on_signals")

_ECHO_SECONDS = 0.25
"""Within which whoever repeats a signal does not mean it; nobody presses keys so fast."""


@contextmanager
def on_signals(
    numbers: Collection[signal.Signals], call: Callable[[signal.Signals], None]
) -> Iterator[None]:
    """Call `call` with each of these signals that comes, in the main thread and at once.

    Between any two steps of whatever runs there, so that it must do little.
    Afterwards the handlers are what they were. For the main thread.
    """
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        for number in numbers:
            signal.signal(number, lambda got, frame: call(signal.Signals(got)))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Echoes:
    """Tells a signal that is sent twice from a second one. Time is told, never read.

    `timeout` of the GNU system sends its signal to the program and then to the
    program's group; a wrapper passes on the interrupt that the terminal has
    sent to all that run in it.
    """

    def __init__(self) -> None:
        self._heard: dict[signal.Signals, float] = {}

    def is_echo(self, number: signal.Signals, now: float) -> bool:
        """Take note of a signal, and say whether it is the last one over again."""
        echo = now - self._heard.get(number, -math.inf) < _ECHO_SECONDS
        if not echo:
            self._heard[number] = now
        return echo


class Wakeup:
    """Wakes one task of an event loop, from a signal handler or from any thread."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def wake(self) -> None:
        """End the wait, or the next one if nobody waits."""
        # Full, it wakes all the same; closed, there is nobody left to wake.
        with suppress(OSError):
            self._writer.send(b"\0")

    async def wait(self) -> None:
        """Return once `wake` was called since the last wait ended."""
        await anyio.wait_readable(self._reader)
        self.clear()

    def fileno(self) -> int:
        """What is readable when `wake` was called, for who waits without an event loop."""
        return self._reader.fileno()

    def clear(self) -> None:
        """Forget that `wake` was called."""
        with suppress(BlockingIOError):
            self._reader.recv(4_096)

    def close(self) -> None:
        """Give the sockets back. No task may be waiting."""
        with closing(self._reader), closing(self._writer):
            pass
