"""How long one exchange may go on: a handler, a handler without a client, a client without reading.

Made for an exchange when the sweeper first sees it, so that a short one costs
nothing. What follows is done by `driver`.
"""

import enum

from .link import Link
from .settings import ServerSettings

__all__ = ("Overdue", "Patience")


class Overdue(enum.Enum):
    """What has lasted too long."""

    WRITE = enum.auto()
    """The client takes nothing of what is written."""
    HANDLER = enum.auto()
    """The handler has not ended."""
    LEFT_HANDLER = enum.auto()
    """The handler has not ended, though its client has left."""


class Patience:
    """The running times of one exchange.

    What is new since the last look counts from that look. So a time-out is late
    by the time between two looks at most, and never early.
    """

    __slots__ = ("_began", "_gone", "_moved", "_sent", "_settings", "_unwritten", "_writes")

    def __init__(self, settings: ServerSettings, now: float) -> None:
        self._settings = settings
        self._began = now
        self._gone: float | None = None
        """When its client had left and nothing was being sent to it."""
        self._moved = now
        """When a write last began or went on, or nobody wrote."""
        self._writes = -1
        """How many had begun at the last look."""
        self._sent = -1
        """How many bytes the stream had taken then."""
        self._unwritten = 0
        """How many bytes the kernel had not taken then."""

    def overdue(self, link: Link, now: float, *, limit: float | None) -> Overdue | None:
        """What has lasted too long by `now`, if anything; the handler may take `limit` seconds."""
        unwritten = link.unwritten
        progress = (
            link.writes != self._writes or link.sent != self._sent or unwritten < self._unwritten
        )
        self._writes, self._sent, self._unwritten = link.writes, link.sent, unwritten
        if progress:
            # A client that has half-closed looks as if it had left, but may read on.
            self._gone = None
        if progress or not link.writing:
            self._moved = now
        elif _over(self._moved, self._settings.write_timeout, now):
            return Overdue.WRITE
        if not link.framed and _over(self._began, limit, now):
            return Overdue.HANDLER
        if not link.peer_gone:
            return None
        if self._gone is None:
            self._gone = now
        left = _over(self._gone, self._settings.close_timeout, now)
        return Overdue.LEFT_HANDLER if left else None


def _over(began: float, seconds: float | None, now: float) -> bool:
    return seconds is not None and now - began >= seconds
