"""Which stream a socket gets, by backend and by what was asked for."""

import asyncio
import socket

import anyio
import pytest
from anyio.abc import SocketStream

from tremolo_transport.asyncio_stream import AsyncioStream
from tremolo_transport.streams import Transport, open_stream

pytestmark = pytest.mark.anyio


async def stream_class(transport: Transport) -> type[object]:
    one, other = socket.socketpair(socket.AF_UNIX)
    with other:
        one.setblocking(False)
        async with await open_stream(one, transport) as stream:
            return type(stream)


async def test_the_native_stream_is_ours_on_asyncio_alone() -> None:
    found = await stream_class(Transport.NATIVE)
    on_asyncio = anyio.get_cancelled_exc_class() is asyncio.CancelledError
    assert issubclass(found, AsyncioStream if on_asyncio else SocketStream)


async def test_the_general_stream_is_everywhere_anyios() -> None:
    assert issubclass(await stream_class(Transport.ANYIO), SocketStream)
