"""The contract of an exchange, kept on a connection: who reads, who writes, and its end."""

import asyncio
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from anyio import CancelScope
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from tremolo_core import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    Headers,
    Limits,
    LocalProtocolError,
    Response,
)
from tremolo_transport.exchange import ClientDisconnected, Exchange, ExchangeOver
from tremolo_transport.native_stream import NativeStream
from tremolo_transport.settings import ServerSettings
from tremolo_transport.streams import Transport

from .conversations import (
    GET,
    Client,
    Conversation,
    MakePair,
    conversation,
    over_every_stream,
    reset,
    settle,
    tcp_pair,
)

pytestmark = pytest.mark.anyio

CLOSED = ConnectionClosed()
END = EndOfMessage()
OK = Response(status=200, headers=Headers([(b"content-length", b"2")]))
POST = b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
CHUNKED = b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
EXPECTING = (
    b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n"
)


async def body_of(exchange: Exchange) -> bytes:
    return b"".join([event.data async for event in exchange if isinstance(event, Data)])


# Who reads.


async def test_the_events_of_a_request_come_in_order_and_then_the_end_of_the_connection() -> None:
    events: list[Event] = []

    async def handler(exchange: Exchange) -> None:
        events.extend([await exchange.receive() for _ in range(3)])
        await exchange.respond(200)
        events.extend([await exchange.receive() for _ in range(2)])

    async with conversation(handler) as talk:
        await talk.client.send(POST + b"01234")
        await settle()
        await talk.client.send(b"56789")
        await talk.client.answer()
        await settle()
        assert events == [Data(data=b"01234"), Data(data=b"56789"), END]
        await talk.client.stream.aclose()
        await talk.ended.wait()
    assert events[3:] == [CLOSED, CLOSED]


async def test_a_second_receive_waits_for_its_turn() -> None:
    events: list[Event] = []

    async def handler(exchange: Exchange) -> None:
        async def receive() -> None:
            events.append(await exchange.receive())

        async with anyio.create_task_group() as readers:
            for _ in range(3):
                readers.start_soon(receive)
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.send(POST)
        for number, part in enumerate((b"01234", b"56789")):
            await settle()
            assert len(events) == number
            await talk.client.send(part)
        await talk.client.answer()
    assert events == [Data(data=b"01234"), Data(data=b"56789"), END]


async def test_the_turn_passes_on_when_the_reader_is_cancelled() -> None:
    events: list[Event] = []
    scope = CancelScope()

    async def handler(exchange: Exchange) -> None:
        async def give_up() -> None:
            with scope:
                events.append(await exchange.receive())

        async def receive() -> None:
            events.append(await exchange.receive())

        async with anyio.create_task_group() as readers:
            readers.start_soon(give_up)
            await settle()
            readers.start_soon(receive)
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.send(POST)
        await settle()
        scope.cancel()
        await settle()
        await talk.client.send(b"0123456789")
        await talk.client.answer()
    assert events == [Data(data=b"0123456789")]


@over_every_stream
@pytest.mark.parametrize("turns", range(6))
async def test_a_receive_cancelled_while_data_arrives_has_lost_nothing(
    make_pair: MakePair, turns: int
) -> None:
    await lose_nothing(make_pair, turns, in_scope)


@over_every_stream
@pytest.mark.parametrize("turns", range(6))
async def test_a_receive_cancelled_by_its_task_while_data_arrives_has_lost_nothing(
    make_pair: MakePair, turns: int, anyio_backend_name: str
) -> None:
    if anyio_backend_name != "asyncio":
        pytest.skip("only on asyncio is a task itself cancelled")
    await lose_nothing(make_pair, turns, in_task)


Cancel = Callable[[], object]
StartCancellable = Callable[[TaskGroup, Callable[[], Any]], Cancel]


def in_scope(group: TaskGroup, function: Callable[[], Any]) -> Cancel:
    scope = CancelScope()

    async def run() -> None:
        with scope:
            await function()

    group.start_soon(run)
    return scope.cancel


def in_task(group: TaskGroup, function: Callable[[], Any]) -> Cancel:
    task = asyncio.get_running_loop().create_task(function())

    async def wait() -> None:
        await asyncio.wait([task])

    group.start_soon(wait)
    return task.cancel


