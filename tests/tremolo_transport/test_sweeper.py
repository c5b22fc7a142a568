"""Who is too late, and what becomes of it; the tests say what time it is."""

import logging
import socket
import time

import anyio
import pytest
from anyio import CancelScope
from anyio.lowlevel import checkpoint

from tremolo_core import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    RemoteProtocolError,
    Response,
    Timeouts,
)
from tremolo_transport.exchange import ClientDisconnected, Exchange
from tremolo_transport.peer import Peer
from tremolo_transport.settings import ServerSettings
from tremolo_transport.streams import Transport
from tremolo_transport.sweeper import Sweeper

from .conversations import (
    GET,
    Conversation,
    MakePair,
    conversation,
    over_every_stream,
    over_sockets,
    raw_socket,
    reset,
    settle,
    surroundings,
    tcp_pair,
)

pytestmark = pytest.mark.anyio

CLOSED = ConnectionClosed()
POST = b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"


async def hello(exchange: Exchange) -> None:
    await exchange.respond(200)


# The head, and the time between requests.


@over_every_stream
@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHo"], ids=["nothing", "a part"])
async def test_a_first_head_that_is_late_is_refused(
    make_pair: MakePair, begun: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with conversation(hello, make_pair=make_pair) as talk:
        await talk.client.send(begun)
        await settle()
        talk.sweep()
        talk.sweep(later=29.9)
        await settle()
        assert not talk.ended.is_set()
        talk.sweep(later=0.1)
        answer = await talk.client.answer()
        assert (answer.status, answer.get(b"connection")) == (408, b"close")
        assert await talk.client.some() == b""
    (record,) = caplog.records
    assert record.getMessage().endswith("the request's head came too late; answered 408")


async def test_a_head_counts_from_its_first_byte_on_a_connection_that_is_kept() -> None:
    async with conversation(hello) as talk:
        await talk.client.ask()
        await settle()
        talk.sweep()
        talk.sweep(later=70)
        await talk.client.send(b"GET / HT")
        await settle()
        talk.sweep()
        talk.sweep(later=29.9)
        await settle()
        assert not talk.ended.is_set()
        talk.sweep(later=0.2)
        assert (await talk.client.answer()).status == 408


@over_every_stream
async def test_an_idle_connection_is_closed_without_a_word(
    make_pair: MakePair, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with conversation(hello, make_pair=make_pair) as talk:
        await talk.client.ask()
        await settle()
        talk.sweep()
        talk.sweep(later=74.9)
        await settle()
        assert not talk.ended.is_set()
        assert (await talk.client.ask()).status == 200
        await settle()
        talk.sweep()
        talk.sweep(later=75)
        assert await talk.client.some() == b""
        await talk.ended.wait()
    assert caplog.records == []


@over_every_stream
@pytest.mark.parametrize("turns", range(6))
@pytest.mark.parametrize("first", [True, False], ids=["first", "next"])
async def test_a_request_that_comes_as_its_time_is_up_is_answered(
    make_pair: MakePair, turns: int, first: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(exchange: Exchange) -> None:
        # Whoever cancels the wait for a request must not cancel the handler.
        for _ in range(5):
            await checkpoint()
        await exchange.respond(200)

    async with conversation(handler, make_pair=make_pair) as talk:
        if not first:
            await talk.client.ask()
        await settle()
        talk.sweep()
        await talk.client.send(GET)
        for _ in range(turns):
            await checkpoint()
        talk.sweep(later=30 if first else 75)
        answer = await talk.client.answer()
        assert answer.status == 200
        assert (await talk.client.ask()).status == 200
    assert caplog.records == []


@pytest.mark.parametrize("turns", range(6))
async def test_a_request_that_comes_as_the_server_stops_is_answered(turns: int) -> None:
    async def handler(exchange: Exchange) -> None:
        await checkpoint()
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await settle()
        await talk.client.send(GET)
        for _ in range(turns):
            await checkpoint()
        talk.around.shutdown.begin(None)
        talk.driver.begin_stop()
        assert (await talk.client.answer()).status == 200
        assert await talk.client.some() == b""


async def test_a_request_that_has_come_in_part_as_the_server_stops_has_its_usual_time() -> None:
    async with conversation(hello) as talk:
        await talk.client.send(GET[:10])
        await settle()
        talk.sweep()
        talk.around.shutdown.begin(None)
        talk.driver.begin_stop()
        talk.sweep(later=29)
        await settle()
        assert not talk.ended.is_set()
        talk.sweep(later=2)
        assert (await talk.client.answer()).status == 408


async def test_time_that_a_handler_takes_is_not_the_clients() -> None:
    answer = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        await answer.wait()
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.send(GET)
        await settle()
        for _ in range(5):
            talk.sweep(later=100)
            await settle()
        answer.set()
        assert (await talk.client.answer()).status == 200
        await settle()
        talk.sweep()
        assert (await talk.client.ask()).status == 200


async def test_no_time_out_where_none_is_wanted() -> None:
    never = Timeouts(head=None, keep_alive=None, body_idle=None, body_rate=None)
    async with conversation(hello, settings=ServerSettings(timeouts=never)) as talk:
        for _ in range(3):
            for _ in range(2):
                talk.sweep(later=1_000_000)
                await settle()
            assert (await talk.client.ask()).status == 200


# The body.


async def read(exchange: Exchange, events: list[Event]) -> None:
    events.extend([event async for event in exchange])


@over_every_stream
@pytest.mark.parametrize("begun", [b"", b"01234"], ids=["nothing", "a part"])
async def test_a_body_that_is_late_ends_the_receive_and_is_refused_at_once(
    make_pair: MakePair, begun: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    events: list[Event] = []
    go_on = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        await read(exchange, events)
        await go_on.wait()
        with pytest.raises(ClientDisconnected):
            await exchange.respond(200)

    async with conversation(handler, make_pair=make_pair) as talk:
        await talk.client.send(POST + begun)
        await settle()
        talk.sweep()
        talk.sweep(later=29.9)
        await settle()
        assert CLOSED not in events
        talk.sweep(later=0.2)
        # The handler has not returned.
        answer = await talk.client.answer("POST")
        assert (answer.status, answer.get(b"connection")) == (408, b"close")
        go_on.set()
        assert await talk.client.some() == b""
    assert events[-1] == CLOSED
    (record,) = caplog.records
    assert record.getMessage().endswith("the request's body came too slowly; answered 408")


async def test_a_body_that_comes_too_slowly_is_refused() -> None:
    events: list[Event] = []

    async def handler(exchange: Exchange) -> None:
        await read(exchange, events)

    async with conversation(handler) as talk:
        await talk.client.send(POST.replace(b"10\r\n", b"100000\r\n"))
        await settle()
        talk.sweep()
        seconds = 0
        while CLOSED not in events:
            await talk.client.send(b"x" * 100)
            await settle()
            talk.sweep(later=1)
            await settle()
            seconds += 1
        assert 30 < seconds < 60
        assert (await talk.client.answer("POST")).status == 408


async def test_a_late_body_of_an_answer_that_has_begun_ends_the_receive_alone() -> None:
    events: list[Event] = []

    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200))
        await read(exchange, events)
        await exchange.send(Data(data=b"all the same"), EndOfMessage())

    async with conversation(handler) as talk:
        await talk.client.send(POST)
        await settle()
        talk.sweep()
        talk.sweep(later=30)
        answer = await talk.client.answer("POST")
        assert (answer.body, answer.complete) == (b"all the same", True)
        assert await talk.client.some() == b""
    assert events == [CLOSED]


async def test_a_body_that_nobody_wants_may_take_its_time() -> None:
    read_it = anyio.Event()
    events: list[Event] = []

    async def handler(exchange: Exchange) -> None:
        await read_it.wait()
        await read(exchange, events)
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.send(POST)
        await settle()
        for _ in range(10):
            talk.sweep(later=20)
            await settle()
        read_it.set()
        await settle()
        talk.sweep()
        await talk.client.send(b"0123456789")
        assert (await talk.client.answer("POST")).status == 200
    assert events == [Data(data=b"0123456789"), EndOfMessage()]


async def test_a_body_that_is_no_longer_waited_for_may_take_its_time() -> None:
    read_it = anyio.Event()
    events: list[Event] = []

    async def handler(exchange: Exchange) -> None:
        with CancelScope() as scope:
            scope.cancel()
            await exchange.receive()
        await read_it.wait()
        await read(exchange, events)
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.send(POST)
        await settle()
        for _ in range(10):
            talk.sweep(later=20)
            await settle()
        read_it.set()
        await settle()
        talk.sweep()
        await talk.client.send(b"0123456789")
        assert (await talk.client.answer("POST")).status == 200
    assert events == [Data(data=b"0123456789"), EndOfMessage()]


async def test_an_unread_body_that_is_late_ends_the_connection() -> None:
    async with conversation(hello) as talk:
        await talk.client.send(POST)
        assert (await talk.client.answer("POST")).status == 200
        await settle()
        talk.sweep()
        talk.sweep(later=29)
        await settle()
        assert not talk.ended.is_set()
        talk.sweep(later=1)
        assert await talk.client.some() == b""
        await talk.client.stream.aclose()
        await talk.ended.wait()


# Peers that have gone, while nobody reads.


async def flood(sock: socket.socket, talk: Conversation) -> int:
    """Send until nobody takes any more, and return how many bytes were taken."""
    sent = idle = 0
    while idle < 5:
        try:
            sent += sock.send(bytes(4_096))
            idle = 0
        except BlockingIOError:
            idle += 1
        talk.sweep()
        await settle()
        assert sent < 2_000_000
    return sent


@pytest.mark.parametrize("leaving", ["ends", "resets"])
@pytest.mark.parametrize("receives", [True, False])
@over_sockets
async def test_a_peer_that_leaves_behind_a_full_read_ahead_is_noticed(
    transport: Transport, leaving: str, receives: bool
) -> None:
    gone = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        if receives:
            # There is nothing more to be had before the next request, which must wait.
            assert await exchange.receive() == EndOfMessage()
            assert await exchange.receive() == CLOSED
            assert not gone.is_set()
        else:
            with exchange.cancelled_on_disconnect():
                await anyio.sleep_forever()
        assert exchange.disconnected
        gone.set()

    async with conversation(handler, make_pair=tcp_pair(transport)) as talk:
        with raw_socket(talk.client.stream) as client:
            client.send(GET)
            await settle()
            # More than is read ahead, little enough for the end to get into the kernel behind it.
            client.send(GET * 2_600)
            for _ in range(4):
                talk.sweep()
                await settle()
            assert not gone.is_set()
            if leaving == "ends":
                client.shutdown(socket.SHUT_WR)
        if leaving == "resets":
            await reset(talk.client.stream)
        await settle()
        talk.sweep()
        await gone.wait()


@over_sockets
async def test_a_flooding_peer_is_read_ahead_of_by_a_bounded_amount(transport: Transport) -> None:
    answer = anyio.Event()
    taken = 0

    async def handler(exchange: Exchange) -> None:
        nonlocal taken
        await answer.wait()
        async for event in exchange:
            if isinstance(event, Data):
                taken += len(event.data)
        await exchange.respond(200)

    make_pair = tcp_pair(transport, buffers=8_192)
    async with conversation(handler, make_pair=make_pair) as talk:
        with raw_socket(talk.client.stream) as client:
            size = 5_000_000
            client.send(POST.replace(b"10\r\n", b"%d\r\n" % size))
            await settle()
            sent = await flood(client, talk)
            # 64 KiB, one more read, what asyncio's stream reads at once, and the kernel's part.
            assert 65_536 < sent < 65_536 + 65_536 + 262_144 + 100_000
        answer.set()
        await talk.client.send(bytes(size - sent))
        assert (await talk.client.answer("POST")).status == 200
    assert taken == size


async def test_a_handler_that_polls_learns_within_two_sweeps_that_the_peer_left() -> None:
    polls = 0

    async def handler(exchange: Exchange) -> None:
        # What Starlette's `is_disconnected` does.
        nonlocal polls
        event: Event | None = None
        while event != CLOSED:
            event = None
            with CancelScope() as scope:
                scope.cancel()
                event = await exchange.receive()
            polls += 1
            await checkpoint()
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.send(GET)
        await settle()
        for _ in range(3):
            talk.sweep()
            await settle()
        await talk.client.stream.aclose()
        for _ in range(2):
            talk.sweep()
            await settle()
        await talk.ended.wait()
    assert polls > 10


# Once a second.


async def test_the_date_is_that_of_the_answer_and_made_once_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wall = [784_111_777.0]
    monkeypatch.setattr(time, "time", lambda: wall[0])
    async with conversation(hello) as talk:
        # Before any sweep, too.
        assert (await talk.client.ask()).get(b"date") == b"Sun, 06 Nov 1994 08:49:37 GMT"
        wall[0] += 1
        talk.sweep(later=1)
        assert (await talk.client.ask()).get(b"date") == b"Sun, 06 Nov 1994 08:49:38 GMT"
        wall[0] += 1
        for _ in range(3):
            talk.sweep(later=0.25)
        assert (await talk.client.ask()).get(b"date") == b"Sun, 06 Nov 1994 08:49:38 GMT"
        talk.sweep(later=0.25)
        assert (await talk.client.ask()).get(b"date") == b"Sun, 06 Nov 1994 08:49:39 GMT"


async def test_refusals_are_logged_at_a_limited_rate(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    error = RemoteProtocolError("wrong")
    async with conversation(hello) as talk:
        talk.sweep()
        for _ in range(15):
            talk.around.refusals.note(error, Peer())
        assert len(caplog.records) == 10
        for _ in range(3):
            talk.sweep(later=0.25)
        talk.around.refusals.note(error, Peer())
        assert len(caplog.records) == 10
        talk.sweep(later=0.25)
        talk.around.refusals.note(error, Peer())
        assert len(caplog.records) == 11


async def test_the_sweeper_looks_four_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    swept: list[float] = []
    enough = anyio.Event()

    async def pass_at_once(seconds: float) -> None:
        waits.append(seconds)
        await checkpoint()

    class Counting(Sweeper):
        def sweep(self, now: float) -> None:
            super().sweep(now)
            swept.append(now)
            if len(swept) == 3:
                enough.set()

    async with anyio.create_task_group() as group:
        monkeypatch.setattr(anyio, "sleep", pass_at_once)
        group.start_soon(Counting(surroundings(hello, group)).run)
        before = anyio.current_time()
        await enough.wait()
        group.cancel_scope.cancel()
    assert waits[:2] == [0.25, 0.25]
    assert before <= swept[0] <= swept[2] <= anyio.current_time()


# Cancelling everything.


async def test_all_connections_can_be_cancelled_at_once_and_those_that_follow() -> None:
    begun: list[Exchange] = []
    ended = 0

    async def wait(exchange: Exchange) -> None:
        nonlocal ended
        begun.append(exchange)
        try:
            await anyio.sleep_forever()
        finally:
            ended += 1

    async with conversation(wait) as busy, conversation(wait) as idle, conversation(wait) as late:
        await busy.client.send(GET)
        await settle()
        assert len(begun) == 1
        sweeper = Sweeper(busy.around)
        sweeper.add(busy.driver)
        sweeper.add(idle.driver)
        sweeper.cancel()
        for talk in (busy, idle):
            assert await talk.client.some() == b""
            await talk.ended.wait()
        assert ended == 1
        sweeper.add(late.driver)
        assert await late.client.some() == b""


async def test_a_connection_whose_time_was_up_can_be_cancelled() -> None:
    async def never_stops(exchange: Exchange) -> None:
        await exchange.send(Response(status=200), Data(data=bytes(100_000)))

    async with conversation(never_stops, capacity=10) as talk:
        # What is owed to it cannot be written.
        await talk.client.send(b"GET / HTTP/1.1\r\nHo")
        await settle()
        talk.sweep()
        talk.sweep(later=31)
        await settle()
        assert not talk.ended.is_set()
        talk.driver.cancel()
        await talk.ended.wait()
