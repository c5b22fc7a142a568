"""One worker as its supervisor sees it: a process, a pipe, and what is known of it.

When a worker is started, replaced or killed is decided in `supervisor`.
"""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from .listeners import ListeningSocket
from .seat import Command, Report, Seat

__all__ = ("Target", "WorkerProcess")

Target = Callable[[Seat], int]
"""What runs in the worker, and returns its exit code. It must be picklable."""

_spawn = multiprocessing.get_context("spawn")

_fork = multiprocessing.get_context("fork") if sys.platform == "linux" else None
"""Elsewhere a system's own libraries may not bear it."""

_OF_THE_TERMINAL = (signal.SIGHUP, signal.SIGINT)
"""Signals that come to all processes of a program, and are meant for the supervisor."""


class WorkerProcess:
    """A process that was started, from its first moment to its last."""

    def __init__(
        self,
        target: Target,
        sockets: Sequence[ListeningSocket],
        *,
        number: int,
        forked: bool = False,
    ) -> None:
        """Start it. Raises whatever pickling `target` raises; OSError for want of room.

        With `forked` it begins as a copy of this process, where the system is one on which
        that is sound, and so in half the time: it has the code that this process has. That
        is to be asked for only while this process has one thread, and no other worker.
        """
        self._pipe, theirs = _spawn.Pipe()
        seat = Seat(theirs, sockets)
        name = f"tremolo-worker-{number}"
        self._process: BaseProcess
        held_back: Collection[signal.Signals] = _OF_THE_TERMINAL
        if forked and _fork is not None:
            copied = (target, seat, self._pipe, signal.pthread_sigmask(signal.SIG_BLOCK, ()))
            self._process = _fork.Process(target=_work_in_a_copy, args=copied, name=name)
            # Until it no longer does with it what the supervisor does.
            held_back = (*_OF_THE_TERMINAL, signal.SIGTERM)
        else:
            self._process = _spawn.Process(target=_work, args=(target, seat), name=name)
        try:
            with _blocked(held_back):
                self._process.start()
        except BaseException:
            self._pipe.close()
            raise
        finally:
            seat.close()
        self.pid: int = self._process.pid or 0
        self.started = time.monotonic()
        self.ready: float | None = None
        """When it said that it accepts connections."""
        self.addresses: tuple[str, ...] = ()
        """Where, as it said then."""
        self.last_sign = self.started
        """When it last said anything."""
        self.spent: str | None = None
        """Why it wants to be replaced."""
        self.told: Command | None = None
        """What it was told last."""
        self.deadline: float | None = None
        """When it will be killed."""
        self.killed = False
        """Whether it was."""
        self._mute = False
        """Whether its end of the pipe is closed."""

    @property
    def sources(self) -> tuple[int, ...]:
        """The descriptors of which one becomes readable when the worker speaks, or ends."""
        sentinel = self._process.sentinel
        return (sentinel,) if self._mute else (sentinel, self._pipe.fileno())

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.is_alive()

    def hear(self) -> None:
        """Take in all that the worker has said."""
        try:
            while self._pipe.poll():
                self._note(self._pipe.recv_bytes())
        except (EOFError, OSError):
            # Its end is noticed by the process's own.
            self._mute = True

    def _note(self, said: bytes) -> None:
        word, _, rest = said.partition(b" ")
        text = rest.decode()
        self.last_sign = time.monotonic()
        match Report(word):
            case Report.READY:
                self.ready = self.last_sign
                self.addresses = tuple(text.splitlines())
            case Report.SPENT:
                self.spent = text
            case Report.ALIVE:
                pass

    def tell(self, command: Command, *, seconds: float | None) -> None:
        """Tell it to end, and to be killed if it has not after so many seconds."""
        self.told = command
        if seconds is not None:
            self.deadline = min(self.deadline or float("inf"), time.monotonic() + seconds)
        with suppress(OSError):
            self._pipe.send_bytes(command.value)

    def kill(self) -> None:
        """End it at once."""
        self.killed = True
        self._process.kill()

    def end(self) -> str:
        """Forget the process, which has ended or ends now; return how it has ended, in words."""
        self._process.join()
        self._pipe.close()
        code = self.exit_code
        self._process.close()
        if code >= 0:
            return f"exited with code {code}"
        try:
            return f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"

    @property
    def exit_code(self) -> int:
        """Of a process that has ended; negative for a signal."""
        return self._process.exitcode or 0


@contextmanager
def _blocked(numbers: Collection[signal.Signals]) -> Iterator[None]:
    """Hold these signals back, also in a process that is started: it inherits the mask."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work_in_a_copy(
    target: Target, seat: Seat, supervisors: Connection, mask: Collection[int]
) -> None:
    # Held open here too, the end of the supervisor's would not be noticed.
    supervisors.close()
    # What is the supervisor's to do is not done twice.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if signal.SIGTERM not in mask:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    _work(target, seat.inherited())


def _work(target: Target, seat: Seat) -> None:
    # What was blocked while the process was made is ignored from here on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Not ignored: that would be inherited by programs that the application starts.
    signal.signal(signal.SIGHUP, lambda number, frame: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _OF_THE_TERMINAL)
    seat.obey(_leave_if_orphaned)
    raise SystemExit(target(seat))


def _leave_if_orphaned(command: Command) -> None:
    """What is obeyed until the target takes over: importing an application may take for ever."""
    if command is Command.ORPHANED:
        os._exit(1)