async def lose_nothing(make_pair: MakePair, turns: int, start: StartCancellable) -> None:
    body = b""
    cancels: list[Cancel] = []
    started = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        nonlocal body

        async def receive() -> None:
            nonlocal body
            event = await exchange.receive()
            assert isinstance(event, Data)
            body += event.data

        async with anyio.create_task_group() as group:
            cancels.append(start(group, receive))
            await settle()
            started.set()
        body += await body_of(exchange)
        await exchange.respond(200)

    async with conversation(handler, make_pair=make_pair) as talk:
        await talk.client.send(POST)
        await started.wait()
        await talk.client.send(b"01234")
        for _ in range(turns):
            await checkpoint()
        cancels[0]()
        await talk.client.send(b"56789")
        assert (await talk.client.answer()).status == 200
    assert body == b"0123456789"


async def receive_in_a_cancelled_scope(exchange: Exchange) -> Event | None:
    with CancelScope() as scope:
        scope.cancel()
        return await exchange.receive()
    return None


async def test_what_is_known_is_told_at_once_in_a_cancelled_scope() -> None:
    told: list[Event | None] = []
    go_on = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        told.extend([await receive_in_a_cancelled_scope(exchange) for _ in range(3)])
        await exchange.receive()
        told.append(await receive_in_a_cancelled_scope(exchange))
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.send(POST + b"0123456789")
        await settle()
        assert told == [Data(data=b"0123456789"), END, None]
        await talk.client.stream.aclose()
        await talk.ended.wait()
    assert told[3] == CLOSED
    assert not go_on.is_set()


async def test_an_exchange_that_is_over_says_so_at_once_in_a_cancelled_scope() -> None:
    exchanges: list[Exchange] = []

    async def handler(exchange: Exchange) -> None:
        exchanges.append(exchange)
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.ask()
        await settle()
        assert await receive_in_a_cancelled_scope(exchanges[0]) == CLOSED


async def test_a_request_known_to_be_malformed_is_told_at_once_and_still_answered() -> None:
    told: list[Event | None] = []

    async def handler(exchange: Exchange) -> None:
        told.append(await receive_in_a_cancelled_scope(exchange))

    async with conversation(handler) as talk:
        await talk.client.send(CHUNKED + b"no size\r\n")
        assert (await talk.client.answer()).status == 400
    assert told == [CLOSED]


# What the first receive() sends.


async def test_the_client_is_told_to_go_on_by_the_first_receive() -> None:
    told = anyio.Event()
    receive = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        told.set()
        await receive.wait()
        assert await body_of(exchange) == b"0123456789"
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.send(EXPECTING)
        await told.wait()
        for _ in range(4):
            talk.sweep()
            await settle()
        with CancelScope() as scope:
            await settle()
            scope.cancel()
            await talk.client.some()
        assert scope.cancelled_caught, "neither the request nor a watch is a reason to go on"
        receive.set()
        assert await talk.client.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        await talk.client.send(b"0123456789")
        answer = await talk.client.answer()
        assert (answer.status, answer.interim) == (200, ())


@pytest.mark.parametrize("turns", range(6))
async def test_a_first_receive_that_is_cancelled_has_lost_nothing(turns: int) -> None:
    body: list[bytes] = []

    async def handler(exchange: Exchange) -> None:
        async def receive() -> None:
            event = await exchange.receive()
            assert isinstance(event, Data)
            body.append(event.data)

        async with anyio.create_task_group() as group:
            cancel = in_scope(group, receive)
            for _ in range(turns):
                await checkpoint()
            cancel()
        body.append(await body_of(exchange))
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.send(EXPECTING)
        assert await talk.client.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        await talk.client.send(b"0123456789")
        assert (await talk.client.answer()).status == 200
    assert b"".join(body) == b"0123456789"


async def test_a_first_receive_in_a_cancelled_scope_does_not_harm_the_connection() -> None:
    async def handler(exchange: Exchange) -> None:
        assert await receive_in_a_cancelled_scope(exchange) is None
        await exchange.respond(200)

    async with conversation(handler) as talk:
        assert (await talk.client.ask(EXPECTING)).status == 200


# Over is over.


@over_every_stream
@pytest.mark.parametrize("pipelined", [True, False], ids=["pipelined", "later"])
async def test_a_task_left_in_receive_never_sees_the_next_request(
    make_pair: MakePair, pipelined: bool
) -> None:
    stray: list[Event] = []
    seen: list[Event] = []
    exchanges: list[Exchange] = []

    async with anyio.create_task_group() as elsewhere:

        async def receive_on(exchange: Exchange) -> None:
            stray.append(await exchange.receive())
            stray.append(await exchange.receive())

        async def handler(exchange: Exchange) -> None:
            exchanges.append(exchange)
            if len(exchanges) > 1:
                seen.extend([event async for event in exchange])
            else:
                async for _ in exchange:
                    pass
                elsewhere.start_soon(receive_on, exchange)
                elsewhere.start_soon(receive_on, exchange)
                await settle()
            await exchange.respond(200)

        async with conversation(handler, make_pair=make_pair) as talk:
            second = POST + b"0123456789"
            await talk.client.send(GET + second if pipelined else GET)
            assert (await talk.client.answer()).status == 200
            if not pipelined:
                await settle()
                assert stray == [CLOSED] * 4, "it is told at the end, not with the next request"
                await talk.client.send(second)
            assert (await talk.client.answer()).status == 200
            assert stray == [CLOSED] * 4
            assert [*seen] == [Data(data=b"0123456789"), END]


