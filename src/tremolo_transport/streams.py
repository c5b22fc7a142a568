"""Which byte stream a connected socket gets.

What a stream promises is anyio's `ByteStream`; those of ours are a `NativeStream`.
"""

import asyncio
import socket
import sys
from contextlib import suppress

from anyio import BrokenResourceError, ClosedResourceError
from anyio.abc import ByteStream, SocketStream
from anyio.streams.tls import TLSAttribute

from .asyncio_arrivals import watches_sockets
from .asyncio_stream import AsyncioStream
from .settings import Transport
from .tls_stream import TLSStream

__all__ = ("Transport", "end_tls", "is_tls", "open_at_once", "open_stream")


async def open_stream(sock: socket.socket, transport: Transport) -> ByteStream:
    """Take over a connected, non-blocking socket.

    Raises OSError or ValueError if the peer has gone already; the socket is
    still the caller's to close then.
    """
    return open_at_once(sock, transport) or await SocketStream.from_socket(sock)


def open_at_once(sock: socket.socket, transport: Transport) -> ByteStream | None:
    """As `open_stream`, also from a callback of asyncio's; None if it is not a stream of ours."""
    if transport is not Transport.NATIVE:
        return None
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _on_trio(sock) if sys.platform == "linux" else None
    return AsyncioStream(sock, loop) if watches_sockets(loop) else None


def _on_trio(sock: socket.socket) -> ByteStream:
    # Not before it is known that there is trio, an extra.
    from .trio_stream import TrioStream

    return TrioStream(sock)


def is_tls(stream: ByteStream) -> bool:
    """Whether what is sent over `stream` is encrypted, by our stream or by anyio's."""
    return stream.extra(TLSAttribute.ssl_object, None) is not None


async def end_tls(stream: ByteStream) -> None:
    """If `stream` is encrypted, tell its peer that all that was sent was all there is.

    Where it is not, the end of the connection says so.
    """
    if isinstance(stream, TLSStream):
        with suppress(BrokenResourceError, ClosedResourceError, OSError):
            await stream.send_eof()
