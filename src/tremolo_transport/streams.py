"""Which byte stream a connected socket gets.

What a stream promises is anyio's `ByteStream`; `asyncio_stream` is ours.
"""

import asyncio
import enum
import socket

import anyio
from anyio.abc import ByteStream, SocketStream

from .asyncio_stream import AsyncioStream

__all__ = ("Transport", "open_stream")


class Transport(enum.Enum):
    """The kinds of stream that sockets are served over."""

    NATIVE = "native"
    """The fastest that the event loop has: our own on asyncio and uvloop, anyio's on trio."""
    ANYIO = "anyio"
    """anyio's own, everywhere."""


async def open_stream(sock: socket.socket, transport: Transport) -> ByteStream:
    """Take over a connected, non-blocking socket.

    Raises OSError or ValueError if the peer has gone already; the socket is
    still the caller's to close then.
    """
    on_asyncio = anyio.get_cancelled_exc_class() is asyncio.CancelledError
    if on_asyncio and transport is Transport.NATIVE:
        return await AsyncioStream.from_socket(sock)
    return await SocketStream.from_socket(sock)
