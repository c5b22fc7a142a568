"""Takes connections from a listening socket, and goes on whatever the kernel says.

What becomes of a connection is the business of `server`.
"""

import errno
import logging
import socket
from collections.abc import Callable

import anyio
from anyio.lowlevel import checkpoint

from .ceilings import ConnectionCeiling

__all__ = ("accept_forever", "accept_queued")

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

_BATCH = 64
"""Connections that are taken at once, before other tasks get their turn."""


async def accept_forever(
    listener: socket.socket,
    start: Callable[[socket.socket], object],
    ceiling: ConnectionCeiling | None = None,
) -> None:
    """Call `start` with each new connection, a non-blocking socket, until cancelled.

    It must take it from the room below the `ceiling`, if there is one; while
    there is no room, others wait in the kernel's queue.

    No failure to accept ends it: it logs the first of a series, waits a little
    longer each time, and goes on.
    """
    back_off = 0.0
    ceiling = ceiling or ConnectionCeiling(None)
    while True:
        await ceiling.wait()
        await anyio.wait_readable(listener)
        try:
            accept_queued(listener, start, most=min(_BATCH, ceiling.room))
        except OSError as error:
            if not back_off:
                logger.error("cannot accept connections, will go on trying: %s", error)
            back_off = min(back_off * 2 or _BACK_OFF_SECONDS, _LONGEST_BACK_OFF_SECONDS)
            await anyio.sleep(back_off)
        else:
            back_off = 0.0
            await checkpoint()


def accept_queued(
    listener: socket.socket, start: Callable[[socket.socket], object], *, most: int
) -> None:
    """Call `start` with each connection that waits already, `most` of them at most.

    A connection that its peer has given up meanwhile is passed over. Raises
    OSError if the kernel gives none for another reason than that none waits:
    the process or the machine is out of something, or the socket does not listen.
    """
    for _ in range(most):
        try:
            sock, _ = listener.accept()
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno not in _LOST:
                raise
            logger.debug("a connection was lost before it was accepted: %s", error)
            continue
        sock.setblocking(False)
        start(sock)
