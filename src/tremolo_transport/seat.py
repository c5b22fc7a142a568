"""A worker's end of the pipe to its supervisor, and the sockets that it inherits.

The supervisor's end is in `worker_process`; what a worker does meanwhile is
its program's business.
"""

import enum
import select
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection

from .listeners import ListeningSocket

__all__ = ("Command", "Report", "Seat")


class Report(enum.Enum):
    """What a worker says. A reason or another text may follow."""

    READY = b"ready"
    """It accepts connections; the text is where, line by line."""
    ALIVE = b"alive"
    """Its event loop turns."""
    SPENT = b"spent"
    """It should be replaced, and serves on until told; the text is why."""


class Command(enum.Enum):
    """What a supervisor says."""

    STOP = b"stop"
    """Nobody takes the worker's place."""
    YIELD = b"yield"
    """Its successor has the same sockets and is ready."""
    DROP = b"drop"
    """The code has changed: nobody is to wait for what runs still."""
    ORPHANED = b""
    """The supervisor is gone. It cannot say so: the pipe ends."""


class Seat:
    """Where a worker sits: made by the supervisor, and taken along to another process."""

    def __init__(self, pipe: Connection, sockets: Sequence[ListeningSocket]) -> None:
        self._pipe = pipe
        self.sockets = tuple(sockets)
        """One for each that the supervisor has opened, in its order."""
        self._call: Callable[[Command], None] | None = None

    def inherited(self) -> "Seat":
        """The same for a process that was forked, as others get it by pickling."""
        return Seat(self._pipe, [each.inherited() for each in self.sockets])

    def say(self, report: Report, text: str = "") -> None:
        """Tell the supervisor; nothing happens if that is gone.

        That the worker is alive is left out while it does not listen: a supervisor
        that is stopped would stop its workers, once the pipe is full.
        """
        with suppress(OSError):
            if report is Report.ALIVE and not self._has_room():
                return
            self._pipe.send_bytes(report.value + b" " + text.encode())

    def _has_room(self) -> bool:
        """Whether the pipe is far from full: Linux says so while three quarters of it are free."""
        poll = select.poll()
        poll.register(self._pipe.fileno(), select.POLLOUT)
        return bool(poll.poll(0))

    def obey(self, call: Callable[[Command], None]) -> None:
        """Call `call` with each command, in a thread that the process need not wait for.

        In place of what was to be called before, which may be in the middle of a call.
        """
        listens = self._call is not None
        self._call = call
        if not listens:
            threading.Thread(target=self._listen, name="tremolo commands", daemon=True).start()

    def _listen(self) -> None:
        command = None
        while command is not Command.ORPHANED:
            try:
                command = Command(self._pipe.recv_bytes())
            except (EOFError, OSError):
                command = Command.ORPHANED
            assert self._call is not None
            self._call(command)

    def close(self) -> None:
        """For the supervisor, once the worker has its own copy."""
        self._pipe.close()
