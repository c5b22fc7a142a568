"""Notices which tasks of asyncio are started while a handler runs.

Trio needs no such watch: there a task cannot outlive its nursery. What is made
of it is the business of `left_behind`.
"""

import asyncio
from asyncio import AbstractEventLoop
from collections.abc import Coroutine, Generator
from typing import Any

from .backends import on_asyncio
from .runs import CURRENT_RUN

__all__ = ("unwatch_tasks", "watch_tasks")


class _TaskFactory:
    """The running loop's task factory while anybody watches; before that it was `before`."""

    def __init__(self, before: Any) -> None:
        self.before = before
        self.watchers = 0

    def __call__(
        self,
        loop: AbstractEventLoop,
        coro: Coroutine[Any, Any, Any] | Generator[Any, None, Any],
        **kwargs: Any,
    ) -> asyncio.Future[Any]:
        if self.before is None:
            task: asyncio.Future[Any] = asyncio.Task(coro, loop=loop, **kwargs)
        else:
            task = self.before(loop, coro, **kwargs)
        run = CURRENT_RUN.get(None)
        if run is not None and isinstance(task, asyncio.Task):
            run.left_behind.note_task(task, run)
        return task


def watch_tasks() -> None:
    """Watch the running event loop, if it is asyncio's, until `unwatch_tasks` is called."""
    if on_asyncio():
        loop = asyncio.get_running_loop()
        factory = loop.get_task_factory()
        if not isinstance(factory, _TaskFactory):
            factory = _TaskFactory(factory)
            loop.set_task_factory(factory)
        factory.watchers += 1


def unwatch_tasks() -> None:
    """Take back one `watch_tasks`."""
    if on_asyncio():
        loop = asyncio.get_running_loop()
        factory = loop.get_task_factory()
        if isinstance(factory, _TaskFactory):
            factory.watchers -= 1
            if not factory.watchers:
                loop.set_task_factory(factory.before)