async def test_nothing_can_be_sent_after_the_end() -> None:
    exchanges: list[Exchange] = []

    async def handler(exchange: Exchange) -> None:
        exchanges.append(exchange)
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.ask()
        await settle()
        (exchange,) = exchanges
        with pytest.raises(ExchangeOver, match="handler has returned"):
            await exchange.send(OK)
        with pytest.raises(ExchangeOver):
            await exchange.respond(200)
        assert exchange.response_started
        exchange.limit_body(0)
        assert (await talk.client.ask(POST + b"0123456789")).status == 200


async def test_the_limit_of_an_exchange_that_is_over_is_not_the_next_ones() -> None:
    exchanges: list[Exchange] = []

    async def handler(exchange: Exchange) -> None:
        exchanges.append(exchange)
        if len(exchanges) == 2:
            exchanges[0].limit_body(1)
        assert len(await body_of(exchange)) in (0, 10)
        await exchange.respond(200)

    async with conversation(handler) as talk:
        assert (await talk.client.ask()).status == 200
        assert (await talk.client.ask(POST + b"0123456789")).status == 200


# The watch.


async def test_a_handler_that_never_receives_learns_within_two_sweeps_that_the_peer_left() -> None:
    known: list[bool] = []
    begun = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        known.append(exchange.disconnected)
        with exchange.cancelled_on_disconnect():
            begun.set()
            await anyio.sleep_forever()
        known.append(exchange.disconnected)

    async with conversation(handler) as talk:
        await talk.client.send(GET)
        await begun.wait()
        await talk.client.stream.aclose()
        await settle()
        assert not talk.ended.is_set()
        talk.sweep()
        await settle()
        talk.sweep()
        await talk.ended.wait()
    assert known == [False, True]


async def test_there_is_no_watch_for_a_handler_that_receives() -> None:
    async def handler(exchange: Exchange) -> None:
        async for _ in exchange:
            pass
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.send(POST)
        await settle()
        tasks = [task.id for task in anyio.get_running_tasks()]
        for _ in range(4):
            talk.sweep()
            await settle()
        assert [task.id for task in anyio.get_running_tasks()] == tasks
        await talk.client.send(b"0123456789")
        assert (await talk.client.answer()).status == 200


async def watched(talk: Conversation) -> None:
    """Sweep until a watch must be there."""
    await settle()
    for _ in range(2):
        talk.sweep()
    await settle()


async def test_a_watch_reads_ahead_and_no_further() -> None:
    taken = 0
    answer = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        await answer.wait()
        async for event in exchange:
            if isinstance(event, Data):
                nonlocal taken
                taken += len(event.data)
        await exchange.respond(200)

    size = 1_000_000
    async with conversation(handler, capacity=16_384) as talk:
        await talk.client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
        sent = 0

        async def flood() -> None:
            nonlocal sent
            while sent < size:
                await talk.client.send(bytes(1_000))
                sent += 1_000

        async with anyio.create_task_group() as group:
            group.start_soon(flood)
            for _ in range(10):
                await watched(talk)
            # The read-ahead of 64 KiB, and what the stream itself holds.
            assert 65_536 <= sent <= 65_536 + 2 * 16_384
            before = sent
            await watched(talk)
            assert sent == before
            answer.set()
        assert (await talk.client.answer()).status == 200
    assert taken == size


async def test_a_receive_while_the_watch_reads_gets_the_next_event() -> None:
    events: list[Event] = []
    go_on = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        await go_on.wait()
        with anyio.move_on_after(0):
            await exchange.receive()
        events.extend([event async for event in exchange])
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.send(POST)
        await watched(talk)
        go_on.set()
        await settle()
        await talk.client.send(b"0123456789")
        assert (await talk.client.answer()).status == 200
    assert events == [Data(data=b"0123456789"), END]


@over_every_stream
async def test_a_watch_ends_with_its_exchange(make_pair: MakePair) -> None:
    answer = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        if exchange.request.method == b"GET":
            await answer.wait()
        else:
            assert await body_of(exchange) == b"0123456789"
        await exchange.respond(200)

    async with conversation(handler, make_pair=make_pair) as talk:
        await talk.client.send(GET)
        before = len(anyio.get_running_tasks())
        await watched(talk)
        assert len(anyio.get_running_tasks()) == before + 1
        answer.set()
        await talk.client.answer()
        await settle()
        assert len(anyio.get_running_tasks()) == before
        assert (await talk.client.ask(POST + b"0123456789")).status == 200


