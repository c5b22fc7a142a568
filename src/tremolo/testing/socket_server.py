"""Serves over a real socket, on 127.0.0.1, as `tremolo_transport.serve` does.

`memory_server` does the same in memory; `harness` takes one of them.
"""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup

from tremolo_transport import Server, ServerSettings, serve
from tremolo_transport.exchange import Address

from .lines import SocketLine
from .observer import Observer

__all__ = ("SocketServer", "socket_server")


class SocketServer:
    """A server on a port that the kernel chose."""

    def __init__(self, server: Server, group: TaskGroup) -> None:
        self._server = server
        self.group = group
        """Where tasks run that end with the server."""

    async def connect(self, *, scheme: str, capacity: int | None) -> tuple[SocketLine, Address]:
        """Open a connection; return the client's end, and its address."""
        if scheme != "http":
            raise ValueError(f"the server under test speaks http over its socket, not {scheme}")
        sock = socket.socket()
        try:
            if capacity is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, capacity)
            sock.setblocking(False)
            # Answers of many small writes would wait for one another.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await _connect(sock, self._server.addresses[0])
            host, port = sock.getsockname()
        except BaseException:
            sock.close()
            raise
        return SocketLine(sock), (host, port)

    def note_departure(self, client: Address) -> None:
        """Nothing: that a client has left is what the kernel tells the server."""

    def begin_stop(self) -> None:
        """Tell handlers that the server stops, and end what is idle."""
        self._server.begin_stop(grace=None)


async def _connect(sock: socket.socket, address: Address) -> None:
    try:
        sock.connect(address)
    except BlockingIOError:
        await anyio.wait_writable(sock)
        # Says how the attempt went.
        error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, "cannot connect to the server under test") from None


@asynccontextmanager
async def socket_server(handler: Observer, settings: ServerSettings) -> AsyncIterator[SocketServer]:
    """Serve while the context is entered; what still runs when it is left is cancelled.

    Raises what the handler's start-up and shutdown raise.
    """
    async with serve(handler, settings=settings) as server:
        async with anyio.create_task_group() as group:
            yield SocketServer(server, group)
            group.cancel_scope.cancel()
        await server.stop(grace=0)
