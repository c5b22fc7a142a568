"""What trio is started with for a test: its own clock that jumps, and the seed of its scheduler.

asyncio's counterpart is in `jumping_loop`.
"""

import math
from typing import Any

from .jumping_loop import START

try:
    import trio
    import trio._core._run
    import trio.testing
except ImportError:
    raise ImportError(
        "tests on trio need trio: pip install 'tremolo-anyio[testing,trio]'", name="trio"
    ) from None

__all__ = ("time_jumps", "trio_options")


def trio_options(seed: int) -> dict[str, Any]:
    """The keyword arguments of `trio.run` for a test whose time is its own."""
    clock = trio.testing.MockClock(autojump_threshold=0)
    clock.jump(START)
    return {"clock": clock, "instruments": [_Conductor(clock, seed)]}


def time_jumps() -> bool:
    """Whether the running trio was started with those."""
    return isinstance(trio.lowlevel.current_clock(), trio.testing.MockClock)


class _Conductor(trio.abc.Instrument):
    """Keeps trio's clock from jumping while a worker thread is out, and seeds its scheduler."""

    def __init__(self, clock: trio.testing.MockClock, seed: int) -> None:
        self._clock = clock
        self._seed = seed
        self._threads_are_out = False

    def before_run(self) -> None:
        # Both are there for this: trio lets hypothesis set them.
        scheduler = vars(trio._core._run)
        self._sorted = scheduler["_ALLOW_DETERMINISTIC_SCHEDULING"]
        self._state = scheduler["_r"].getstate()
        scheduler["_ALLOW_DETERMINISTIC_SCHEDULING"] = True
        scheduler["_r"].seed(self._seed)

    def after_run(self) -> None:
        scheduler = vars(trio._core._run)
        scheduler["_ALLOW_DETERMINISTIC_SCHEDULING"] = self._sorted
        scheduler["_r"].setstate(self._state)

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        out = trio.testing.active_thread_count() > 0
        if out is not self._threads_are_out:
            self._threads_are_out = out
            self._clock.autojump_threshold = math.inf if out else 0.0
            self._clock.rate = 1.0 if out else 0.0
