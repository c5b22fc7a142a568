"""How the ends of a connection in memory wait for one another on trio.

asyncio's counterpart is in `waits`.
"""

from collections.abc import Awaitable
from typing import Any

from tremolo_transport.trio_traps import WOKEN, trap_of, wait

from .waits import Wait

try:
    import trio
except ImportError:
    raise ImportError(
        "tests on trio need trio: pip install 'tremolo-anyio[testing,trio]'", name="trio"
    ) from None

__all__ = ("TrioWait",)


class TrioWait(Wait):
    """In trio a task takes its steps where trio says, and nowhere else."""

    __slots__ = ("_task", "_trap")

    def __init__(self) -> None:
        self._task: trio.lowlevel.Task | None = None
        self._trap = trap_of(self._leave)
        """What trio is told; it is the same each time."""

    @property
    def waiting(self) -> bool:
        return self._task is not None

    def begin(self) -> Awaitable[Any]:
        self._task = trio.lowlevel.current_task()
        return wait(self._trap)

    def end(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            trio.lowlevel.reschedule(task, WOKEN)

    def _leave(self, _: object) -> trio.lowlevel.Abort:
        """As it is cancelled."""
        self._task = None
        return trio.lowlevel.Abort.SUCCEEDED
