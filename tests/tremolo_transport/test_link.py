"""Whose turn it is to read and to write, and how the end is told."""

import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio import (
    BrokenResourceError,
    BusyResourceError,
    CancelScope,
    ClosedResourceError,
    fail_after,
)
from anyio.abc import ByteStream
from anyio.lowlevel import checkpoint

from tests.tremolo_core.framing import BINARY, PING, TEXT, frame, handshake
from tests.turns import Turns
from tremolo_core import (
    AcceptWebSocket,
    BytesMessage,
    Connection,
    Data,
    EndOfMessage,
    Headers,
    LocalProtocolError,
    Request,
    Response,
    Signal,
    State,
)
from tremolo_transport.errors import ClientDisconnected
from tremolo_transport.link import Link
from tremolo_transport.memory import MemoryStream, memory_stream_pair
from tremolo_transport.streams import Transport

from .conversations import GET, PATIENCE, settle, tcp_pair

pytestmark = pytest.mark.anyio

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
OK = Response(status=200)


def linked(capacity: int = 65_536) -> tuple[MemoryStream, Link]:
    client, server = memory_stream_pair(capacity)
    return client, Link(server, Connection())


async def asked(capacity: int = 65_536, request: bytes = GET) -> tuple[MemoryStream, Link]:
    """A link whose connection has a request to answer."""
    client, link = linked(max(capacity, len(request)))
    await client.send(request)
    await link.read()
    assert isinstance(link.connection.next_event(), Request)
    link.connection.send(OK)
    link.connection.data_to_send()
    return client, link


# Reading.


async def test_a_read_moves_what_the_stream_has_into_the_core() -> None:
    client, link = linked()
    await client.send(GET[:10])
    await link.read()
    assert link.connection.next_event() is Signal.NEED_DATA
    await client.send(GET[10:])
    await link.read()
    assert isinstance(link.connection.next_event(), Request)
    assert not link.reading
    assert not link.peer_gone
    assert link.reads == 2


async def test_of_a_body_that_comes_fast_more_is_read_at_once() -> None:
    large = POST.replace(b"10", b"2000000")
    client, link = await asked(2_000_000, large)
    await client.send(bytes(1_300_000))
    buffered = []
    for little in (False, False, False, True, False):
        if little:
            link.read_little()
        await link.read()
        buffered.append(link.connection.buffered)
        assert isinstance(link.connection.next_event(), Data)
    assert buffered == [65_536, 262_144, 262_144, 65_536, 262_144]


async def test_where_there_is_no_more_little_is_asked_for_again() -> None:
    large = POST.replace(b"10", b"2000000")
    client, link = await asked(2_000_000, large)
    for size, found in ((100_000, 65_536), (10, 34_474), (300_000, 65_536)):
        await client.send(bytes(size))
        await link.read()
        assert link.connection.buffered == found
        assert isinstance(link.connection.next_event(), Data)


async def test_it_is_known_who_reads() -> None:
    client, link = linked()
    async with anyio.create_task_group() as group:
        group.start_soon(link.read)
        await settle()
        assert link.reading
        await client.send(b"GET")
        await settle()
        assert not link.reading


async def test_the_end_is_noted_and_not_raised() -> None:
    client, link = linked()
    await client.send_eof()
    await link.read()
    assert (link.eof, link.broken, link.peer_gone) == (True, False, True)
    assert link.connection.client_state is State.IDLE
    assert not isinstance(link.connection.next_event(), Signal)


async def test_a_failure_is_noted_and_not_raised() -> None:
    client, link = linked()
    client.abort()
    await link.read()
    assert (link.eof, link.broken, link.peer_gone) == (False, True, True)
    assert link.connection.server_state is State.ERROR


