"""How the ends of a connection in memory wait for one another, on each event loop.

On asyncio and uvloop a task can take its step inside that of the task which has
brought what it waits for, so that nobody waits for a turn of the event loop.
What is brought is the business of `memory_line`; trio's wait is in `trio_waits`.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable
from typing import Any

from tremolo_transport.wake import Wake

from .backends import on_asyncio

__all__ = ("Wait", "new_wait")


class Wait(ABC):
    """A wait of one task at a time, to be waited again and again; it may end without a reason."""

    __slots__ = ()

    @property
    @abstractmethod
    def waiting(self) -> bool:
        """Whether somebody waits."""

    @abstractmethod
    def begin(self) -> Awaitable[Any]:
        """What is to be awaited now, to wait."""

    @abstractmethod
    def end(self) -> None:
        """Have whoever waits go on; nothing happens if nobody does."""


def new_wait(*, in_step: bool) -> Wait:
    """A wait on the running event loop.

    With `in_step` whoever waits takes the next step inside `end`, where that can
    be done: on asyncio and uvloop.
    """
    if not on_asyncio():
        # trio is an extra.
        from .trio_waits import TrioWait

        return TrioWait()
    loop = asyncio.get_running_loop()
    return _InStep(loop) if in_step else _InTurn(loop)


class _InStep(Wait):
    """As eager tasks begin since Python 3.12: with the current task set aside."""

    __slots__ = ("_loop", "_wake")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._wake = Wake(loop)

    @property
    def waiting(self) -> bool:
        return self._wake.callback is not None

    def begin(self) -> Awaitable[Any]:
        return self._wake

    def end(self) -> None:
        wake, loop = self._wake, self._loop
        if wake.callback is None:
            return
        task = asyncio.current_task(loop)
        if task is None:
            wake.now()
            return
        # What asyncio has for those who step tasks in a way of their own.
        asyncio._leave_task(loop, task)
        try:
            wake.now()
        finally:
            asyncio._enter_task(loop, task)


class _InTurn(Wait):
    """As all that waits on asyncio: a loop that orders tasks by a seed orders these too."""

    __slots__ = ("_future", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._future: asyncio.Future[None] | None = None

    @property
    def waiting(self) -> bool:
        return self._future is not None and not self._future.done()

    def begin(self) -> Awaitable[Any]:
        self._future = self._loop.create_future()
        return self._future

    def end(self) -> None:
        if self._future is not None and not self._future.done():
            self._future.set_result(None)
