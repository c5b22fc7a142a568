"""How a task of trio's waits again and again for the same, with less that is made for each wait.

What is waited for, and by whom, is the business of `trio_stream`.
"""

from collections.abc import Callable, Coroutine, Generator
from types import coroutine
from typing import Any

try:
    import outcome  # trio's own
    import trio
except ImportError:
    raise ImportError(
        "to serve on trio needs trio: pip install 'tremolo-anyio[trio]'", name="trio"
    ) from None

__all__ = ("WOKEN", "trap_of", "wait")

WOKEN: outcome.Outcome[object] = outcome.Value(None)
"""What `trio.lowlevel.reschedule` is given for who waits: it takes no value, so always the same."""


def trap_of(abort: Callable[[object], trio.lowlevel.Abort]) -> Any:
    """What `trio.lowlevel.wait_task_rescheduled` would tell trio. It holds `abort`."""
    waiting: Coroutine[Any, Any, object] = trio.lowlevel.wait_task_rescheduled(abort)  # noqa: ASYNC105
    trap = waiting.send(None)
    waiting.close()
    return trap


@coroutine
def wait(trap: Any) -> Generator[Any, Any, None]:
    """Wait as that function does, until rescheduled with `WOKEN`."""
    result = yield trap
    if result is not WOKEN:
        # Cancelled.
        result.unwrap()