@asynccontextmanager
async def over_tcp() -> AsyncIterator[tuple[ByteStream, Link]]:
    """A link over the fastest stream that there is here, whose connection has a request."""
    async with tcp_pair(Transport.NATIVE)() as (client, server):
        link = Link(server, Connection())
        await client.send(GET)
        await link.read()
        assert isinstance(link.connection.next_event(), Request)
        yield client, link


async def test_an_interrupt_over_tcp_moves_nothing_and_loses_nothing() -> None:
    async with over_tcp() as (client, link):
        moved = link.moved
        with fail_after(PATIENCE):
            async with anyio.create_task_group() as group:
                group.start_soon(link.read_interruptibly)
                await settle()
                assert link.reading
                link.interrupt()
            assert not link.reading
            assert not link.peer_gone
            assert link.moved == moved
            link.interrupt()
            await client.send(GET)
            await link.read_interruptibly()
        assert link.moved == moved + 1
        assert link.connection.buffered == len(GET)


async def test_a_reader_that_gives_way_first_hears_of_an_interrupt_all_the_same() -> None:
    async with over_tcp() as (client, link):
        await client.send(handshake())
        await link.read()
        websocket = Link(link.stream, Connection())
        websocket.connection.receive_data(handshake())
        websocket.connection.next_event()
        websocket.connection.send(AcceptWebSocket())
        websocket.connection.receive_data(frame(PING) * 100)
        websocket.framed = True
        assert websocket.connection.crowded
        with fail_after(PATIENCE):
            async with anyio.create_task_group() as group:
                group.start_soon(websocket.read_interruptibly)
                while not websocket.reading:
                    await checkpoint()
                websocket.interrupt()
        assert websocket.moved == 0


async def test_what_nobody_need_wait_for_is_written_at_once_over_our_own_stream() -> None:
    async with over_tcp() as (client, link):
        length = Headers(((b"content-length", b"10000001"),))
        link.connection.send(Response(status=200, headers=length))
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 10000001\r\n\r\n"
        assert link.flush_at_once() is (link.quick is not None)
        assert link.sent == (len(head) if link.quick is not None else 0)
        await link.flush()
        # It is told where there is more than goes at once, and where there is nothing.
        link.connection.send(Data(data=bytes(10_000_000)))
        assert not link.flush_at_once()
        received = bytearray()
        async with anyio.create_task_group() as group:
            group.start_soon(link.flush)
            while len(received) < len(head) + 10_000_000:
                received += await client.receive()
        assert not link.flush_at_once()
        # Whoever writes takes along what others have.
        link.connection.send(Data(data=b"x"))
        link.writing = True
        assert not link.flush_at_once()
        link.writing = False
        link.pace.change(download=1e9, upload=None, lasting=False)
        assert not link.flush_at_once()
        link.pace.restore()
        await link.flush()
        received += await client.receive()
        assert received == head + bytes(10_000_000) + b"x"
        assert link.sent == len(head) + 10_000_001


@pytest.mark.parametrize(
    ("request_bytes", "broken"),
    [(GET, False), (POST + b"0123456789", False), (POST + b"012345678", True)],
    ids=["none", "all", "not all"],
)
async def test_an_end_in_the_middle_of_a_body_breaks_the_link_though_nobody_reads_it(
    request_bytes: bytes, broken: bool
) -> None:
    client, link = await asked(request=request_bytes)
    await client.send_eof()
    await link.read()
    assert link.broken is broken
    assert link.peer_gone


async def test_a_read_that_is_cancelled_leaves_no_trace() -> None:
    client, link = linked()
    with CancelScope() as scope:
        scope.cancel()
        await link.read()
    assert not link.reading
    await client.send(GET)
    await link.read()
    assert isinstance(link.connection.next_event(), Request)


async def test_an_interrupt_ends_a_read_that_allows_it_and_no_other_wait() -> None:
    _, link = linked()
    ended: list[str] = []

    async def read() -> None:
        await link.read_interruptibly()
        ended.append("read")

    async with anyio.create_task_group() as group:
        link.interrupt()
        group.start_soon(read)
        await settle()
        assert ended == []
        link.interrupt()
        await settle()
        assert ended == ["read"]
        link.interrupt()
        await checkpoint()
    assert not link.peer_gone


