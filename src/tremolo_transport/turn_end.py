"""Has what streams send in one turn of an event loop written at its end, for all of them.

A client that waits is woken by what it is sent. One that has many connections goes
to sleep again before the next is answered, and to wake it costs the server more than
to write; of answers that are written behind one another it is woken by the first.
Where a turn is long, as handlers have much to do, that is worth less than the wait.
"""

import asyncio
import math
from weakref import WeakKeyDictionary, ref

from .held_writes import HeldWrites, Holder

__all__ = ("TurnEnd", "turn_end_of")


class TurnEnd(HeldWrites):
    """Of one event loop, which keeps it while there is something to write, as its streams do."""

    __slots__ = ("__weakref__", "_due", "alone")

    def __init__(self) -> None:
        super().__init__()
        self._due = False
        """Whether `write` will be called."""
        self.alone = False
        """Whether nobody else will send in this turn, so that there is nothing to hold for."""

    def add(self, holder: Holder, loop: asyncio.AbstractEventLoop) -> None:
        """Have `holder` write at the end of this turn of `loop`, or now if it is long."""
        if not self._due:
            self._due = True
            self.begin_long()
            loop.call_soon(self.write)
        self.hold(holder)

    def begin(self, *, alone: bool) -> None:
        """Leave it to the caller, who serves many streams at once, to `write` behind the last.

        Of one that is `alone` the client gets its answer before what is left to do behind it.
        """
        self._due = True
        self.alone = alone
        if alone:
            self._late = math.inf
        else:
            self.begin_long()

    def write(self) -> None:
        """Have all of them write."""
        self._due = self.alone = False
        if self._holders:
            self.write_held()


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, ref[TurnEnd]] = WeakKeyDictionary()


def turn_end_of(loop: asyncio.AbstractEventLoop) -> TurnEnd:
    """The one of `loop`."""
    known = _of_loops.get(loop)
    turn_end = None if known is None else known()
    if turn_end is None:
        turn_end = TurnEnd()
        _of_loops[loop] = ref(turn_end)
    return turn_end
