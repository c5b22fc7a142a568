"""Has what streams send in one turn of an event loop written at its end, for all of them.

A client that waits is woken by what it is sent. One that has many connections goes
to sleep again before the next is answered, and to wake it costs the server more than
to write; of answers that are written behind one another it is woken by the first.
Where a turn is long, as handlers have much to do, that is worth less than the wait.
"""

import asyncio
import math
from time import monotonic
from typing import Protocol
from weakref import WeakKeyDictionary, ref

__all__ = ("LONGEST_HOLD", "TurnEnd", "turn_end_of")

LONGEST_HOLD = 0.001
"""Seconds after which no other answer is waited for: that of some tens of small requests is out
by then, and of those that take that long each by itself, waking the client costs little."""


class _Holder(Protocol):
    """Whoever holds something that is to be written."""

    def write_held(self) -> None:
        """Write it, if that was not done; may raise nothing."""


class TurnEnd:
    """Of one event loop, which keeps it while there is something to write, as its streams do."""

    __slots__ = ("__weakref__", "_due", "_holders", "_late", "alone", "longest")

    def __init__(self) -> None:
        self.longest = LONGEST_HOLD
        """Seconds that pass until a turn is long."""
        self._late = math.inf
        """When this one is."""
        self._holders: list[_Holder] = []
        self._due = False
        """Whether `write` will be called."""
        self.alone = False
        """Whether nobody else will send in this turn, so that there is nothing to hold for."""

    def add(self, holder: _Holder, loop: asyncio.AbstractEventLoop) -> None:
        """Have `holder` write at the end of this turn of `loop`, or now if it is long."""
        self._holders.append(holder)
        if not self._due:
            self._due = True
            self._late = monotonic() + self.longest
            loop.call_soon(self.write)
        elif not self.alone and (now := monotonic()) >= self._late:
            self._late = now + self.longest
            self._write_held()

    def begin(self, *, alone: bool) -> None:
        """Leave it to the caller, who serves many streams at once, to `write` behind the last.

        Of one that is `alone` the client gets its answer before what is left to do behind it.
        """
        self._due = True
        self.alone = alone
        if not alone:
            self._late = monotonic() + self.longest

    def write(self) -> None:
        """Have all of them write."""
        self._due = self.alone = False
        if self._holders:
            self._write_held()

    def _write_held(self) -> None:
        holders, self._holders = self._holders, []
        for holder in holders:
            holder.write_held()


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, ref[TurnEnd]] = WeakKeyDictionary()


def turn_end_of(loop: asyncio.AbstractEventLoop) -> TurnEnd:
    """The one of `loop`."""
    known = _of_loops.get(loop)
    turn_end = None if known is None else known()
    if turn_end is None:
        turn_end = TurnEnd()
        _of_loops[loop] = ref(turn_end)
    return turn_end
