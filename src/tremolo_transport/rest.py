"""Lets a connection that is idle do without a task, which is most of what it holds.

When it may is seen by the sweeper and judged here; what ends its rest is done
by `driver`. Only a stream that can call back can have its reader away.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from anyio.abc import ByteStream

from tremolo_core import Connection

from .link import Link
from .native_stream import NativeStream

__all__ = ("Rest", "rest_of")

Owner = TypeVar("Owner")

_LOOKS = 4
"""Sweeps that find a connection idle before it rests: a second, so that busy clients never pay."""


class Rest(Generic[Owner]):
    """The rest of one connection, of which it may take many."""

    __slots__ = (
        "_looked",
        "_looks",
        "_owner",
        "_reads",
        "_stream",
        "_until",
        "_wake",
        "asleep",
        "due",
    )

    def __init__(self, owner: Owner, stream: NativeStream, wake: Callable[[Owner], None]) -> None:
        """`wake(owner)` is called when a rest is over."""
        self._owner = owner
        self._stream = stream
        self._wake = wake
        self._reads = -1
        """The read that was waiting at the last look, and what had come."""
        self._looks = 0
        """How often it has been seen to wait."""
        self._until: float | None = None
        """When the peer is late, as far as is known."""
        self._looked = False
        """Whether it was ever asked for."""
        self.due = False
        """Whether the reader is to leave its place now, as nothing comes."""
        self.asleep = False
        """Whether there is no task."""

    def note_idle(self, link: Link, deadline: float | None, *, requests: int) -> bool:
        """Note that a sweep finds the connection between requests; true if a rest is due now.

        So many requests have come, of which some may have been read by nobody who waits.
        """
        reads = link.reads + requests
        if not link.reading or reads != self._reads:
            self._reads = reads
            self._looks = 0
            return False
        self._looks += 1
        self._until = deadline
        self._looked = True
        self.due = self._looks == _LOOKS
        return self.due

    def begin(self) -> bool:
        """Rest from now on, if nothing has come meanwhile."""
        self.due = False
        self._reads = -1
        self.asleep = self._stream.call_on_input(self.end)
        return self.asleep

    def end(self) -> None:
        """Be awake, and let the owner know if there was a rest."""
        self.due = False
        if self.asleep:
            self.asleep = False
            self._stream.forget_call()
            self._wake(self._owner)

    def is_too_long(self, connection: Connection, now: float) -> bool:
        """Whether the peer is late by `now`."""
        if not self._looked:
            # It rests since it began.
            self._until = connection.deadline(now)
            self._looked = True
        return self._until is not None and now >= self._until


def rest_of(owner: Owner, stream: ByteStream, wake: Callable[[Owner], None]) -> Rest[Owner] | None:
    """The rest of a connection over `stream`, if that can have any; else as `Rest`."""
    return Rest(owner, stream, wake) if isinstance(stream, NativeStream) else None