async def test_an_interrupt_does_not_end_a_plain_read() -> None:
    client, link = linked()
    async with anyio.create_task_group() as group:
        group.start_soon(link.read)
        await settle()
        link.interrupt()
        await settle()
        assert link.reading
        await client.send_eof()


# Writing.


async def test_a_flush_writes_all_that_the_core_has() -> None:
    client, link = await asked()
    link.connection.send(Data(data=b"one"))
    link.connection.send(Data(data=b"two"), EndOfMessage())
    await link.flush()
    assert await client.receive() == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
    assert link.connection.data_to_send() == b""


async def test_a_flush_of_nothing_lets_others_run() -> None:
    _, link = linked()
    turns = Turns()

    async with anyio.create_task_group() as group:
        group.start_soon(turns.run)
        for _ in range(20):
            await link.flush()
        assert turns.count >= 10
        group.cancel_scope.cancel()


async def test_one_writes_and_takes_along_what_the_others_have() -> None:
    client, link = await asked(capacity=60)
    done: list[int] = []

    async def flush(number: int) -> None:
        link.connection.send(Data(data=bytes([48 + number]) * 50))
        await link.flush()
        done.append(number)

    async with anyio.create_task_group() as group:
        for number in range(3):
            group.start_soon(flush, number)
            await settle()
        assert done == [0], "a second write by another task would be refused by the stream"
        received = b""
        while received.count(b"\r\n") < 6:
            received += await client.receive()
    assert received == b"".join(b"32\r\n" + bytes([48 + n]) * 50 + b"\r\n" for n in range(3))
    assert sorted(done) == [0, 1, 2]


async def test_a_writer_that_is_cancelled_breaks_the_link_for_all() -> None:
    _, link = await asked(capacity=60)
    outcomes: list[str] = []

    async def flush() -> None:
        try:
            await link.flush()
        except ClientDisconnected:
            outcomes.append("disconnected")

    scope = CancelScope()

    async def be_cancelled() -> None:
        with scope:
            await flush()

    async with anyio.create_task_group() as group:
        link.connection.send(Data(data=bytes(1_000)))
        group.start_soon(be_cancelled)
        await settle()
        for _ in range(2):
            group.start_soon(flush)
        await settle()
        scope.cancel()
    assert scope.cancelled_caught
    assert outcomes == ["disconnected"] * 2
    assert link.broken


async def test_one_that_only_waited_is_cancelled_without_harm() -> None:
    client, link = await asked(capacity=60)
    scope = CancelScope()

    async def be_cancelled() -> None:
        with scope:
            await link.flush()

    async with anyio.create_task_group() as group:
        link.connection.send(Data(data=bytes(100)))
        group.start_soon(link.flush)
        await settle()
        group.start_soon(be_cancelled)
        await settle()
        scope.cancel()
        await settle()
        await client.receive()
    assert scope.cancelled_caught
    assert not link.broken


async def test_a_stream_that_fails_breaks_the_link() -> None:
    client, link = await asked()
    client.abort()
    link.connection.send(Data(data=b"to nobody"))
    with pytest.raises(ClientDisconnected):
        await link.flush()
    assert link.broken
    assert link.connection.data_to_send() == b""
    with pytest.raises(ClientDisconnected):
        await link.flush()


async def test_what_nobody_waits_for_fails_quietly() -> None:
    client, link = await asked()
    client.abort()
    link.connection.send(Data(data=b"to nobody"))
    await link.flush_unasked()
    assert link.broken


async def test_another_error_of_the_stream_is_the_writers_to_hear() -> None:
    _, link = await asked(capacity=60)
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            # Somebody who breaks the rule that all write by this link.
            group.start_soon(link.stream.send, bytes(1_000))
            await settle()
            link.connection.send(Data(data=b"x"))
            with pytest.raises(BusyResourceError):
                await link.flush()
            assert link.broken
            group.cancel_scope.cancel()


