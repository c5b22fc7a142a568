"""Notices which tasks of asyncio are started while a handler runs.

Trio needs no such watch: there a task cannot outlive its nursery. What is made
of it is the business of `left_behind`.
"""

import asyncio
from asyncio import AbstractEventLoop
from collections.abc import Coroutine, Generator
from typing import Any
from weakref import WeakKeyDictionary

from .backends import on_asyncio
from .runs import CURRENT_RUN

__all__ = ("unwatch_tasks", "watch_tasks")


# Python 3.11 has neither.
_EAGER: Any = getattr(asyncio, "eager_task_factory", None)
_make_eager: Any = getattr(asyncio, "create_eager_task_factory", None)


class _Watch:
    """The watch of one event loop: its task factory meanwhile, in place of the one `before`."""

    def __init__(self, before: Any) -> None:
        self.before = before
        self.watchers = 0
        self.factory: Any = self._make
        self._construct: Any = None
        if _EAGER is not None and getattr(before, "__code__", None) is _EAGER.__code__:
            # anyio's task groups look for such a factory, and do without it: their tasks do not
            # bear to begin before they are known.
            self._construct = before.__closure__[0].cell_contents
            self.factory = _make_eager(self._construct_and_note)

    def _make(
        self,
        loop: AbstractEventLoop,
        coro: Coroutine[Any, Any, Any] | Generator[Any, None, Any],
        **kwargs: Any,
    ) -> asyncio.Future[Any]:
        if self.before is None:
            return _noted(asyncio.Task(coro, loop=loop, **kwargs))
        return _noted(self.before(loop, coro, **kwargs))

    def _construct_and_note(self, *args: Any, **kwargs: Any) -> Any:
        return _noted(self._construct(*args, **kwargs))


def _noted(task: asyncio.Future[Any]) -> asyncio.Future[Any]:
    run = CURRENT_RUN.get(None)
    if run is not None and isinstance(task, asyncio.Task):
        run.left_behind.note_task(task, run)
    return task


_watches: WeakKeyDictionary[AbstractEventLoop, _Watch] = WeakKeyDictionary()


def watch_tasks() -> None:
    """Watch the running event loop, if it is asyncio's, until `unwatch_tasks` is called."""
    if on_asyncio():
        loop = asyncio.get_running_loop()
        watch = _watches.get(loop)
        before = loop.get_task_factory()
        if watch is None or before != watch.factory:
            watch = _watches[loop] = _Watch(before)
            loop.set_task_factory(watch.factory)
        watch.watchers += 1


def unwatch_tasks() -> None:
    """Take back one `watch_tasks`."""
    if on_asyncio():
        loop = asyncio.get_running_loop()
        watch = _watches.get(loop)
        if watch is not None and loop.get_task_factory() == watch.factory:
            watch.watchers -= 1
            if not watch.watchers:
                loop.set_task_factory(watch.before)
                del _watches[loop]
