"""When a peer has been too slow, reckoned without reading a clock.

`Deadlines` is told, now and then, what is being waited for and how far it has
come; `Connection` knows both, and does what is due.
"""

import enum
from typing import assert_never

from ._values import value
from .errors import RemoteProtocolError
from .limits import Timeouts

__all__ = ("Deadlines", "Wait", "Waiting", "lateness")


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
    SILENCE = enum.auto()
    """Any byte on a WebSocket; in the end we ask whether the peer is there."""
    PONG = enum.auto()
    """Any byte on a WebSocket after that."""
    CLOSE = enum.auto()
    """The peer's Close after ours."""
    LAST_FRAME_TOLD = enum.auto()
    """Not for the peer, whose last frame has come, but for what came before it to be asked for."""


@value
class Waiting:
    """What is being waited for at one moment."""

    wait: Wait
    cycle: int
    """The number of the exchange on this connection."""
    received: int
    """Bytes received on this connection so far."""


_LAST_FRAME_SECONDS = 1.0
"""How long those who are told of what came before may take to answer it.

Time enough for an answer to what came in the same packet, and little for a
peer to wait for the Close that it is owed.
"""

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
        """When the peer last sent anything, or nobody wanted it."""
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
            case Wait.SILENCE:
                return _after(self._moved, timeouts.ping)
            case Wait.PONG:
                return _after(self._began, timeouts.pong)
            case Wait.CLOSE:
                return _after(self._began, timeouts.close)
            case Wait.LAST_FRAME_TOLD:
                return self._began + _LAST_FRAME_SECONDS
            case Wait.NOTHING | Wait.UNWANTED_BODY:
                return None
            case _:
                assert_never(waiting.wait)

    def _note(self, waiting: Waiting, now: float) -> None:
        last, self._last = self._last, waiting
        body = (Wait.BODY, Wait.UNWANTED_BODY)
        if waiting.cycle == last.cycle and waiting.wait in body and last.wait in body:
            if Wait.UNWANTED_BODY in (waiting.wait, last.wait):
                # Since when it is wanted, or is not, nobody has looked: it counts from now.
                self._began += now - self._looked
                self._moved = now
            elif waiting.received != last.received:
                self._moved = now
        elif (waiting.cycle, waiting.wait) != (last.cycle, last.wait):
            self._began = self._moved = now
            self._bytes_before = waiting.received
        elif waiting.received != last.received:
            self._moved = now
        self._looked = now

    def _body_deadline(self, waiting: Waiting) -> float | None:
        idle, rate = self._timeouts.body_idle, self._timeouts.body_rate
        if idle is None:
            return None
        stalled = self._moved + idle
        if not rate:
            return stalled
        earned = idle + (waiting.received - self._bytes_before) / rate
        return min(stalled, self._began + earned)


def lateness(wait: Wait) -> RemoteProtocolError:
    """What to hold against a peer that came too late with what it was waited for."""
    match wait:
        case Wait.HEAD:
            return RemoteProtocolError("the request's head came too late", status=408)
        case Wait.PONG:
            return RemoteProtocolError("no Pong in time", status=None, close_code=1011)
        case Wait.CLOSE:
            return RemoteProtocolError("no Close in time", status=None)
        case _:
            return RemoteProtocolError("the request's body came too slowly", status=408)


def _after(began: float, timeout: float | None) -> float | None:
    return None if timeout is None else began + timeout
