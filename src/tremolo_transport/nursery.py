"""Where the tasks of connections live: all have ended when it is left.

anyio's task groups make a scope, an event and two closures for each task, which
is more than all else that the server does for a new connection. So on trio it
is a nursery of trio's; on asyncio it is a set of plain tasks, and whoever opens
it says how those are cancelled.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

import anyio
from anyio import CancelScope

if TYPE_CHECKING:
    import trio

__all__ = ("Nursery", "open_nursery")


class Nursery(ABC):
    """Made by `open_nursery`."""

    __slots__ = ()

    @abstractmethod
    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` in a task, which begins in one of the next turns of the event loop.

        If it raises, all the others are cancelled.
        """


@asynccontextmanager
async def open_nursery(cancel: Callable[[], None]) -> AsyncIterator[Nursery]:
    """A nursery for tasks that `cancel` makes end soon: those there are, and those to come.

    It is left when all of them have ended. `cancel` may start tasks that were
    not there yet, which are cancelled too.

    Raises what the tasks have raised, in an exception group.
    """
    if anyio.get_cancelled_exc_class() is not asyncio.CancelledError:
        # trio is an extra.
        import trio

        async with trio.open_nursery() as group:
            try:
                yield _TrioNursery(group)
            except BaseException:
                cancel()
                raise
        return
    with CancelScope() as scope:
        nursery = _PlainNursery(scope, cancel)
        try:
            yield nursery
        except BaseException:
            cancel()
            raise
        finally:
            await nursery.end()
    if nursery.errors:
        raise BaseExceptionGroup("tasks have failed", nursery.errors)


class _TrioNursery(Nursery):
    """That of trio."""

    __slots__ = ("_context", "_nursery")

    def __init__(self, nursery: "trio.Nursery") -> None:
        self._context = copy_context()
        """Of all tasks: `start` may be called in one that has nothing to do with the server."""
        self._nursery = nursery

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        self._context.run(self._nursery.start_soon, _itself, work)


def _itself(work: Coroutine[Any, Any, None]) -> Coroutine[Any, Any, None]:
    return work


class _PlainNursery(Nursery):
    """That of asyncio and uvloop."""

    __slots__ = ("_cancel", "_empty", "_left", "_loop", "_scope", "_tasks", "errors")

    def __init__(self, scope: CancelScope, cancel: Callable[[], None]) -> None:
        self._scope = scope
        """Around whoever has opened it."""
        self._cancel = cancel
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self.errors: list[BaseException] = []
        """What tasks have raised."""
        self._empty: asyncio.Future[None] | None = None
        """Done when the last task has ended, while that is waited for."""
        self._left = self._task_left
        """One bound method for all tasks."""

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._left)

    async def end(self) -> None:
        """Wait for all tasks; if that is cancelled, cancel them and wait nevertheless."""
        cancelled: asyncio.CancelledError | None = None
        with CancelScope() as scope:
            while self._tasks:
                self._empty = self._loop.create_future()
                try:
                    await self._empty
                except asyncio.CancelledError as error:
                    cancelled = error
                    # More of them would change nothing.
                    scope.shield = True
                    self._cancel()
        if cancelled is not None:
            raise cancelled

    def _task_left(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.errors.append(error)
            self._scope.cancel()
        if not self._tasks and self._empty is not None and not self._empty.done():
            self._empty.set_result(None)
