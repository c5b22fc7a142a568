"""Knows which sockets of an event loop of asyncio's can be read, by one wait of the loop for all.

The loop has a handle and some steps for each socket in each turn, which is a tenth of
a request. Here it watches an epoll of our own instead, and all that the kernel reports
there is served by one call; what is sent meanwhile is written behind the last, unless
there is only one. trio's streams have the like in `trio_arrivals`.
"""

import asyncio
import select
import sys
from collections.abc import Callable
from contextvars import Context
from typing import Protocol
from weakref import WeakKeyDictionary

from .turn_end import TurnEnd, turn_end_of

__all__ = ("Watch", "watch_of", "watches_sockets")

_AT_ONCE = 64
"""Sockets that are served before other callbacks of the loop, and before what they sent is out."""


class Watch(Protocol):
    """Whoever calls back when something can be read; an event loop is one."""

    def add_reader(self, fd: int, callback: Callable[[], object], /) -> object:
        """Call `callback` in each turn of the loop in which `fd` can be read, until it is removed.

        Raises OSError if the kernel cannot watch any more.
        """

    def remove_reader(self, fd: int, /) -> object:
        """Call no more; to be called before `fd` is closed."""


def watches_sockets(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether `loop` can call back when a descriptor is readable, as all but Windows' own."""
    return sys.platform != "win32" or isinstance(loop, asyncio.SelectorEventLoop)


def watch_of(loop: asyncio.AbstractEventLoop) -> Watch:
    """The one of `loop`: where there is no epoll, the loop itself."""
    if sys.platform != "linux":
        return loop
    watch = _of_loops.get(loop)
    if watch is None:
        watch = _of_loops[loop] = _Arrivals(loop)
    return watch


class _Arrivals:
    """Those on the sockets of one event loop, which watches this from now on until it is closed.

    Level-triggered, as a loop's own watch: what is not read is reported in its next turn again.
    """

    __slots__ = ("_callbacks", "_epoll", "_turn_end")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._epoll = select.epoll()
        self._callbacks: dict[int, Callable[[], object]] = {}
        self._turn_end: TurnEnd = turn_end_of(loop)
        # It is not of the task that happens to be the first to open a socket.
        Context().run(loop.add_reader, self._epoll.fileno(), self._tell)

    def add_reader(self, fd: int, callback: Callable[[], object], /) -> None:
        self._epoll.register(fd, select.EPOLLIN)
        self._callbacks[fd] = callback

    def remove_reader(self, fd: int, /) -> None:
        if self._callbacks.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def _tell(self) -> None:
        callbacks = self._callbacks
        readable = self._epoll.poll(0, _AT_ONCE)
        self._turn_end.begin(alone=len(readable) == 1)
        try:
            for fd, _ in readable:
                # One that was called before may have closed another.
                callback = callbacks.get(fd)
                if callback is not None:
                    callback()
        finally:
            self._turn_end.write()


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _Arrivals] = WeakKeyDictionary()
