"""What is done at the two ends of each turn of trio's: what came is told, what was sent is written.

asyncio has the like in `turn_end`, where it says what it is good for to write behind
the last. trio's own hooks for that are those of an instrument. What is told, and
to whom, is the business of `trio_arrivals`.
"""

from collections.abc import Callable
from contextlib import suppress

from .held_writes import HeldWrites

try:
    import trio
except ImportError:
    raise ImportError(
        "to serve on trio needs trio: pip install 'tremolo-anyio[trio]'", name="trio"
    ) from None

__all__ = ("TrioTurn",)


class TrioTurn(HeldWrites, trio.abc.Instrument):
    """Those of one run of trio, from `begin` to `end`."""

    __slots__ = ("_tell", "_token", "holding")

    def __init__(self, tell: Callable[[], int]) -> None:
        """`tell` is called as each turn begins, and returns how many were told."""
        super().__init__()
        self._tell = tell
        self._token = trio.lowlevel.current_trio_token()
        self.holding = False
        """Whether to hold what is short: in a turn, unless nobody else will send in it."""

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
                self.begin_long()
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
            self.write_held()

    def _fail(self, error: BaseException) -> None:
        """Have the run fail: trio would only log the error, and call us no more."""
        trio.lowlevel.remove_instrument(self)
        self._token.run_sync_soon(_raise, error)


def _raise(error: BaseException) -> None:
    raise error
