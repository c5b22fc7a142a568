"""Where the tasks of connections live: all have ended when it is left.

anyio's task groups make a scope, an event and two closures for each task, which
is more than all else that the server does for a new connection. So on trio it
is a nursery of trio's; on asyncio it is a set of plain tasks, and whoever opens
it says how those are cancelled. Even these are kept for the next connection, as a new
one takes two turns of the event loop: to begin, and to be seen off.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

import anyio
from anyio import CancelScope

from .wake import Wake

if TYPE_CHECKING:
    import trio

__all__ = ("Nursery", "open_nursery")

_MOST_KEPT = 16
"""Tasks that wait for another connection. Each holds 1.2 KiB; most connections need the first."""


class Nursery(ABC):
    """Made by `open_nursery`."""

    __slots__ = ()

    @abstractmethod
    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` in a task, soon; on asyncio perhaps at once, where no task runs now.

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

    __slots__ = (
        "_cancel",
        "_context",
        "_empty",
        "_ends",
        "_kept",
        "_left",
        "_loop",
        "_scope",
        "_tasks",
        "errors",
    )

    def __init__(self, scope: CancelScope, cancel: Callable[[], None]) -> None:
        self._scope = scope
        """Around whoever has opened it."""
        self._cancel = cancel
        self._context = copy_context()
        """Of all tasks, as on trio."""
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self.errors: list[BaseException] = []
        """What tasks have raised."""
        self._empty: asyncio.Future[None] | None = None
        """Done when the last task has ended, while that is waited for."""
        self._kept: list[_Runner] = []
        """Those whose tasks wait for something to do: who came last is the next."""
        self._ends = False
        """Whether no task is to wait for that any more."""
        self._left = self._task_left
        """One bound method for all tasks."""

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        if not self._kept:
            self._start_anew(work)
            return
        runner = self._kept.pop()
        runner.work, runner.is_kept = work, False
        if asyncio.current_task(self._loop) is None:
            runner.wake.now()
        else:
            runner.wake.soon()

    def _start_anew(self, work: Coroutine[Any, Any, None]) -> None:
        runner = _Runner(work, Wake(self._loop))
        task = self._loop.create_task(
            self._run(runner), name="tremolo connections", context=self._context.copy()
        )
        self._tasks.add(task)
        task.add_done_callback(self._left)

    async def _run(self, runner: "_Runner") -> None:
        """Do what there is to do, one after the other, until the task is not kept."""
        task = asyncio.current_task()
        assert task is not None
        while (work := runner.take()) is not None:
            await work
            # It holds what the connection held.
            del work
            if self._ends or len(self._kept) >= _MOST_KEPT or task.cancelling():
                return
            runner.keep()
            self._kept.append(runner)
            try:
                while runner.is_kept:
                    await runner.wake
            except BaseException:
                if runner.is_kept:
                    self._kept.remove(runner)
                elif runner.work is not None:
                    # It came between the cancellation of this task and its last step.
                    self._start_anew(runner.work)
                raise

    async def end(self) -> None:
        """Wait for all tasks; if that is cancelled, cancel them and wait nevertheless."""
        self._ends = True
        for runner in self._kept:
            runner.is_kept = False
            runner.wake.soon()
        self._kept.clear()
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


class _Runner:
    """What one task has to do."""

    __slots__ = ("is_kept", "wake", "work")

    def __init__(self, work: Coroutine[Any, Any, None], wake: Wake) -> None:
        self.work: Coroutine[Any, Any, None] | None = work
        """What is next."""
        self.wake = wake
        """Where it waits for that."""
        self.is_kept = False
        """Whether it does."""

    def take(self) -> Coroutine[Any, Any, None] | None:
        """Return what is next, if anything is."""
        work, self.work = self.work, None
        return work

    def keep(self) -> None:
        """Note that it waits."""
        self.is_kept = True
