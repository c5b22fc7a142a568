"""A server on a real socket, for every client in this directory."""

from collections.abc import AsyncIterator

import pytest

from tests.tremolo_transport.over_sockets import address
from tremolo_transport import Server, serve

from .handlers import Handlers


@pytest.fixture
async def handlers() -> Handlers:
    return Handlers()


@pytest.fixture
async def server(handlers: Handlers) -> AsyncIterator[Server]:
    async with serve(handlers) as server:
        yield server


@pytest.fixture
async def url(server: Server) -> str:
    """Where the server is, without a slash at the end."""
    host, port = address(server)
    return f"http://{host}:{port}"