async def test_an_error_of_the_stream_that_nobody_expects_breaks_the_link() -> None:
    class Odd(MemoryStream):
        async def receive(self, max_bytes: int = 65_536) -> bytes:
            raise ArithmeticError("a stream with a bug")

    _, server = memory_stream_pair()
    link = Link(Odd(server._incoming, server._outgoing), Connection())
    with pytest.raises(ArithmeticError):
        await link.read()
    assert link.broken
    assert not link.reading


class Noted(MemoryStream):
    """A stream that notes how much it is asked for."""

    asked: list[int]

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        self.asked.append(max_bytes)
        return await super().receive(max_bytes)


async def framed() -> tuple[MemoryStream, Link, Noted]:
    """A link whose connection is a WebSocket's."""
    client, server = memory_stream_pair(1_000_000)
    noted = Noted(server._incoming, server._outgoing)
    link = Link(noted, Connection())
    noted.asked = []
    await client.send(handshake())
    await link.read()
    assert isinstance(link.connection.next_event(), Request)
    link.connection.send(AcceptWebSocket())
    link.framed = True
    noted.asked.clear()
    return client, link, noted


async def test_of_a_websocket_more_is_read_at_a_time_until_there_are_many_frames() -> None:
    client, link, noted = await framed()
    await client.send(frame(TEXT, b"x" * 200_000))
    for _ in range(8):
        await link.read()
    assert noted.asked == [1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536, 65_536]


async def test_of_a_large_message_as_much_is_read_at_a_time_as_any_stream_may_have() -> None:
    client, link, noted = await framed()
    raw = frame(BINARY, bytes(300_000))
    await client.send(raw)
    for _ in range(6):
        await link.read()
    assert noted.asked == [1_024, *[65_536] * 4, len(raw) - 1_024 - 4 * 65_536]


async def test_of_many_small_frames_little_is_read_at_a_time_and_others_run_meanwhile() -> None:
    client, link, noted = await framed()
    await client.send(frame(PING) * 2_000)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await checkpoint()

    with fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            group.start_soon(other)
            for _ in range(10):
                await link.read()
            group.cancel_scope.cancel()
    assert noted.asked == [1_024] * 10
    assert turns >= 9


async def answering(size: int) -> tuple[MemoryStream, Link]:
    """A link whose connection has begun an answer of `size` bytes."""
    client, link = linked()
    await client.send(GET)
    await link.read()
    link.connection.next_event()
    length = Headers(((b"content-length", b"%d" % size),))
    link.connection.send(Response(status=200, headers=length))
    return client, link


async def test_what_is_written_past_the_stream_is_in_its_place() -> None:
    client, link = await answering(9)
    link.connection.send(Data(data=b"abc"))

    async def write() -> None:
        await link.stream.send(b"def")
        link.connection.send(Data(data=b"ghi"), EndOfMessage())

    await link.write_past(3, write)
    assert (await client.receive()).endswith(b"\r\n\r\nabcdefghi")
    link.connection.next_event()
    link.connection.start_next_cycle()


async def test_whoever_writes_past_the_stream_waits_for_its_turn_and_is_waited_for() -> None:
    client, link = await answering(100_009)
    going_on = anyio.Event()

    async def write() -> None:
        await going_on.wait()
        await link.stream.send(b"def")

    link.connection.send(Data(data=b"a" * 100_000))
    async with anyio.create_task_group() as group:
        group.start_soon(link.flush)
        await settle()
        group.start_soon(link.write_past, 3, write)
        group.start_soon(link.write_past, 3, write)
        await settle()
        going_on.set()
        received = b""
        while not received.endswith(b"defdef"):
            received += await client.receive()
        assert len(received.partition(b"\r\n\r\n")[2]) == 100_006
    going_on = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(link.write_past, 3, write)
        await settle()
        group.start_soon(link.flush)
        await settle()
        going_on.set()
    assert await client.receive() == b"def"


