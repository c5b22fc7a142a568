"""How much of what was written the kernel takes before it has sent it.

A send buffer has megabytes, of which a fast peer's acknowledgements only need a part.
What lies there unsent besides is memory for each slow reader, and written long before
its time: a large download takes a sixth longer. Where the system has no such limit
(TCP_NOTSENT_LOWAT), the send buffer is it.
"""

import socket
import sys
from contextlib import suppress

from anyio.abc import ByteStream, SocketAttribute

__all__ = ("keep_short", "let_grow")

_OPTION = getattr(socket, "TCP_NOTSENT_LOWAT", None)

_MOST_UNSENT = 262_144
"""Bytes: as many as a stream of ours writes at once."""

_ANY = 0xFFFFFFFF
"""The kernel's own default."""


def keep_short(listener: socket.socket) -> None:
    """Have each connection of a listening TCP socket hold at most 256 KiB unsent."""
    _set(listener, _MOST_UNSENT)


def let_grow(stream: ByteStream) -> None:
    """Have the send buffer be the only limit again.

    For a WebSocket, whose messages are written whole: one of 1 MiB by one call.
    """
    sock = stream.extra(SocketAttribute.raw_socket, None)
    if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
        _set(sock, _ANY)


def _set(sock: socket.socket, most: int) -> None:
    if _OPTION is not None:
        # It is closed already, or the system does not take it here: then all goes on without.
        with suppress(OSError):
            # A number without a sign, which Python's own conversion refuses to be.
            sock.setsockopt(socket.IPPROTO_TCP, _OPTION, most.to_bytes(4, sys.byteorder))
