"""TLS from the server's side: with anyio's own as the client, over memory and over sockets."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio import (
    BrokenResourceError,
    ClosedResourceError,
    EndOfStream,
)
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSAttribute
from anyio.streams.tls import TLSStream as AnyioTLSStream

from tremolo_transport.memory import memory_stream_pair
from tremolo_transport.streams import Transport, open_stream
from tremolo_transport.tls_stream import TLSStream

from .certificates import HOST, client_context, server_context
from .conversations import settle, tcp_sockets
from .over_sockets import PATIENCE
from .stream_conformance import (
    CHECKS,
    Check,
    a_half_closed_stream_still_receives,
    sending_and_receiving_let_others_run,
    what_is_cancelled_before_it_begins_does_nothing,
)

pytestmark = pytest.mark.anyio

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@asynccontextmanager
async def joined(
    one: ByteStream, other: ByteStream, *, version: ssl.TLSVersion | None = None
) -> AsyncIterator[tuple[TLSStream, TLSStream]]:
    """A server's end and a client's, after the handshake."""
    server = TLSStream(one, server_context())
    client = TLSStream(other, client_context(version=version), server_hostname=HOST)
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            group.start_soon(client.shake_hands)
            await server.shake_hands()
    try:
        yield server, client
    finally:
        for stream in (server, client):
            with anyio.CancelScope(shield=True):
                await stream.aclose()


DEVIATIONS = {
    a_half_closed_stream_still_receives,
    sending_and_receiving_let_others_run,
    what_is_cancelled_before_it_begins_does_nothing,
}


async def sockets() -> tuple[ByteStream, ByteStream]:
    """Two native streams over TCP."""
    client, server = tcp_sockets()
    return await open_stream(server, Transport.NATIVE), await open_stream(client, Transport.NATIVE)


async def memory() -> tuple[ByteStream, ByteStream]:
    return memory_stream_pair()


@pytest.mark.parametrize("below", [sockets, memory], ids=lambda below: below.__name__)
@pytest.mark.parametrize(
    "check",
    [check for check in CHECKS if check not in DEVIATIONS],
    ids=lambda check: check.__name__,
)
async def test_the_contract_of_a_byte_stream(
    check: Check, below: Callable[[], Awaitable[tuple[ByteStream, ByteStream]]]
) -> None:
    with anyio.fail_after(PATIENCE):
        async with joined(*await below()) as (server, client):
            await check(server, client)
        async with joined(*await below()) as (server, client):
            await check(client, server)


# What is TLS's own.


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_goodbye_is_said_and_heard(version: ssl.TLSVersion) -> None:
    one, other = memory_stream_pair()
    async with joined(one, other, version=version) as (server, client):
        assert server.extra(TLSAttribute.tls_version) == version.name.replace("_", ".")
        await server.send(b"all")
        await server.send_eof()
        await server.aclose()
        assert await client.receive() == b"all"
        with pytest.raises(EndOfStream):
            await client.receive()
        assert client.extra(TLSAttribute.ssl_object).pending() == 0


@pytest.mark.parametrize("goodbye", [False, True])
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_peer_can_tell_an_answer_that_was_cut_off(
    version: ssl.TLSVersion, goodbye: bool
) -> None:
    one, other = memory_stream_pair()
    server = TLSStream(one, server_context())
    received = b""

    async def ask() -> None:
        nonlocal received
        context = client_context(version=version)
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        client = await AnyioTLSStream.wrap(other, hostname=HOST, ssl_context=context)
        received = await client.receive()
        with pytest.raises(EndOfStream if goodbye else BrokenResourceError):
            await client.receive()

    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            await server.shake_hands()
            await server.send(b"half")
            if goodbye:
                await server.send_eof()
            await server.aclose()
    assert received == b"half"


@pytest.mark.parametrize("version", VERSIONS)
async def test_after_our_goodbye_the_peers_end_is_waited_for(version: ssl.TLSVersion) -> None:
    one, other = memory_stream_pair()
    async with joined(one, other, version=version) as (server, client):
        # Also if it says more first, which nobody decrypts.
        await client.send(b"more")
        await server.send_eof()
        await client.send(b"and more")
        ended = []

        async def wait() -> None:
            with pytest.raises(EndOfStream):
                await server.receive()
            ended.append(True)

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await settle()
            assert not ended
            await client.aclose()
        assert ended
        with pytest.raises(ClosedResourceError):
            await server.send(b"x")


async def test_an_end_without_a_goodbye_is_an_end() -> None:
    one, other = memory_stream_pair()
    async with joined(one, other) as (server, client):
        await client.send(b"last")
        await client.aclose()
        assert await server.receive() == b"last"
        for _ in range(2):
            with pytest.raises(EndOfStream):
                await server.receive()


async def test_what_is_no_tls_breaks_it() -> None:
    one, other = memory_stream_pair()
    async with joined(one, other) as (server, _):
        await other.send(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(BrokenResourceError):
            await server.receive()
        with pytest.raises(BrokenResourceError):
            await server.send(b"x")


class Gate(ByteStream):
    """A stream whose writer waits until the test lets it go on."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self.open = anyio.Event()
        self.open.set()

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        return await self._stream.receive(max_bytes)

    async def send(self, item: bytes) -> None:
        await self.open.wait()
        await self._stream.send(item)

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    async def aclose(self) -> None:
        await self._stream.aclose()


