"""Takes connections from a listening socket, and goes on whatever the kernel says.

What becomes of a connection is the business of `server`.
"""

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Callable
from typing import Any, TypeAlias

import anyio
from anyio.lowlevel import checkpoint

from .asyncio_arrivals import watch_of
from .ceilings import ConnectionCeiling

__all__ = ("Start", "accept_forever", "accept_queued")

logger = logging.getLogger("tremolo.server")

_LOST = frozenset(
    getattr(errno, name)
    for name in (
        "ECONNABORTED",
        "EHOSTDOWN",
        "EHOSTUNREACH",
        "ENETDOWN",
        "ENETUNREACH",
        "ENONET",
        "ENOPROTOOPT",
        "EOPNOTSUPP",
        "EPERM",
        "EPROTO",
    )
    # Not every system has them all.
    if hasattr(errno, name)
)
"""One connection has failed before it was accepted: accept(2) of Linux, under "Errors"."""

_BACK_OFF_SECONDS = 0.05
_LONGEST_BACK_OFF_SECONDS = 1.0

_BATCH = 16
"""Connections that are taken at once, before other tasks get their turn.

Most have spoken already and are answered meanwhile, so no more than the requests that a driver
answers at once.
"""

Start: TypeAlias = Callable[[socket.socket, Any], object]
"""Takes a new connection, and its other end's name as the kernel says it."""


async def accept_forever(
    listener: socket.socket,
    start: Start,
    ceiling: ConnectionCeiling | None = None,
) -> None:
    """Call `start` with each new connection, a non-blocking socket, until cancelled.

    It must take it from the room below the `ceiling`, if there is one; while
    there is no room, others wait in the kernel's queue. It may be called from
    no task, but by the event loop itself.

    No failure to accept ends it: it logs the first of a series, waits a little
    longer each time, and goes on.
    """
    back_off = 0.0
    ceiling = ceiling or ConnectionCeiling(None)
    on_asyncio = anyio.get_cancelled_exc_class() is asyncio.CancelledError
    # The event loop of Windows watches no descriptors; anyio has another that does.
    watched = on_asyncio and os.name != "nt"
    while True:
        await ceiling.wait()
        watch = _Watch(listener, start, ceiling) if watched else None
        try:
            if watch is not None:
                await watch.until_full()
            else:
                await anyio.wait_readable(listener)
                accept_queued(listener, start, most=min(_BATCH, ceiling.room))
        except OSError as error:
            if watch is not None and watch.worked:
                back_off = 0.0
            if not back_off:
                logger.error("cannot accept connections, will go on trying: %s", error)
            back_off = min(back_off * 2 or _BACK_OFF_SECONDS, _LONGEST_BACK_OFF_SECONDS)
            await anyio.sleep(back_off)
        else:
            back_off = 0.0
            await checkpoint()


class _Watch:
    """Has asyncio's event loop accept what comes, and wakes no task for it.

    To wait for each batch in a task takes two turns of the loop more, and four system calls.
    """

    def __init__(self, listener: socket.socket, start: Start, ceiling: ConnectionCeiling) -> None:
        self._listener = listener
        self._descriptor = listener.fileno()
        self._start = start
        self._ceiling = ceiling
        loop = asyncio.get_running_loop()
        self._watch = watch_of(loop)
        self._over: asyncio.Future[None] = loop.create_future()
        self.worked = False
        """Whether the kernel has given what it had at least once."""

    async def until_full(self) -> None:
        """Return when there is no more room. Raises what `accept_queued` raises."""
        self._watch.add_reader(self._descriptor, self._accept)
        try:
            await self._over
        finally:
            self._watch.remove_reader(self._descriptor)

    def _accept(self) -> None:
        try:
            accept_queued(self._listener, self._start, most=min(_BATCH, self._ceiling.room))
        except Exception as error:
            self._end(error)
        else:
            self.worked = True
            if self._ceiling.room <= 0:
                self._end(None)

    def _end(self, error: Exception | None) -> None:
        # The task that does it too runs later than this may be called again.
        self._watch.remove_reader(self._descriptor)
        if self._over.done():
            # It was cancelled.
            return
        if error is None:
            self._over.set_result(None)
        else:
            self._over.set_exception(error)


def accept_queued(listener: socket.socket, start: Start, *, most: int) -> None:
    """Call `start` with each connection that waits already, `most` of them at most.

    A connection that its peer has given up meanwhile is passed over. Raises
    OSError if the kernel gives none for another reason than that none waits:
    the process or the machine is out of something, or the socket does not listen.
    """
    for _ in range(most):
        try:
            sock, name = listener.accept()
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno not in _LOST:
                raise
            logger.debug("a connection was lost before it was accepted: %s", error)
            continue
        sock.setblocking(False)
        start(sock, name)
