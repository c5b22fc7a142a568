"""Has something done again and again, with no task for it where a timer will do.

What a server does so is the business of `tremolo_transport.sweeper`, which has a task. On
asyncio a timer costs a test that is soon over a tenth of that, and half as much
for each time that a clock jumps.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio
from anyio.abc import TaskGroup

from .backends import on_asyncio

__all__ = ("repeated",)


@contextmanager
def repeated(func: Callable[[float], None], *, seconds: float, group: TaskGroup) -> Iterator[None]:
    """Have `func` called with the time, soon and after each `seconds`, while this is entered.

    What it raises is raised by `group`.
    """
    if on_asyncio():
        timer = _Timer(func, seconds, group)
        try:
            yield
        finally:
            timer.cancel()
    else:
        group.start_soon(_repeat, func, seconds)
        yield


class _Timer:
    """Of asyncio, or uvloop."""

    def __init__(self, func: Callable[[float], None], seconds: float, group: TaskGroup) -> None:
        self._func = func
        self._seconds = seconds
        self._group = group
        self._loop = asyncio.get_running_loop()
        self._handle = self._loop.call_soon(self._call)

    def _call(self) -> None:
        try:
            self._func(self._loop.time())
        except Exception as error:
            # In a timer it would only be logged.
            self._group.start_soon(_fail, error)
        else:
            self._handle = self._loop.call_later(self._seconds, self._call)

    def cancel(self) -> None:
        self._handle.cancel()


async def _repeat(func: Callable[[float], None], seconds: float) -> None:
    while True:
        func(anyio.current_time())
        await anyio.sleep(seconds)


async def _fail(error: Exception) -> None:
    raise error