async def test_a_reader_leaves_what_it_owes_to_a_writer_that_waits() -> None:
    # As when the peer asks for new keys in the middle of a download.
    one, other = memory_stream_pair()
    gate = Gate(one)
    async with joined(gate, other) as (server, client):
        gate.open = anyio.Event()
        received: list[bytes] = []

        async def receive() -> None:
            received.append(await server.receive())

        async with anyio.create_task_group() as group:
            group.start_soon(server.send, b"answer")
            await settle()
            group.start_soon(receive)
            group.start_soon(server.flush)
            await client.send(b"ask")
            await settle()
            assert received == [b"ask"]
            gate.open.set()
        assert await client.receive() == b"answer"


async def test_a_send_that_was_cancelled_breaks_it_as_records_have_numbers() -> None:
    one, other = memory_stream_pair()
    gate = Gate(one)
    async with joined(gate, other) as (server, _):
        gate.open = anyio.Event()
        with anyio.move_on_after(0):
            await server.send(b"lost")
        gate.open.set()
        with pytest.raises(BrokenResourceError):
            await server.send(b"x")


async def test_a_big_piece_is_sent_in_whole_batches() -> None:
    sizes: list[int] = []

    class Counting(Gate):
        async def send(self, item: bytes) -> None:
            sizes.append(len(item))
            await super().send(item)

    one, other = memory_stream_pair(10_000_000)
    async with joined(Counting(one), other) as (server, client):
        sizes.clear()
        await server.send(bytes(600_000))
        assert len(sizes) == 3
        assert all(262_144 < size < 270_000 for size in sizes[:2])
        left = 600_000
        while left:
            left -= len(await client.receive())
        sizes.clear()
        await server.send(b"")
        assert sizes == []


async def test_its_attributes_are_those_of_tls_and_of_the_stream_below() -> None:
    server, client = await sockets()
    async with joined(server, client) as (one, other):
        assert one.extra(SocketAttribute.remote_address) == client.extra(
            SocketAttribute.local_address
        )
        assert one.extra(TLSAttribute.server_side) is True
        assert other.extra(TLSAttribute.server_side) is False
        assert one.extra(TLSAttribute.alpn_protocol) is None
        assert one.extra(TLSAttribute.cipher) == other.extra(TLSAttribute.cipher)
        assert one.extra(TLSAttribute.peer_certificate) is None
        assert other.extra(TLSAttribute.peer_certificate_binary)