async def test_what_the_watch_has_read_of_the_next_request_is_kept_for_it() -> None:
    answer = anyio.Event()
    bodies: list[bytes] = []

    async def handler(exchange: Exchange) -> None:
        if exchange.request.method == b"GET":
            await answer.wait()
        bodies.append(await body_of(exchange))
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.send(GET)
        await watched(talk)
        await talk.client.send(POST + b"0123456789")
        await settle()
        answer.set()
        assert (await talk.client.answer()).status == 200
        assert (await talk.client.answer()).status == 200
    assert bodies == [b"", b"0123456789"]


async def test_a_read_ahead_smaller_than_what_is_needed_does_not_keep_from_reading() -> None:
    async def handler(exchange: Exchange) -> None:
        assert await body_of(exchange) == b"0123456789"
        await exchange.respond(200)

    settings = ServerSettings(limits=Limits(read_ahead=2))
    async with conversation(handler, settings=settings) as talk:
        await talk.client.send(CHUNKED)
        for byte in b"a;extension\r\n0123456789\r\n0\r\n\r\n":
            await talk.client.send(bytes([byte]))
            await settle()
        assert (await talk.client.answer()).status == 200


# Who writes.


async def test_what_several_tasks_send_comes_out_whole_and_in_the_order_of_their_calls() -> None:
    pieces = [bytes([65 + number]) * (number * 37 % 200 + 1) for number in range(40)]

    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200))
        async with anyio.create_task_group() as senders:

            async def send(piece: bytes) -> None:
                order.append(piece)
                await exchange.send(Data(data=piece))

            for piece in pieces:
                senders.start_soon(send, piece)
        await exchange.send(END)

    order: list[bytes] = []
    async with conversation(handler, capacity=50) as talk:
        answer = await talk.client.ask()
    assert sorted(order) == sorted(pieces)
    assert answer.body == b"".join(order)


async def test_a_send_waits_while_the_peer_reads_nothing_and_others_wait_with_it() -> None:
    done: list[str] = []

    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200))
        async with anyio.create_task_group() as senders:

            async def send(name: str, size: int) -> None:
                await exchange.send(Data(data=name.encode() * size))
                done.append(name)

            senders.start_soon(send, "a", 5_000)
            await settle()
            senders.start_soon(send, "b", 10)
        await exchange.send(END)

    async with conversation(handler, capacity=1_000) as talk:
        await talk.client.send(GET)
        await settle()
        assert done == []
        answer = await talk.client.answer()
    assert answer.body == b"a" * 5_000 + b"b" * 10
    assert sorted(done) == ["a", "b"]


@over_every_stream
async def test_a_reader_that_stops_stops_the_handler(make_pair: MakePair) -> None:
    sent = 0
    piece = bytes(10_000)

    async def handler(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.send(Response(status=200))
        while True:
            await exchange.send(Data(data=piece))
            sent += len(piece)

    async with conversation(handler, make_pair=make_pair) as talk:
        await talk.client.send(GET)
        await talk.client.until(b"\r\n\r\n")
        before = -1
        while before != sent:
            before = sent
            await settle()
        # What a memory stream, or the kernel, holds on the way: not more than a few MB.
        assert 0 < sent < 30_000_000
        while sent == before:
            await talk.client.some()


async def test_a_send_that_is_cancelled_ends_the_connection() -> None:
    outcomes: list[object] = []

    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200))
        async with anyio.create_task_group() as senders:

            async def send_too() -> None:
                try:
                    await exchange.send(Data(data=b"too"))
                except ClientDisconnected as error:
                    outcomes.append(error)

            with CancelScope() as scope:
                async with anyio.create_task_group() as cancelled:
                    cancelled.start_soon(exchange.send, Data(data=bytes(1_000)))
                    await settle()
                    senders.start_soon(send_too)
                    await settle()
                    scope.cancel()
        try:
            await exchange.send(Data(data=b"more"))
        except ClientDisconnected as error:
            outcomes.append(error)
        outcomes.append(await exchange.receive())
        outcomes.append(exchange.disconnected)

    async with conversation(handler, capacity=500) as talk:
        await talk.client.send(GET)
        await talk.ended.wait()
        answer = await talk.client.answer()
        assert not answer.complete
    first, second, *others = outcomes
    assert isinstance(first, ClientDisconnected)
    assert isinstance(second, ClientDisconnected)
    assert others == [END, True]


