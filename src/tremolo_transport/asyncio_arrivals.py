"""Knows which sockets of an event loop of asyncio's can be read, by one wait of the loop for all.

The loop has a handle and some steps for each socket in each turn, which is a tenth of
a request. Here it watches an epoll of our own instead, and all that the kernel reports
there is served by one call; what is sent meanwhile is written behind the last, unless
there is only one. trio's streams have the like in `trio_arrivals`.
"""

import asyncio
import select
import sys
import weakref
from collections.abc import Callable
from contextvars import Context
from typing import Protocol

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
    known = _of_loops.get(loop)
    watch = None if known is None else known()
    if watch is None:
        watch = _Arrivals(loop)
        _of_loops[loop] = weakref.ref(watch)
    return watch


class _Arrivals:
    """Those on the sockets of one event loop, which watches this as long as there are any.

    A server's listeners are among them, so it is not opened and closed again and again.
    Level-triggered, as a loop's own watch: what is not read is reported in its next turn again.
    The loop alone keeps it, so that one which is closed with sockets can be collected with them.
    """

    __slots__ = ("__weakref__", "_callbacks", "_epoll", "_loop", "_turn_end")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # Whoever uses this may be kept for longer than the loop.
        self._loop = weakref.ref(loop)
        self._epoll: select.epoll | None = None
        self._callbacks: dict[int, Callable[[], object]] = {}
        self._turn_end: TurnEnd = turn_end_of(loop)

    def add_reader(self, fd: int, callback: Callable[[], object], /) -> None:
        epoll = self._epoll or self._open()
        try:
            epoll.register(fd, select.EPOLLIN)
            self._callbacks[fd] = callback
        finally:
            self._close_if_idle()

    def remove_reader(self, fd: int, /) -> None:
        if self._callbacks.pop(fd, None) is not None and self._epoll is not None:
            self._epoll.unregister(fd)
            self._close_if_idle()

    def _open(self) -> select.epoll:
        loop = self._loop()
        assert loop is not None
        epoll = select.epoll()
        # It is not of the task that happens to be the first to open a socket.
        Context().run(loop.add_reader, epoll.fileno(), self._tell)
        self._epoll = epoll
        return epoll

    def _close_if_idle(self) -> None:
        epoll, loop = self._epoll, self._loop()
        if self._callbacks or epoll is None:
            return
        self._epoll = None
        if loop is not None and not loop.is_closed():
            loop.remove_reader(epoll.fileno())
        epoll.close()

    def _tell(self) -> None:
        callbacks, epoll = self._callbacks, self._epoll
        if epoll is None:
            # It was closed in this very turn.
            return
        readable = epoll.poll(0, _AT_ONCE)
        self._turn_end.begin(alone=len(readable) == 1)
        try:
            for fd, _ in readable:
                # One that was called before may have closed another.
                callback = callbacks.get(fd)
                if callback is not None:
                    callback()
        finally:
            self._turn_end.write()


_of_loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, weakref.ref[_Arrivals]] = (
    weakref.WeakKeyDictionary()
)
