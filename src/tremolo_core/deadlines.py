"""When a peer has been too slow, reckoned without reading a clock.

`Deadlines` is told, now and then, what is being waited for and how far it has
come; `Connection` knows both, and does what is due.
"""

import enum

from ._values import value
from .limits import Timeouts

__all__ = ("Deadlines", "Wait", "Waiting")


class Wait(enum.Enum):
    """What the peer is being waited for."""

    NOTHING = enum.auto()
    HEAD = enum.auto()
    """The rest of a request's head, or the whole of the first."""
    NEXT_REQUEST = enum.auto()
    BODY = enum.auto()
    """Body bytes that somebody has asked for."""
    UNWANTED_BODY = enum.auto()
    """Body bytes that nobody has asked for, so that the peer need not hurry."""


@value
class Waiting:
    """What is being waited for at one moment."""

    wait: Wait
    cycle: int
    """The number of the exchange on this connection."""
    received: int
    """Bytes received on this connection so far."""


_BEFORE = Waiting(wait=Wait.NOTHING, cycle=-1, received=0)


class Deadlines:
    """The running time-out of one connection.

    What is new since the last look counts from that look. So a time-out is
    late by the time between two looks at most, and never early.
    """

    __slots__ = ("_began", "_bytes_before", "_last", "_looked", "_moved", "_timeouts")

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._last = _BEFORE
        self._looked = 0.0
        """When `deadline` was last called."""
        self._began = 0.0
        """When this wait began; time that nobody waited for the body is left out."""
        self._moved = 0.0
        """When the peer last sent anything of the body, or nobody wanted it."""
        self._bytes_before = 0
        """Bytes received before this body."""

    def deadline(self, waiting: Waiting, now: float) -> float | None:
        """When what is being waited for is late, in seconds on the clock of `now`.

        None if it never is. `now` must not go backwards.
        """
        self._note(waiting, now)
        timeouts = self._timeouts
        match waiting.wait:
            case Wait.HEAD:
                return _after(self._began, timeouts.head)
            case Wait.NEXT_REQUEST:
                return _after(self._began, timeouts.keep_alive)
            case Wait.BODY:
                return self._body_deadline(waiting)
            case Wait.NOTHING | Wait.UNWANTED_BODY:
                return None

    def _note(self, waiting: Waiting, now: float) -> None:
        last, self._last = self._last, waiting
        body = (Wait.BODY, Wait.UNWANTED_BODY)
        if waiting.cycle == last.cycle and waiting.wait in body and last.wait in body:
            if waiting.wait is Wait.UNWANTED_BODY:
                self._began += now - self._looked
                self._moved = now
            elif waiting.received != last.received or last.wait is Wait.UNWANTED_BODY:
                self._moved = now
        elif (waiting.cycle, waiting.wait) != (last.cycle, last.wait):
            self._began = self._moved = now
            self._bytes_before = waiting.received
        self._looked = now

    def _body_deadline(self, waiting: Waiting) -> float | None:
        idle, rate = self._timeouts.body_idle, self._timeouts.body_rate
        stalled = _after(self._moved, idle)
        if not rate:
            return stalled
        earned = (idle or 0.0) + (waiting.received - self._bytes_before) / rate
        slow = self._began + earned
        return slow if stalled is None else min(stalled, slow)


def _after(began: float, timeout: float | None) -> float | None:
    return None if timeout is None else began + timeout