async def test_a_send_that_is_cancelled_while_another_writes_counts_as_sent() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200))
        async with anyio.create_task_group() as senders:
            senders.start_soon(exchange.send, Data(data=b"a" * 1_000))
            await settle()
            with CancelScope() as scope:
                async with anyio.create_task_group() as cancelled:
                    cancelled.start_soon(exchange.send, Data(data=b"b"))
                    await settle()
                    scope.cancel()
        await exchange.send(Data(data=b"c"), END)

    async with conversation(handler, capacity=500) as talk:
        await talk.client.send(GET)
        await settle()
        assert (await talk.client.answer()).body == b"a" * 1_000 + b"bc"
        assert (await talk.client.ask()).status == 200


async def test_a_receive_reads_while_a_send_waits_for_the_peer() -> None:
    # A client may send all it has before it reads: two tasks of a handler can cope with that.
    received = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(exchange.send, Data(data=b"a" * 5_000))
            await settle()
            assert await body_of(exchange) == b"0123456789"
            received.set()
        await exchange.send(END)

    async with conversation(handler, capacity=1_000) as talk:
        await talk.client.send(POST)
        await settle()
        await talk.client.send(b"0123456789")
        await received.wait()
        assert (await talk.client.answer()).body == b"a" * 5_000


async def test_an_illegal_batch_sends_nothing_and_another_can_follow() -> None:
    async def handler(exchange: Exchange) -> None:
        with pytest.raises(LocalProtocolError):
            await exchange.send(OK, Data(data=b"abc"), END)
        started.append(exchange.response_started)
        await exchange.send(OK)
        started.append(exchange.response_started)
        await exchange.send(Data(data=b"ab"), END)

    started: list[bool] = []
    async with conversation(handler) as talk:
        assert (await talk.client.ask()).body == b"ab"
    assert started == [False, True]


async def test_a_send_that_writes_nothing_lets_others_run() -> None:
    # For HEAD a body is only counted; an endless one would hold the whole loop.
    pieces = 0
    enough = False

    async def handler(exchange: Exchange) -> None:
        nonlocal pieces
        await exchange.send(Response(status=200))
        while not enough:
            await exchange.send(Data(data=bytes(100)))
            pieces += 1
            assert pieces < 1_000
        await exchange.send(END)

    async with conversation(handler) as talk:
        await talk.client.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        await talk.client.until(b"\r\n\r\n")
        enough = True
        assert (await talk.client.ask(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")).complete


# What the kernel says, and what the handler sees of it.


@over_every_stream
@pytest.mark.parametrize(
    "request_start", [POST, CHUNKED, CHUNKED + b"5\r\n01234\r\n"], ids=["length", "chunked", "some"]
)
async def test_a_peer_that_ends_before_its_request_is_complete_is_gone(
    make_pair: MakePair, request_start: bytes
) -> None:
    events: list[Event] = []
    cancelled = False

    async def handler(exchange: Exchange) -> None:
        nonlocal cancelled
        await exchange.send(Response(status=200))
        events.extend([event async for event in exchange])
        events.append(await exchange.receive())
        with exchange.cancelled_on_disconnect():
            cancelled = True
            await anyio.sleep_forever()
        assert exchange.disconnected
        await exchange.send(Data(data=b"to nobody"))

    async with conversation(handler, make_pair=make_pair) as talk:
        await talk.client.send(request_start)
        await talk.client.until(b"\r\n\r\n")
        await talk.client.stream.send_eof()
        await talk.ended.wait()
    assert events[-2:] == [CLOSED, CLOSED]
    assert cancelled


@over_every_stream
async def test_a_peer_that_half_closes_after_its_request_is_still_answered(
    make_pair: MakePair,
) -> None:
    cancelled = False

    async def handler(exchange: Exchange) -> None:
        nonlocal cancelled
        async for _ in exchange:
            pass
        assert await exchange.receive() == CLOSED
        assert await exchange.receive() == CLOSED
        assert exchange.disconnected
        with exchange.cancelled_on_disconnect():
            cancelled = True
            await anyio.sleep_forever()
        await exchange.respond(200, body=b"still here")

    async with conversation(handler, make_pair=make_pair) as talk:
        await talk.client.send(POST + b"0123456789")
        await talk.client.stream.send_eof()
        answer = await talk.client.answer()
        assert answer.body == b"still here"
        assert await talk.client.some() == b""
    assert cancelled


async def test_a_peer_that_pipelines_and_half_closes_is_answered_every_time() -> None:
    async def handler(exchange: Exchange) -> None:
        async for _ in exchange:
            pass
        assert await exchange.receive() == CLOSED
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.send(GET * 3)
        await talk.client.stream.send_eof()
        for _ in range(3):
            assert (await talk.client.answer()).status == 200
        assert await talk.client.some() == b""


@over_every_stream
@pytest.mark.parametrize("request_start", [GET, POST], ids=["complete", "incomplete"])
async def test_a_peer_that_resets_is_gone(make_pair: MakePair, request_start: bytes) -> None:
    seen: list[object] = []
    begun = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        begun.set()
        event = await exchange.receive()
        seen.append(event if event != END else await exchange.receive())
        seen.append(await exchange.receive())
        seen.append(exchange.disconnected)
        with exchange.cancelled_on_disconnect():
            await anyio.sleep_forever()
        await exchange.respond(200)

    async with conversation(handler, make_pair=make_pair) as talk:
        await talk.client.send(request_start)
        await begun.wait()
        await settle()
        await reset(talk.client.stream)
        await talk.ended.wait()
    assert seen == [CLOSED, CLOSED, True]


@over_every_stream
async def test_a_peer_that_resets_while_it_is_sent_to_is_gone(make_pair: MakePair) -> None:
    errors: list[BaseException] = []

    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200))
        try:
            while True:
                await exchange.send(Data(data=bytes(1_000)))
        except ClientDisconnected as error:
            errors.append(error)
        assert await receive_in_a_cancelled_scope(exchange) == END
        assert await receive_in_a_cancelled_scope(exchange) == CLOSED
        with pytest.raises(ClientDisconnected):
            await exchange.send(END)

    async with conversation(handler, make_pair=make_pair) as talk:
        await talk.client.send(GET)
        await talk.client.until(b"\r\n\r\n")
        await settle()
        await reset(talk.client.stream)
        await talk.ended.wait()
    assert isinstance(errors[0], OSError)


