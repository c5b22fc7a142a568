"""Who holds something that is to be written: when a turn of the event loop ends, or has been long.

When a turn begins and ends is known to `turn_end` on asyncio and uvloop, to `trio_turn` on trio.
"""

import math
from time import monotonic
from typing import Protocol

__all__ = ("LONGEST_HOLD", "HeldWrites", "Holder")

LONGEST_HOLD = 0.001
"""Seconds after which no other answer is waited for: that of some tens of small requests is out
by then, and of those that take that long each by itself, waking the client costs little."""


class Holder(Protocol):
    """Whoever holds something that is to be written."""

    def write_held(self) -> None:
        """Write it, if that was not done; may raise nothing, and wake nobody."""


class HeldWrites:
    """Those of one turn after the other."""

    __slots__ = ("_holders", "_late", "longest")

    def __init__(self) -> None:
        self.longest = LONGEST_HOLD
        """Seconds that pass until a turn is long."""
        self._late = math.inf
        """When this one is."""
        self._holders: list[Holder] = []

    def begin_long(self) -> None:
        """From now on it counts how long this turn is."""
        self._late = monotonic() + self.longest

    def hold(self, holder: Holder) -> None:
        """Have `holder` write in `write_held`, or now if this turn is long."""
        self._holders.append(holder)
        if (now := monotonic()) >= self._late:
            self._late = now + self.longest
            self.write_held()

    def write_held(self) -> None:
        """Have all of them write."""
        holders, self._holders = self._holders, []
        for holder in holders:
            holder.write_held()
