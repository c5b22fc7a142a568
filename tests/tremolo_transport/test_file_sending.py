"""Files that the kernel sends: the right bytes in the right place, whatever happens meanwhile."""

import functools
import io
import os
import resource
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import BrokenResourceError, CancelScope
from anyio.abc import ByteStream, SocketAttribute

from tests.turns import Turns
from tremolo_core import Data, EndOfMessage, Headers, LocalProtocolError, Response
from tremolo_transport.exchange import ClientDisconnected, Exchange, ExchangeOver
from tremolo_transport.file_section import FileSection
from tremolo_transport.file_sending import (
    Allowance,
    duplicate_socket,
    send_section,
    until_written,
)
from tremolo_transport.streams import Transport, open_stream

from .conversations import (
    GET,
    Pair,
    conversation,
    memory_pair,
    over_sockets,
    raw_socket,
    reset,
    settle,
    tcp_pair,
)
from .over_sockets import open_sockets, until_sockets

pytestmark = pytest.mark.anyio

SMALL = b"0123456789"
LARGE = bytes(range(256)) * 16_384
"""4 MiB, more than a socket holds."""

END = EndOfMessage()


def of_length(size: int) -> Response:
    return Response(status=200, headers=Headers(((b"content-length", b"%d" % size),)))


@contextmanager
def file_of(tmp_path: Path, content: bytes) -> Iterator[io.FileIO]:
    """An open file; it is read by the kernel alone as long as its position is 0."""
    path = tmp_path / "file"
    path.write_bytes(content)
    with path.open("rb", buffering=0) as file:
        yield file


# Over what.


class Wrapping(ByteStream):
    """A stream that changes what it is given, as TLS does, and names the socket beneath."""

    def __init__(self, beneath: ByteStream) -> None:
        self.beneath = beneath

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self.beneath.extra_attributes

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        return (await self.beneath.receive(max_bytes)).swapcase()

    async def send(self, item: bytes) -> None:
        await self.beneath.send(item.swapcase())

    async def send_eof(self) -> None:
        await self.beneath.send_eof()

    async def aclose(self) -> None:
        await self.beneath.aclose()


@over_sockets
async def test_a_socket_has_another_descriptor_for_a_while(transport: Transport) -> None:
    async with tcp_pair(transport)() as (_, server):
        before = open_sockets()
        with duplicate_socket(server) as duplicate:
            assert duplicate is not None
            assert duplicate != server.extra(SocketAttribute.raw_socket).fileno()
            assert open_sockets() == before + 1
        assert open_sockets() == before
        with duplicate_socket(Wrapping(server)) as duplicate:
            assert duplicate is None
    with duplicate_socket(server) as duplicate:
        assert duplicate is None, "it is closed"
    async with memory_pair()() as (_, server):
        with duplicate_socket(server) as duplicate:
            assert duplicate is None


@over_sockets
async def test_no_descriptor_is_left(transport: Transport) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with tcp_pair(transport)() as (_, server):
        try:
            # The highest is beyond the limit, so the next would be too.
            resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
            with duplicate_socket(server) as duplicate:
                assert duplicate is None
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# Sending.


@asynccontextmanager
async def sockets(transport: Transport, *, buffers: int | None = 65_536) -> AsyncIterator[Pair]:
    async with tcp_pair(transport, buffers=buffers)() as pair:
        yield pair


async def all_of_it(most: int) -> int:
    return most


def sender(
    section: FileSection,
    *,
    over: int,
    stream: ByteStream,
    allowance: Allowance = all_of_it,
    on_sent: Callable[[], None] = lambda: None,
) -> Callable[[], Awaitable[None]]:
    return functools.partial(
        send_section, section, over=over, stream=stream, allowance=allowance, on_sent=on_sent
    )