async def test_the_cancellation_on_a_disconnect_ends_with_its_context() -> None:
    steps: list[str] = []

    async def handler(exchange: Exchange) -> None:
        with exchange.cancelled_on_disconnect():
            steps.append("before")
        steps.append("between")
        await exchange.receive()
        await exchange.receive()
        await checkpoint()
        with exchange.cancelled_on_disconnect():
            steps.append("at once")
            await checkpoint()
            steps.append("never")
        await checkpoint()
        steps.append("after")
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.send(GET)
        await settle()
        await talk.client.stream.send_eof()
        assert (await talk.client.answer()).status == 200
    assert steps == ["before", "between", "at once", "after"]


# Refusals.


async def test_a_body_limit_is_kept_before_the_client_is_told_to_go_on() -> None:
    async def handler(exchange: Exchange) -> None:
        exchange.limit_body(9)
        assert await exchange.receive() == CLOSED

    async with conversation(handler) as talk:
        answer = await talk.client.ask(EXPECTING)
        assert (answer.status, answer.interim) == (413, ())
        assert answer.get(b"connection") == b"close"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (CHUNKED + b"no size\r\n", 400),
        (CHUNKED + b"3\r\nabcde\r\n", 400),
        (POST + b"0123456789", 413),
    ],
)
async def test_a_handler_that_answers_what_was_refused_meanwhile_is_told_so_quietly(
    request_bytes: bytes, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    errors: list[BaseException] = []

    async def handler(exchange: Exchange) -> None:
        exchange.limit_body(5)
        await body_of(exchange)
        try:
            await exchange.respond(200)
        except ClientDisconnected as error:
            errors.append(error)
            raise

    async with conversation(handler) as talk:
        assert (await talk.client.ask(request_bytes)).status == status
        assert await talk.client.some() == b""
    assert len(errors) == 1
    assert "refused" in str(errors[0])
    assert "ERROR" not in [record.levelname for record in caplog.records]


async def test_an_answer_that_has_begun_can_be_finished_though_the_body_is_malformed() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200))
        assert await exchange.receive() == CLOSED
        await exchange.send(Data(data=b"all the same"), END)

    async with conversation(handler) as talk:
        await talk.client.send(CHUNKED + b"no size\r\n")
        assert (await talk.client.answer()).body == b"all the same"
        assert await talk.client.some() == b""


async def test_a_body_in_tiny_chunks_leaves_turns_to_others() -> None:
    chunks = 2_000
    turns: list[int] = []
    done = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        # Everything is here already: no event has to be waited for.
        await settle()
        before = ticks
        assert await body_of(exchange) == b"x" * chunks
        turns.append(ticks - before)
        done.set()

    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while not done.is_set():
            ticks += 1
            await checkpoint()

    async with conversation(handler) as talk, anyio.create_task_group() as group:
        group.start_soon(tick)
        await talk.client.send(CHUNKED + b"1\r\nx\r\n" * chunks + b"0\r\n\r\n")
        await done.wait()
    assert turns[0] >= chunks // 100


