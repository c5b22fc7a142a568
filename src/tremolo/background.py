"""Tasks that handlers leave behind, and those of them that last as long as the worker.

Tasks that end with a connection run there: see `connection_server`.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterable
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup

__all__ = ("BackgroundTask", "WorkerTasks", "room_for_tasks")

_logger = logging.getLogger("tremolo.tasks")


class BackgroundTask:
    """A task that somebody started and that runs beside him, on asyncio and on trio alike."""

    __slots__ = ("_awaitable", "_begun", "_ended", "_scope")

    def __init__(self, awaitable: Awaitable[object]) -> None:
        self._awaitable = awaitable
        self._scope = anyio.CancelScope()
        self._begun = False
        self._ended = anyio.Event()

    def cancel(self) -> None:
        """Cancel it, if it has not ended."""
        self._scope.cancel()

    def done(self) -> bool:
        """Whether it has ended, in whichever way."""
        return self._ended.is_set()

    async def wait(self) -> None:
        """Wait until it has ended, in whichever way."""
        await self._ended.wait()

    async def run(self) -> None:
        """Be the task, unless it was given up. Raises what its coroutine raises."""
        if self._begun:
            # What it is to follow has ended before its first step.
            return
        self._begun = True
        try:
            with self._scope:
                await self._awaitable
        finally:
            self._ended.set()

    def give_up(self) -> None:
        """Take it that `run` will not be called any more."""
        if not self._begun:
            self._begun = True
            if isinstance(self._awaitable, Coroutine):
                self._awaitable.close()
            self._ended.set()


class WorkerTasks:
    """The tasks of an application in this process. Picklable while it is not served."""

    def __init__(self) -> None:
        self._groups: list[TaskGroup] = []
        self.running: set[BackgroundTask] = set()
        """Those that have not ended; to be read."""

    def start(self, awaitable: Awaitable[object]) -> BackgroundTask:
        """Run a coroutine in a task; what it raises is logged and ends nothing else.

        Raises RuntimeError while the application is not served.
        """
        task = BackgroundTask(awaitable)
        if not self._groups:
            task.give_up()
            raise RuntimeError("a task is started while the application is served, and it is not")
        self.running.add(task)
        self._groups[-1].start_soon(self._run, task)
        return task

    async def _run(self, task: BackgroundTask) -> None:
        try:
            await task.run()
        except (Exception, SystemExit):
            _logger.exception("a task of the application failed")
        finally:
            self.running.discard(task)


@asynccontextmanager
async def room_for_tasks(
    owners: Iterable[WorkerTasks], seconds: float | None
) -> AsyncIterator[None]:
    """Let `owners` start tasks while this is entered; then wait for these, at most so long.

    They are cancelled at once if what runs inside fails. Raises what that raises.
    """
    failure: Exception | None = None
    owners = tuple(owners)
    async with anyio.create_task_group() as group:
        for owner in owners:
            owner._groups.append(group)
        try:
            yield
        except Exception as error:
            # Kept for later, as the group would wrap it.
            failure = error
            group.cancel_scope.cancel()
        finally:
            if seconds is not None:
                group.cancel_scope.deadline = anyio.current_time() + seconds
    for owner in owners:
        owner._groups.remove(group)
        if not owner._groups:
            # Some may have been cancelled before their first step.
            owner.running.clear()
    if failure is not None:
        raise failure
