"""Applications on real sockets, for what needs the life of a server and of connections."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from anyio.abc import SocketStream

from tremolo import Application, serve


class Line:
    """A client's connection."""

    def __init__(self, stream: SocketStream) -> None:
        self.stream = stream
        self._received = b""

    async def ask(self, target: str = "/", *, method: str = "GET", close: bool = False) -> bytes:
        """Send a request, and return the body of its answer."""
        last = "Connection: close\r\n" if close else ""
        await self.stream.send(f"{method} {target} HTTP/1.1\r\nHost: a\r\n{last}\r\n".encode())
        head = await self._until(b"\r\n\r\n")
        (length,) = [
            int(line.partition(b":")[2])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        ] or [0]
        while len(self._received) < length:
            self._received += await self.stream.receive()
        body, self._received = self._received[:length], self._received[length:]
        return body

    async def ended(self) -> None:
        """Wait for the server to close the connection."""
        try:
            while True:
                await self.stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return

    async def _until(self, mark: bytes) -> bytes:
        while mark not in self._received:
            self._received += await self.stream.receive()
        found, _, self._received = self._received.partition(mark)
        return found


class Place:
    """A running server."""

    def __init__(self, port: int) -> None:
        self._port = port

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Line]:
        async with await anyio.connect_tcp("127.0.0.1", self._port) as stream:
            yield Line(stream)


@asynccontextmanager
async def serving(app: Application, **options: Any) -> AsyncIterator[Place]:
    with anyio.fail_after(20):
        async with serve(app, **options) as server:
            (_, port), *_ = server.addresses
            assert port is not None
            yield Place(port)
