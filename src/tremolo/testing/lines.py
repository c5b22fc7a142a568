"""The client's end of a connection: what `wire` needs of it, in memory or over a socket.

In memory that is a `MemoryLine`. anyio's own socket streams cannot reset a
connection as a peer does that vanishes, so there is one here that can.
"""

import socket
import struct
from typing import Protocol

import anyio
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream
from anyio.lowlevel import checkpoint

__all__ = ("Line", "SocketLine")


class Line(Protocol):
    """As `anyio.abc.ByteStream`, with a way to vanish."""

    async def send(self, item: bytes) -> None:
        """As `anyio.abc.ByteSendStream.send`."""

    async def receive(self, max_bytes: int = ...) -> bytes:
        """As `anyio.abc.ByteReceiveStream.receive`."""

    async def send_eof(self) -> None:
        """As `anyio.abc.ByteStream.send_eof`."""

    async def aclose(self) -> None:
        """As `anyio.abc.AsyncResource.aclose`."""

    def abort(self) -> None:
        """Vanish without a word: the server sees a reset."""


class SocketLine(Line):
    """A `Line` over a connected socket that does not block, on every event loop alike."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    async def send(self, item: bytes) -> None:
        await checkpoint()
        rest = memoryview(item)
        while rest:
            self._must_be_open()
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                await anyio.wait_writable(self._socket)
            except OSError as error:
                raise self._broken() from error

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        await checkpoint()
        while True:
            self._must_be_open()
            try:
                data = self._socket.recv(max_bytes)
            except BlockingIOError:
                await anyio.wait_readable(self._socket)
            except OSError as error:
                raise self._broken() from error
            else:
                if not data:
                    raise EndOfStream
                return data

    async def send_eof(self) -> None:
        self._must_be_open()
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise BrokenResourceError from error

    async def aclose(self) -> None:
        if self._socket.fileno() >= 0:
            anyio.notify_closing(self._socket)
            self._socket.close()
        await checkpoint()

    def abort(self) -> None:
        if self._socket.fileno() >= 0:
            # Not to linger at all is to reset: socket(7).
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            anyio.notify_closing(self._socket)
            self._socket.close()

    def _must_be_open(self) -> None:
        if self._socket.fileno() < 0:
            raise ClosedResourceError

    def _broken(self) -> BrokenResourceError | ClosedResourceError:
        return BrokenResourceError() if self._socket.fileno() >= 0 else ClosedResourceError()