async def read(stream: ByteStream, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += await stream.receive()
    return data


@over_sockets
async def test_a_stream_is_empty_when_it_says_so(transport: Transport) -> None:
    async with sockets(transport) as (client, server):
        with raw_socket(server) as sock:
            await until_written(server)
            await server.send(LARGE[:1_000])
            await until_written(server)
            sock.setblocking(True)
            sock.sendall(b"behind")
        assert await read(client, 1_006) == LARGE[:1_000] + b"behind"


@over_sockets
async def test_a_section_is_sent(transport: Transport, tmp_path: Path) -> None:
    async with sockets(transport) as (client, server):
        with file_of(tmp_path, LARGE) as file, duplicate_socket(server) as over:
            assert over is not None
            section = FileSection(descriptor=file.fileno(), offset=3, count=len(LARGE) - 5)
            send = functools.partial(
                send_section, section, over=over, stream=server, allowance=all_of_it
            )
            async with anyio.create_task_group() as group:
                group.start_soon(send)
                assert await read(client, len(LARGE) - 5) == LARGE[3:-2]


@over_sockets
async def test_others_have_their_turn(transport: Transport, tmp_path: Path) -> None:
    turns = Turns()

    async with sockets(transport, buffers=None) as (_, server):
        # Nobody is faster than who takes everything.
        with file_of(tmp_path, SMALL) as file, io.FileIO(os.devnull, "w") as over:
            os.truncate(tmp_path / "file", 64 << 20)
            section = FileSection(descriptor=file.fileno(), offset=0, count=64 << 20)
            async with anyio.create_task_group() as group:
                group.start_soon(turns.run)
                await sender(section, over=over.fileno(), stream=server)()
                group.cancel_scope.cancel()
    # At least one for every 2 MiB; the first or last may fall outside.
    assert turns.count >= 31


@over_sockets
async def test_what_the_kernel_cannot_send_is_read(transport: Transport, tmp_path: Path) -> None:
    async with sockets(transport) as (client, server):
        with file_of(tmp_path, LARGE) as file, (tmp_path / "log").open("ab") as over:
            section = FileSection(descriptor=file.fileno(), offset=3, count=200_000)
            # sendfile(2): EINVAL for a file that is appended to.
            send = functools.partial(
                send_section, section, over=over.fileno(), stream=server, allowance=all_of_it
            )
            async with anyio.create_task_group() as group:
                group.start_soon(send)
                assert await read(client, 200_000) == LARGE[3:200_003]


@over_sockets
async def test_no_more_is_sent_than_may_go(transport: Transport, tmp_path: Path) -> None:
    asked: list[int] = []
    allowed = 0
    before: list[int] = []

    async def allowance(most: int) -> int:
        nonlocal allowed
        asked.append(most)
        if allowed:
            before.append(len(await read(client, 1_000)))
        allowed += min(most, 1_000)
        return min(most, 1_000)

    async with sockets(transport) as (client, server):
        with file_of(tmp_path, LARGE) as file, duplicate_socket(server) as over:
            assert over is not None
            section = FileSection(descriptor=file.fileno(), offset=0, count=3_500)
            await sender(section, over=over, stream=server, allowance=allowance)()
        assert await read(client, 500) == LARGE[3_000:3_500]
    assert asked == [3_500, 2_500, 1_500, 500]
    assert before == [1_000] * 3


@over_sockets
async def test_a_section_that_is_not_there_cannot_be_sent(
    transport: Transport, tmp_path: Path
) -> None:
    sent = 0

    def count() -> None:
        nonlocal sent
        sent += 1

    async with sockets(transport) as (client, server):
        with file_of(tmp_path, SMALL) as file, duplicate_socket(server) as over:
            assert over is not None
            section = FileSection(descriptor=file.fileno(), offset=4, count=7)
            with pytest.raises(EOFError, match="1 bytes before"):
                await sender(section, over=over, stream=server, on_sent=count)()
            assert sent == 1
            assert await read(client, 6) == SMALL[4:]
            with (tmp_path / "file").open("ab") as unreadable:
                section = FileSection(descriptor=unreadable.fileno(), offset=4, count=6)
                with pytest.raises(OSError, match="Bad file descriptor"):
                    await sender(section, over=over, stream=server)()


@over_sockets
async def test_nobody_is_there(transport: Transport, tmp_path: Path) -> None:
    async with sockets(transport) as (client, server):
        with file_of(tmp_path, LARGE) as file, duplicate_socket(server) as over:
            assert over is not None
            section = FileSection(descriptor=file.fileno(), offset=0, count=len(LARGE))
            await reset(client)
            with pytest.raises(BrokenResourceError):
                await sender(section, over=over, stream=server)()


# As an answer.


@over_sockets
async def test_a_file_is_a_body(transport: Transport, tmp_path: Path) -> None:
    with file_of(tmp_path, LARGE) as file:

        async def handler(exchange: Exchange) -> None:
            await exchange.send(of_length(len(LARGE)), Data(data=b"<"))
            await exchange.send_file(file, offset=1, count=len(LARGE) - 2)
            assert file.tell() == 0, "the kernel sent it"
            await exchange.send(Data(data=b">"), END)

        before = open_sockets()
        async with conversation(handler, make_pair=tcp_pair(transport)) as talk:
            for _ in range(3):
                answer = await talk.client.ask()
                assert answer.complete
                assert answer.body == b"<" + LARGE[1:-1] + b">"
            # The two ends of the connection.
            assert open_sockets() == before + 2


@over_sockets
async def test_a_file_is_behind_what_was_sent_before(transport: Transport, tmp_path: Path) -> None:
    parts = [b"a" * 30_000, b"b" * 500_000]

    with file_of(tmp_path, SMALL) as file:

        async def handler(exchange: Exchange) -> None:
            await exchange.send(of_length(530_020))
            async with anyio.create_task_group() as group:
                for part in parts:
                    group.start_soon(exchange.send, Data(data=part))
                await settle()
                await exchange.send_file(file)
                await exchange.send_file(file)
                await exchange.send(END)

        async with conversation(handler, make_pair=tcp_pair(transport, buffers=4_096)) as talk:
            await talk.client.send(GET)
            await settle()
            answer = await talk.client.answer()
            assert answer.body[-20:] == SMALL * 2
            assert answer.body[:-20] in (b"".join(parts), b"".join(reversed(parts)))


@over_sockets
async def test_what_is_sent_meanwhile_is_behind_the_file(
    transport: Transport, tmp_path: Path
) -> None:
    with file_of(tmp_path, LARGE) as file:

        async def handler(exchange: Exchange) -> None:
            await exchange.send(of_length(len(LARGE) + 4))
            async with anyio.create_task_group() as group:
                group.start_soon(exchange.send_file, file)
                await settle()
                await exchange.send(Data(data=b"last"), END)

        async with conversation(handler, make_pair=tcp_pair(transport)) as talk:
            await talk.client.send(GET)
            await settle()
            assert (await talk.client.answer()).body == LARGE + b"last"


@over_sockets
async def test_what_is_no_plain_body_is_read(transport: Transport, tmp_path: Path) -> None:
    with file_of(tmp_path, SMALL) as file:

        async def chunked(exchange: Exchange) -> None:
            await exchange.send(Response(status=200))
            await exchange.send_file(file, offset=2)
            assert file.tell() == 10
            await exchange.send(END)

        async with conversation(chunked, make_pair=tcp_pair(transport)) as talk:
            assert (await talk.client.ask()).body == SMALL[2:]


@pytest.mark.parametrize("fields", [((b"content-length", b"10"),), ()])
async def test_in_memory_a_file_is_read(tmp_path: Path, fields: tuple[Any, ...]) -> None:
    with file_of(tmp_path, SMALL) as file:

        async def handler(exchange: Exchange) -> None:
            await exchange.send(Response(status=200, headers=Headers(fields)))
            await exchange.send_file(file)
            assert file.tell() == 10
            await exchange.send(END)

        async with conversation(handler) as talk:
            assert (await talk.client.ask()).body == SMALL


@over_sockets
async def test_to_http_1_0_a_file_may_end_with_the_connection(
    transport: Transport, tmp_path: Path
) -> None:
    with file_of(tmp_path, SMALL) as file:

        async def handler(exchange: Exchange) -> None:
            await exchange.send(Response(status=200))
            await exchange.send_file(file)
            assert file.tell() == 0
            await exchange.send(END)

        async with conversation(handler, make_pair=tcp_pair(transport)) as talk:
            await talk.client.send(GET.replace(b"1.1", b"1.0"))
            assert (await talk.client.rest()).endswith(b"\r\n\r\n" + SMALL)


@over_sockets
async def test_in_answer_to_head_nothing_is_sent(transport: Transport, tmp_path: Path) -> None:
    with file_of(tmp_path, SMALL) as file:

        async def handler(exchange: Exchange) -> None:
            await exchange.send(of_length(10))
            await exchange.send_file(file)
            assert file.tell() == 0
            await exchange.send(END)

        async with conversation(handler, make_pair=tcp_pair(transport)) as talk:
            head = GET.replace(b"GET", b"HEAD")
            for _ in range(2):
                answer = await talk.client.ask(head)
                assert (answer.get(b"content-length"), answer.body) == (b"10", b"")


@over_sockets
async def test_what_may_not_be_sent_is_not(transport: Transport, tmp_path: Path) -> None:
    kept: list[Exchange] = []
    with file_of(tmp_path, SMALL) as file:

        async def handler(exchange: Exchange) -> None:
            kept.append(exchange)
            with pytest.raises(LocalProtocolError, match="SEND_RESPONSE"):
                await exchange.send_file(file)
            for offset, count in ((-1, 1), (0, -1)):
                with pytest.raises(ValueError, match="negative"):
                    await exchange.send_file(file, offset=offset, count=count)
            await exchange.send(of_length(5))
            with pytest.raises(LocalProtocolError, match="10 bytes of body where only 5"):
                await exchange.send_file(file)
            await exchange.send_file(file, count=5)
            await exchange.send_file(file, count=0)
            await exchange.send(END)
            with pytest.raises(LocalProtocolError, match="DONE"):
                await exchange.send_file(file)

        async with conversation(handler, make_pair=tcp_pair(transport)) as talk:
            for _ in range(2):
                assert (await talk.client.ask()).body == SMALL[:5]
            with pytest.raises(ExchangeOver):
                await kept[0].send_file(file)


# What goes wrong.


@over_sockets
async def test_a_file_that_shrinks_ends_the_connection(
    transport: Transport, tmp_path: Path
) -> None:
    errors: list[EOFError] = []
    before = open_sockets()
    with file_of(tmp_path, LARGE) as file:

        async def handler(exchange: Exchange) -> None:
            await exchange.send(of_length(len(LARGE)))
            try:
                await exchange.send_file(file, count=len(LARGE))
            except EOFError as error:
                errors.append(error)
            with pytest.raises(ClientDisconnected):
                await exchange.send(END)

        make_pair = tcp_pair(transport, buffers=65_536)
        async with conversation(handler, make_pair=make_pair) as talk:
            await talk.client.send(GET)
            await talk.client.until(b"\r\n\r\n")
            os.truncate(tmp_path / "file", 10)
            received = await talk.client.rest()
            await talk.ended.wait()
        assert 0 < len(received) < len(LARGE)
        # Of what the kernel still holds, not even the content is the old.
    assert len(errors) == 1
    await until_sockets(before)


@over_sockets
async def test_a_client_that_leaves_is_noticed(transport: Transport, tmp_path: Path) -> None:
    errors: list[ClientDisconnected] = []
    before = open_sockets()
    with file_of(tmp_path, LARGE) as file:

        async def handler(exchange: Exchange) -> None:
            await exchange.send(of_length(len(LARGE)))
            try:
                await exchange.send_file(file)
            except ClientDisconnected as error:
                errors.append(error)
                raise

        make_pair = tcp_pair(transport, buffers=65_536)
        async with conversation(handler, make_pair=make_pair) as talk:
            await talk.client.send(GET)
            await talk.client.until(b"\r\n\r\n")
            await reset(talk.client.stream)
            await talk.ended.wait()
    assert len(errors) == 1
    await until_sockets(before)


@over_sockets
async def test_a_cancelled_file_ends_the_connection(transport: Transport, tmp_path: Path) -> None:
    scope = CancelScope()
    before = open_sockets()
    with file_of(tmp_path, LARGE) as file:

        async def handler(exchange: Exchange) -> None:
            await exchange.send(of_length(len(LARGE)))
            with scope:
                await exchange.send_file(file)
            with pytest.raises(ClientDisconnected):
                await exchange.send(END)

        make_pair = tcp_pair(transport, buffers=65_536)
        async with conversation(handler, make_pair=make_pair) as talk:
            await talk.client.send(GET)
            await talk.client.until(b"\r\n\r\n")
            await settle()
            scope.cancel()
            received = await talk.client.rest()
            await talk.ended.wait()
        assert 0 < len(received) < len(LARGE)
        assert LARGE.startswith(received)
    await until_sockets(before)


@over_sockets
async def test_a_file_that_is_cancelled_before_its_turn_has_done_nothing(
    transport: Transport, tmp_path: Path
) -> None:
    with file_of(tmp_path, SMALL) as file:

        async def handler(exchange: Exchange) -> None:
            await exchange.send(of_length(len(LARGE) + 10))
            async with anyio.create_task_group() as group:
                group.start_soon(exchange.send, Data(data=LARGE))
                await settle()
                with CancelScope() as scope:
                    scope.cancel()
                    await exchange.send_file(file)
            await exchange.send_file(file)
            await exchange.send(END)

        make_pair = tcp_pair(transport, buffers=65_536)
        async with conversation(handler, make_pair=make_pair) as talk:
            await talk.client.send(GET)
            await settle()
            assert (await talk.client.answer()).body == LARGE + SMALL


@over_sockets
async def test_giving_up_the_connection_ends_the_file(transport: Transport, tmp_path: Path) -> None:
    errors: list[ClientDisconnected] = []
    with file_of(tmp_path, LARGE) as file:

        async def handler(exchange: Exchange) -> None:
            await exchange.send(of_length(len(LARGE)))
            try:
                await exchange.send_file(file)
            except ClientDisconnected as error:
                errors.append(error)

        make_pair = tcp_pair(transport, buffers=65_536)
        async with conversation(handler, make_pair=make_pair) as talk:
            await talk.client.send(GET)
            await talk.client.until(b"\r\n\r\n")
            await settle()
            # As it does when a peer does not read for too long.
            talk.driver._link.break_off()
            await talk.ended.wait()
    assert len(errors) == 1


async def test_over_a_unix_socket_too(tmp_path: Path) -> None:
    ends = socket.socketpair()
    for sock in ends:
        sock.setblocking(False)

    @asynccontextmanager
    async def pair() -> AsyncIterator[Pair]:
        client, server = ends
        async with (
            await anyio.abc.UNIXSocketStream.from_socket(client) as one,
            await open_stream(server, Transport.NATIVE) as other,
        ):
            yield one, other

    with file_of(tmp_path, SMALL) as file:

        async def handler(exchange: Exchange) -> None:
            await exchange.send(of_length(10))
            await exchange.send_file(file)
            assert file.tell() == 0
            await exchange.send(END)

        async with conversation(handler, make_pair=pair) as talk:
            assert (await talk.client.ask()).body == SMALL
