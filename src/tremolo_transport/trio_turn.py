"""What is done at the two ends of each turn of trio's: what came is told, what was sent is written.

asyncio has the like in `turn_end`, where it says what it is good for to write behind
the last. trio's own hooks for that are those of an instrument. What is told, and
to whom, is the business of `trio_arrivals`.
"""

import math
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Protocol

from .turn_end import LONGEST_HOLD

try:
    import trio
except ImportError:
    raise ImportError(
        "to serve on trio needs trio: pip install 'tremolo-anyio[trio]'", name="trio"
    ) from None

__all__ = ("TrioTurn",)


class _Holder(Protocol):
    """Whoever holds something that is to be written."""

    def write_held(self) -> None:
        """Write it, if that was not done; may raise nothing, and wake nobody."""


class TrioTurn(trio.abc.Instrument):
    """Those of one run of trio, from `begin` to `end`."""

    __slots__ = ("_holders", "_late", "_tell", "_token", "holding", "longest")

    def __init__(self, tell: Callable[[], int]) -> None:
        """`tell` is called as each turn begins, and returns how many were told."""
        self._tell = tell
        self._token = trio.lowlevel.current_trio_token()
        self.longest = LONGEST_HOLD
        """Seconds that pass until a turn is long."""
        self._late = math.inf
        """When this one is."""
        self._holders: list[_Holder] = []
        self.holding = False
        """Whether to hold what is short: in a turn, unless nobody else will send in it."""

    def add(self, holder: _Holder) -> None:
        """Have `holder` write at the end of this turn, or now if it is long; while `holding`."""
        self._holders.append(holder)
        if (now := monotonic()) >= self._late:
            self._late = now + self.longest
            self._write_held()

    def begin(self) -> None:
        """Have the turns of this run be so, from the next on."""
        trio.lowlevel.add_instrument(self)

    def end(self) -> None:
        """Have all write that hold something, and be told no more."""
        # It is none any more if it has failed.
        with suppress(KeyError):
            trio.lowlevel.remove_instrument(self)
        self._write()

    # What trio calls.

    def after_io_wait(self, timeout: float) -> None:
        """Tell whoever goes on in this turn."""
        try:
            self.holding = self._tell() != 1
            if self.holding:
                self._late = monotonic() + self.longest
        except BaseException as error:
            self._fail(error)

    def before_io_wait(self, timeout: float) -> None:
        """Have all write that hold something."""
        try:
            self._write()
        except BaseException as error:
            self._fail(error)

    # How it works.

    def _write(self) -> None:
        self.holding = False
        if self._holders:
            self._write_held()

    def _write_held(self) -> None:
        holders, self._holders = self._holders, []
        for holder in holders:
            holder.write_held()

    def _fail(self, error: BaseException) -> None:
        """Have the run fail: trio would only log the error, and call us no more."""
        trio.lowlevel.remove_instrument(self)
        self._token.run_sync_soon(_raise, error)


def _raise(error: BaseException) -> None:
    raise error
