"""Raw clients of a whole server, on real sockets.

For tests of that server, its listeners and its end. The testing kit has a server
behind its client, which tests of handlers need not see.
"""

import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio
from anyio.lowlevel import checkpoint

from tremolo_transport import Server

from .conversations import Client

__all__ = (
    "LAST",
    "PATIENCE",
    "address",
    "ask",
    "connected",
    "open_sockets",
    "until_sockets",
)

LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
"""A request after which the server closes."""

PATIENCE = 60.0
"""Seconds after which a test that hangs fails; no test that works comes near."""


def address(server: Server) -> tuple[str, int]:
    """Where `server` listens first."""
    host, port = server.addresses[0]
    assert port is not None
    return host, port


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[Client]:
    """A client with a connection to `server`."""
    async with await anyio.connect_tcp(*address(server)) as stream:
        yield Client(stream)


async def ask(server: Server, requests: bytes = LAST) -> bytes:
    """Everything that `server` answers to `requests`, the last of which closes."""
    with anyio.fail_after(PATIENCE):
        async with connected(server) as client:
            await client.send(requests)
            return await client.rest()


def open_sockets() -> int:
    """How many sockets this process has open; uvloop opens other files when it likes."""
    found = 0
    for name in os.listdir("/dev/fd"):
        with suppress(OSError):
            # One is the directory that was listed, and is closed now.
            found += stat.S_ISSOCK(os.fstat(int(name)).st_mode)
    return found


async def until_sockets(expected: int) -> None:
    """Wait until so many are open: an event loop closes a socket some turns after its owner."""
    with anyio.fail_after(PATIENCE):
        while open_sockets() != expected:
            await checkpoint()
