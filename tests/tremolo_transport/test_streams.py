"""Which stream a socket gets, by backend and by what was asked for."""

import asyncio
import socket

import anyio
import pytest
from anyio import EndOfStream, aclose_forcefully
from anyio.abc import SocketStream
from anyio.streams.tls import TLSStream as AnyioTLSStream

from tremolo_transport.asyncio_arrivals import watches_sockets
from tremolo_transport.asyncio_stream import AsyncioStream
from tremolo_transport.memory import memory_stream_pair
from tremolo_transport.native_stream import NativeStream
from tremolo_transport.streams import Transport, end_tls, is_tls, open_at_once, open_stream
from tremolo_transport.tls_stream import TLSStream
from tremolo_transport.trio_stream import TrioStream

from .certificates import HOST, client_context, server_context
from .conversations import PATIENCE
from .stream_conformance import CHECKS, Check
from .test_native_stream import DEVIATION

pytestmark = pytest.mark.anyio


async def stream_class(transport: Transport) -> type[object]:
    one, other = socket.socketpair(socket.AF_UNIX)
    with other:
        one.setblocking(False)
        async with await open_stream(one, transport) as stream:
            return type(stream)


async def test_the_native_stream_is_the_event_loops_own() -> None:
    found = await stream_class(Transport.NATIVE)
    on_asyncio = anyio.get_cancelled_exc_class() is asyncio.CancelledError
    assert found is (AsyncioStream if on_asyncio else TrioStream)


async def test_on_trio_there_is_anyios_where_there_is_no_epoll(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    found = await stream_class(Transport.NATIVE)
    on_asyncio = anyio.get_cancelled_exc_class() is asyncio.CancelledError
    assert issubclass(found, AsyncioStream if on_asyncio else SocketStream)


async def test_the_general_stream_is_everywhere_anyios() -> None:
    assert issubclass(await stream_class(Transport.ANYIO), SocketStream)


@pytest.mark.parametrize("transport", Transport)
async def test_a_stream_of_ours_is_open_at_once_but_for_uvloops(transport: Transport) -> None:
    on_asyncio = anyio.get_cancelled_exc_class() is asyncio.CancelledError
    watched = not on_asyncio or watches_sockets(asyncio.get_running_loop())
    one, other = socket.socketpair(socket.AF_UNIX)
    one.setblocking(False)
    with one, other:
        found = open_at_once(one, transport)
        if not watched or transport is not Transport.NATIVE:
            assert found is None
            return
        assert isinstance(found, NativeStream)
        async with found:
            other.sendall(b"hello")
            assert await found.receive() == b"hello"


async def test_what_is_encrypted_is_known_by_our_stream_and_by_anyios() -> None:
    plain, other = memory_stream_pair()
    assert not is_tls(plain)
    server = TLSStream(plain, server_context())
    assert is_tls(server)
    clients: list[AnyioTLSStream] = []

    async def connect() -> None:
        clients.append(
            await AnyioTLSStream.wrap(
                other, hostname=HOST, ssl_context=client_context(), standard_compatible=False
            )
        )

    async with anyio.create_task_group() as group:
        group.start_soon(connect)
        await server.shake_hands()
    assert is_tls(clients[0])
    await end_tls(server)
    with pytest.raises(EndOfStream):
        await clients[0].receive()
    # Of a plain stream the end itself says so.
    await end_tls(plain)


async def test_saying_so_to_who_has_gone_is_no_error() -> None:
    plain, other = memory_stream_pair()
    server = TLSStream(plain, server_context())
    other.abort()
    await end_tls(server)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("transport", list(Transport), ids=lambda one: one.value)
async def test_the_contract_of_a_byte_stream_over_a_unix_socket(
    transport: Transport, check: Check
) -> None:
    if transport is Transport.NATIVE and check in DEVIATION:
        pytest.skip("what the native stream does otherwise, over any socket")
    sockets = socket.socketpair(socket.AF_UNIX)
    for sock in sockets:
        sock.setblocking(False)
    with anyio.fail_after(PATIENCE):
        one, other = [await open_stream(sock, transport) for sock in sockets]
        try:
            await check(one, other)
        finally:
            for stream in (one, other):
                await aclose_forcefully(stream)