async def test_nothing_is_written_past_the_stream_that_may_not_be() -> None:
    client, link = await answering(2)

    async def write() -> None:
        raise AssertionError

    with pytest.raises(LocalProtocolError):
        await link.write_past(3, write)
    assert not link.broken
    link.connection.send(Data(data=b"ok"))
    await link.flush()
    assert (await client.receive()).endswith(b"ok")
    await client.aclose()
    link.connection.send(EndOfMessage())
    link.break_off()
    with pytest.raises(ClientDisconnected):
        await link.write_past(0, write)


@pytest.mark.parametrize("error", [EOFError, BrokenResourceError, ClosedResourceError])
async def test_what_fails_past_the_stream_breaks_the_link(error: type[Exception]) -> None:
    _, link = await answering(3)

    async def write() -> None:
        raise error

    with pytest.raises(EOFError if error is EOFError else ClientDisconnected):
        await link.write_past(3, write)
    assert link.broken
    with pytest.raises(ClientDisconnected):
        await link.flush()


async def test_breaking_off_ends_what_is_written_past_the_stream() -> None:
    _, link = await answering(3)
    async with anyio.create_task_group() as group:

        async def write() -> None:
            with pytest.raises(ClientDisconnected):
                await link.write_past(3, anyio.sleep_forever)

        group.start_soon(write)
        await settle()
        link.break_off()


# The peer has gone.


async def test_writes_are_counted_and_of_a_bounded_size() -> None:
    client, link = linked(capacity=1_000_000)
    link.connection.receive_data(GET)
    link.connection.next_event()
    link.connection.send(Response(status=200), Data(data=bytes(200_000)))
    await link.flush()
    assert link.writes == 4
    link.note_progress()
    assert link.writes == 5
    assert bytes(200_000) in await client.receive(1_000_000)


async def test_a_large_body_is_not_copied_as_a_whole() -> None:
    client, link = linked(capacity=100_000)
    link.connection.receive_data(GET)
    link.connection.next_event()
    link.connection.send(
        Response(status=200, headers=Headers([(b"content-length", b"10000000")])),
        Data(data=bytes(10_000_000)),
        EndOfMessage(),
    )
    tracemalloc.start()
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(link.flush)
            left = len(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n") + 10_000_000
            while left:
                left -= len(await client.receive())
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1_000_000


async def test_a_large_body_goes_in_long_writes_that_are_no_copies() -> None:
    async with over_tcp() as (client, link):
        body = bytes(8_000_000)
        length = Headers(((b"content-length", b"8000000"),))
        link.connection.send(Response(status=200, headers=length), Data(data=body), EndOfMessage())
        tracemalloc.start()
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(link.flush)
                left = len(b"HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n") + len(body)
                while left:
                    left -= len(await client.receive())
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        # The client holds some of it, too.
        assert most < 7_000_000
        # The head, and pieces of 256 KiB.
        assert link.writes == 32


async def test_a_large_message_is_read_in_large_pieces() -> None:
    async with over_tcp() as (client, link):
        websocket = Link(link.stream, Connection())
        websocket.connection.receive_data(handshake())
        websocket.connection.next_event()
        websocket.connection.send(AcceptWebSocket())
        websocket.framed = True
        payload = bytes(range(256)) * 1_600
        received: list[object] = []
        async with anyio.create_task_group() as group:
            group.start_soon(client.send, frame(BINARY, payload))
            with fail_after(PATIENCE):
                while len(received) < 2:
                    await websocket.read_interruptibly()
                    while not isinstance(event := websocket.connection.next_event(), Signal):
                        received.append(event)
        assert received == [EndOfMessage(), BytesMessage(data=payload)]