async def test_what_is_told_after_many_events_is_not_lost_by_a_cancellation() -> None:
    chunks = 200
    received: list[Event] = []

    async def handler(exchange: Exchange) -> None:
        await settle()
        with CancelScope() as scope:
            scope.cancel()
            received.extend([await exchange.receive() for _ in range(chunks + 1)])
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.send(CHUNKED + b"1\r\nx\r\n" * chunks + b"0\r\n\r\n")
        await talk.client.answer()
    assert received == [Data(data=b"x")] * chunks + [END]


# What is written later.


async def test_what_is_queued_is_written_with_what_is_sent_next() -> None:
    seen = list[bool]()

    async def handler(exchange: Exchange) -> None:
        assert exchange.queues
        exchange.queue(OK, Data(data=b"a"))
        seen.append(exchange.response_started)
        await settle()
        seen.append(bool(written))
        await exchange.send(Data(data=b"b"), END)

    written = bytearray()
    async with conversation(handler) as talk:

        async def read() -> None:
            written.extend(await talk.client.some())

        async with anyio.create_task_group() as group:
            group.start_soon(read)
            await talk.client.send(GET)
    assert seen == [True, False]
    assert written.endswith(b"\r\n\r\nab")


async def test_what_is_queued_is_written_by_itself_if_that_is_said() -> None:
    async def handler(exchange: Exchange) -> None:
        exchange.write_queued()
        exchange.queue(OK, Data(data=b"a"))
        exchange.write_queued()
        await go_on.wait()
        exchange.queue(Data(data=b"b"), END)
        await exchange.send()

    go_on = anyio.Event()
    async with conversation(handler) as talk:
        await talk.client.send(GET)
        assert (await talk.client.until(b"\r\n\r\na")).endswith(b"\r\n\r\na")
        go_on.set()
        assert await talk.client.some() == b"b"


async def test_what_is_queued_is_judged_at_once_and_refused_as_what_is_sent() -> None:
    kept = list[Exchange]()

    async def handler(exchange: Exchange) -> None:
        kept.append(exchange)
        with pytest.raises(LocalProtocolError):
            exchange.queue(OK, Data(data=b"abc"))
        assert not exchange.response_started
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.send(GET)
        assert (await talk.client.answer()).status == 200
        await settle()
        with pytest.raises(ExchangeOver):
            kept[0].queue(OK)
        kept[0].write_queued()


async def test_nothing_is_queued_for_a_client_that_is_gone() -> None:
    raised = list[bool]()

    async def handler(exchange: Exchange) -> None:
        assert isinstance(await exchange.receive(), EndOfMessage)
        assert isinstance(await exchange.receive(), ConnectionClosed)
        exchange.write_queued()
        with pytest.raises(ClientDisconnected):
            exchange.queue(OK)
        raised.append(True)

    async with conversation(handler) as talk:
        await talk.client.send(GET)
        await settle()
        await reset(talk.client.stream)
        await talk.ended.wait()
    assert raised == [True]


# The short way for whole answers.


@over_every_stream
async def test_whole_answers_that_need_not_wait_come_in_their_order(make_pair: MakePair) -> None:
    at_once: list[bool] = []

    async def handler(exchange: Exchange) -> None:
        at_once.append(exchange.send_chunks(Response(status=200), [b"a", b"bc"]))
        if not at_once[-1]:
            await exchange.send(Response(status=200), Data(data=b"a"), Data(data=b"bc"), END)
        with pytest.raises(LocalProtocolError):
            await exchange.send(Data(data=b"more"))

    async def in_length(exchange: Exchange) -> None:
        at_once.append(exchange.send_whole(OK, b"hi"))
        if not at_once[-1]:
            await exchange.send(OK, Data(data=b"hi"), END)

    async def either(exchange: Exchange) -> None:
        await (in_length if len(at_once) % 2 else handler)(exchange)

    async with conversation(either, make_pair=make_pair) as talk:
        await talk.client.send(GET * 4)
        for _ in range(2):
            head = await talk.client.until(b"\r\n\r\n")
            assert b"\r\nTransfer-Encoding: chunked\r\n" in head
            assert await talk.client.until(b"0\r\n\r\n") == b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"
            assert b"\r\nContent-Length: 2\r\n" in await talk.client.until(b"\r\n\r\n")
            assert await talk.client.until(b"hi") == b"hi"
    assert at_once == [isinstance(talk.driver.stream, NativeStream)] * 4


