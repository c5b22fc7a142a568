"""Turns a connection from one exchange to the next, once nothing of the one is left.

When that is, is said by the tables in `states`.
"""

from typing import Final

from .at_once import SendsAtOnce
from .errors import LocalProtocolError
from .events import Signal
from .outgoing import UNASKED

__all__ = ("Cycles",)

# Until Python 3.12 it takes 0.1 µs to look a member up in its enum.
_NEED_DATA: Final = Signal.NEED_DATA
_PAUSED: Final = Signal.PAUSED


class Cycles(SendsAtOnce):
    """A connection's exchanges, one behind the other."""

    __slots__ = ()

    def finish_cycle(self) -> Signal | None:
        """Turn to the next request, if nothing of this exchange is left; None if anything is.

        Else PAUSED if bytes of the next request have come, or NEED_DATA. A body's end
        that has come is taken for told. What else is left, or that no other
        request may follow, is to be found out by `next_event` and `closing`.
        """
        standing, incoming = self._standing, self._incoming
        following = standing.following
        if following is None or (come := incoming.gate.next_message()) is None:
            # No request may follow, though the end may have come.
            if standing.ended is not None and incoming.skip_end():
                self._standing = standing.ended[self._outgoing.keep_alive]
            return None
        if incoming.engine is not incoming.fast:
            incoming.renew_engine()
        self._standing = following
        self._outgoing = UNASKED
        self._cycle += 1
        return _PAUSED if come else _NEED_DATA

    def start_next_cycle(self) -> None:
        """Turn to the next request, after both messages of this exchange are complete.

        Raises LocalProtocolError if they are not, or if no other may follow.
        """
        if self._standing.next_cycle is None:
            raise LocalProtocolError(f"no next cycle while {self._standing}")
        self.finish_cycle()