@over_every_stream
async def test_what_is_large_or_held_to_a_rate_is_not_sent_at_once(make_pair: MakePair) -> None:
    pieces = [bytes(20_000), bytes(20_000)]

    async def handler(exchange: Exchange) -> None:
        assert not exchange.send_chunks(Response(status=200), pieces)
        exchange.pace(download=1e9)
        assert not exchange.send_chunks(Response(status=200), [b"a"])
        await exchange.respond(200)

    async with conversation(handler, make_pair=make_pair) as talk:
        await talk.client.send(GET)
        assert (await talk.client.answer()).status == 200


async def test_no_whole_answer_is_sent_after_the_end() -> None:
    kept = list[Exchange]()

    async def handler(exchange: Exchange) -> None:
        kept.append(exchange)
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.send(GET)
        await talk.client.answer()
        await settle()
        with pytest.raises(ExchangeOver):
            kept[0].send_chunks(Response(status=200), [b"a"])
        with pytest.raises(ExchangeOver):
            kept[0].send_whole(OK, b"hi")


# The short way for pieces of a body.


@over_every_stream
@pytest.mark.parametrize("declared", [False, True], ids=["in chunks", "of known length"])
async def test_pieces_that_need_not_wait_come_in_their_order(
    make_pair: MakePair, declared: bool
) -> None:
    pieces = [b"%06d" % number * 1_000 for number in range(200)]
    at_once: list[bool] = []
    size = sum(map(len, pieces))
    fields = [(b"content-length", b"%d" % size)] if declared else []

    async def handler(exchange: Exchange) -> None:
        assert not exchange.send_piece(b"before the head")
        await exchange.send(Response(status=200, headers=Headers(fields)))
        for piece in pieces:
            at_once.append(exchange.send_piece(piece))
            if not at_once[-1]:
                await exchange.send(Data(data=piece))
        assert not exchange.send_piece(b"")
        await exchange.send(END)
        assert not exchange.send_piece(b"behind the end")

    async with conversation(handler, make_pair=make_pair) as talk:
        await talk.client.send(GET)
        answer = await talk.client.answer()
        assert answer.body == b"".join(pieces)
        assert (True in at_once) is isinstance(talk.driver.stream, NativeStream)
    assert False in at_once, "others have their turn"


async def test_pieces_to_a_peer_that_does_not_read_wait() -> None:
    piece = bytes(60_000)
    given = 0

    async def handler(exchange: Exchange) -> None:
        nonlocal given
        await exchange.send(Response(status=200))
        for _ in range(100):
            if not exchange.send_piece(piece):
                await exchange.send(Data(data=piece))
            given += 1
        await exchange.send(EndOfMessage())

    make_pair = tcp_pair(Transport.NATIVE, buffers=65_536)
    async with conversation(handler, make_pair=make_pair) as talk:
        await talk.client.send(GET)
        # anyio's stream reads without end before it is asked once.
        size = len(await talk.client.some())
        before = -1
        while given != before:
            before = given
            await settle()
        assert given < 100
        assert size + await read_chunks(talk.client) > 100 * 60_000


async def read_chunks(client: Client) -> int:
    """Read the rest of an answer in chunks; return how many bytes it has on the wire."""
    size, end = 0, b""
    while not end.endswith(b"\r\n0\r\n\r\n"):
        data = await client.some()
        assert data, "the server closed"
        size += len(data)
        end = (end + data)[-8:]
    return size


async def test_a_piece_that_needs_more_is_left_to_send() -> None:
    read = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200))
        await read.wait()
        assert not exchange.send_piece(bytes(65_537)), "that is to be cut"
        async with anyio.create_task_group() as group:
            group.start_soon(exchange.send, Data(data=bytes(1_000_000)))
            await settle()
            assert not exchange.send_piece(b"!"), "another waits"
            await exchange.send(Data(data=b"!"))
        exchange.pace(download=1e9)
        assert not exchange.send_piece(b"!"), "there is a rate to be held"
        await exchange.send(END)

    make_pair = tcp_pair(Transport.NATIVE, buffers=65_536)
    async with conversation(handler, make_pair=make_pair) as talk:
        await talk.client.send(GET)
        # anyio's stream reads without end before it is asked once.
        await talk.client.some()
        read.set()
        await settle()
        assert await read_chunks(talk.client) > 1_000_000


async def test_no_piece_is_sent_when_the_exchange_is_over() -> None:
    kept: list[Exchange] = []

    async def handler(exchange: Exchange) -> None:
        kept.append(exchange)
        await exchange.send(Response(status=200))

    async with conversation(handler) as talk:
        await talk.client.send(GET)
        await talk.client.rest()
    assert not kept[0].send_piece(b"too late")
