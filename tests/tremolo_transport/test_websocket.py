"""A WebSocket through the transport: its beginning, its messages, and every way it can end.

The client's frames are put together by hand, those of the server are read by
wsproto, which knows nothing of us.
"""

import logging
import tracemalloc
from collections.abc import Awaitable, Callable

import anyio
import pytest
from anyio import BrokenResourceError
from anyio.lowlevel import checkpoint
from wsproto import ConnectionType
from wsproto.connection import Connection as Reader
from wsproto.events import BytesMessage as Part
from wsproto.events import CloseConnection, Message
from wsproto.events import Event as Frame
from wsproto.events import Ping as PingFrame
from wsproto.events import Pong as PongFrame
from wsproto.events import TextMessage as WholeText

from tests.tremolo_core.framing import (
    BINARY,
    PING,
    PONG,
    TEXT,
    close_frame,
    frame,
    handshake,
)
from tremolo_core import (
    AcceptWebSocket,
    BytesMessage,
    CloseWebSocket,
    ConnectionClosed,
    EndOfMessage,
    Event,
    Limits,
    LocalProtocolError,
    Ping,
    TextMessage,
    Timeouts,
)
from tremolo_transport.exchange import ClientDisconnected, Exchange, Handler
from tremolo_transport.native_stream import NativeStream
from tremolo_transport.settings import ServerSettings
from tremolo_transport.streams import Transport

from .conversations import (
    Client,
    Conversation,
    MakePair,
    conversation,
    over_every_stream,
    reset,
    settle,
    tcp_pair,
)
from .striking import by_scope_and_by_task, strike_everywhere

pytestmark = pytest.mark.anyio

CLOSED = ConnectionClosed()
ACCEPT = AcceptWebSocket()


class Frames:
    """The server's frames as they come."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._reader = Reader(ConnectionType.CLIENT)

    async def next(self) -> Frame | None:
        """The next frame; None at the end of the connection."""
        while (event := next(self._reader.events(), None)) is None:
            data = await self._client.some()
            if not data:
                return None
            self._reader.receive_data(data)
        return event

    async def text(self) -> str:
        event = await self.next()
        assert isinstance(event, Message), event
        assert isinstance(event.data, str)
        return event.data

    async def close(self) -> tuple[int, str | None]:
        event = await self.next()
        assert isinstance(event, CloseConnection), event
        return event.code, event.reason


async def opened(talk: Conversation, behind: bytes = b"") -> Frames:
    """Ask for a WebSocket, with something behind it, and have it accepted."""
    await talk.client.send(handshake() + behind)
    head = await talk.client.until(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 "), head
    return Frames(talk.client)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno > logging.INFO]


async def received_to_the_end(exchange: Exchange) -> list[Event]:
    events = [event async for event in exchange]
    assert await exchange.receive() == CLOSED
    return events


# Beginning.


@over_every_stream
async def test_messages_go_in_both_directions(make_pair: MakePair) -> None:
    async def handler(exchange: Exchange) -> None:
        assert exchange.request.upgrade == b"websocket"
        await exchange.send(ACCEPT)
        while (event := await exchange.receive()) != CLOSED:
            if not isinstance(event, CloseWebSocket):
                await exchange.send(event)

    async with conversation(handler, make_pair=make_pair) as talk:
        frames = await opened(talk)
        for number in range(3):
            await talk.client.send(frame(TEXT, b"%d" % number))
            assert await frames.text() == str(number)
        await talk.client.send(frame(BINARY, bytes(100_000)))
        received = b""
        while len(received) < 100_000:
            event = await frames.next()
            assert isinstance(event, Message)
            received += event.data
        assert received == bytes(100_000)
        await talk.client.send(close_frame(1000))
        assert await frames.close() == (1000, "")
        await talk.ended.wait()


async def test_the_acceptance_is_stamped_and_can_have_messages_behind_it() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(ACCEPT, TextMessage(text="welcome"))
        await exchange.receive()

    async with conversation(handler) as talk:
        await talk.client.send(handshake())
        head = await talk.client.until(b"\r\n\r\n")
        assert b"\r\nserver: tremolo\r\n" in head.lower()
        assert b"\r\ndate: " in head.lower()
        assert await Frames(talk.client).text() == "welcome"


@pytest.mark.parametrize("early", [True, False], ids=["before the acceptance", "never"])
@over_every_stream
async def test_what_comes_behind_the_handshake_is_kept(make_pair: MakePair, early: bool) -> None:
    events: list[Event] = []

    async def handler(exchange: Exchange) -> None:
        if early:
            assert await exchange.receive() == EndOfMessage()
        await exchange.send(ACCEPT)
        events.extend(await received_to_the_end(exchange))

    behind = frame(TEXT, b"one") + frame(BINARY, b"two") + close_frame(4000, b"bye")
    async with conversation(handler, make_pair=make_pair) as talk:
        frames = await opened(talk, behind)
        assert (await frames.close())[0] == 4000
        await talk.ended.wait()
    assert events == [
        TextMessage(text="one"),
        BytesMessage(data=b"two"),
        CloseWebSocket(code=4000, reason="bye"),
        CLOSED,
    ]


async def test_a_refused_handshake_is_an_ordinary_answer_and_the_last() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.respond(403, body=b"no")

    async with conversation(handler) as talk:
        await talk.client.send(handshake() + frame(TEXT, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
        answer = await talk.client.answer()
        assert (answer.status, answer.body, answer.get(b"connection")) == (403, b"no", b"close")
        assert await talk.client.some() == b""


async def test_a_bad_handshake_is_told_what_would_do() -> None:
    async with conversation(echo) as talk:
        await talk.client.send(
            handshake().replace(b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 8")
        )
        answer = await talk.client.answer()
        assert (answer.status, answer.get(b"sec-websocket-version")) == (426, b"13")


async def echo(exchange: Exchange) -> None:
    await exchange.send(ACCEPT)
    async for event in exchange:
        if isinstance(event, TextMessage | BytesMessage):
            await exchange.send(event)


# The handler ends it.


async def returns(exchange: Exchange) -> None:
    await exchange.send(ACCEPT)


async def raises(exchange: Exchange) -> None:
    await exchange.send(ACCEPT)
    raise ValueError("in the middle")


async def closes(exchange: Exchange) -> None:
    await exchange.send(ACCEPT, CloseWebSocket(code=4001, reason="enough"))
    assert (await received_to_the_end(exchange))[-2:] == [CloseWebSocket(code=4001), CLOSED]


async def closes_and_returns(exchange: Exchange) -> None:
    await exchange.send(ACCEPT, CloseWebSocket(code=4001, reason="enough"))


async def closes_and_raises(exchange: Exchange) -> None:
    await exchange.send(ACCEPT, CloseWebSocket(code=4001, reason="enough"))
    raise ValueError("afterwards")


@pytest.mark.parametrize(
    ("handler", "close", "logged"),
    [
        (returns, (1000, ""), []),
        (raises, (1011, ""), ["the handler of GET /chat failed"]),
        (closes, (4001, "enough"), []),
        (closes_and_returns, (4001, "enough"), []),
        (closes_and_raises, (4001, "enough"), ["the handler of GET /chat failed"]),
    ],
)
@over_every_stream
async def test_the_handler_ends_it(
    make_pair: MakePair,
    handler: Handler,
    close: tuple[int, str],
    logged: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with conversation(handler, make_pair=make_pair) as talk:
        frames = await opened(talk)
        # It may come after the client's next messages.
        await talk.client.send(frame(TEXT, b"not read"))
        assert await frames.close() == close
        assert not talk.ended.is_set()
        await talk.client.send(close_frame(close[0]))
        assert await talk.client.some() == b""
        await talk.ended.wait()
    assert errors(caplog) == logged
    assert [bool(record.exc_info) for record in caplog.records] == [True] * len(logged)


@pytest.mark.parametrize("fails", [True, False])
async def test_a_handler_that_never_answers_is_a_500(
    fails: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(exchange: Exchange) -> None:
        if fails:
            raise ValueError("before the acceptance")

    async with conversation(handler) as talk:
        answer = await talk.client.ask(handshake())
        assert (answer.status, answer.get(b"connection")) == (500, b"close")
        assert await talk.client.some() == b""
    assert len(errors(caplog)) == 1


async def test_a_client_that_does_not_answer_a_close_is_left(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with conversation(returns, settings=timeouts(close=10)) as talk:
        frames = await opened(talk)
        assert await frames.close() == (1000, "")
        await settle()
        talk.sweep()
        await talk.client.send(frame(TEXT, b"as if nothing had happened"))
        talk.sweep(later=9.9)
        await settle()
        assert not talk.ended.is_set()
        talk.sweep(later=0.1)
        assert await talk.client.some() == b""
        await talk.ended.wait()
    assert caplog.records == []


async def test_a_handler_that_waits_for_the_answer_to_its_close_does_not_wait_for_ever() -> None:
    events: list[Event] = []

    async def handler(exchange: Exchange) -> None:
        await exchange.send(ACCEPT, CloseWebSocket())
        events.extend(await received_to_the_end(exchange))

    async with conversation(handler, settings=timeouts(close=10)) as talk:
        frames = await opened(talk)
        assert await frames.close() == (1000, "")
        await settle()
        talk.sweep()
        talk.sweep(later=10)
        assert await talk.client.some() == b""
    assert events == [CLOSED]


async def test_nothing_is_sent_behind_ones_own_close() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(ACCEPT, CloseWebSocket())
        with pytest.raises(LocalProtocolError):
            await exchange.send(TextMessage(text="more"))

    async with conversation(handler) as talk:
        frames = await opened(talk)
        assert await frames.close() == (1000, "")
        await talk.client.send(close_frame(1000))
        assert await talk.client.some() == b""


# The client ends it.


@pytest.mark.parametrize("code", [1000, 1001, 3000, None])
@over_every_stream
async def test_the_clients_close_is_echoed_and_told(make_pair: MakePair, code: int | None) -> None:
    events: list[Event] = []

    async def handler(exchange: Exchange) -> None:
        await exchange.send(ACCEPT)
        events.extend(await received_to_the_end(exchange))
        assert exchange.disconnected
        for event in (TextMessage(text="too late"), CloseWebSocket()):
            with pytest.raises(ClientDisconnected):
                await exchange.send(event)

    async with conversation(handler, make_pair=make_pair) as talk:
        frames = await opened(talk)
        await talk.client.send(close_frame(code))
        assert (await frames.close())[0] == (code or 1005)
        assert await talk.client.some() == b""
        await talk.ended.wait()
    assert events == [CloseWebSocket(code=code), CLOSED]


@pytest.mark.parametrize("leave", ["ends", "resets"])
@over_every_stream
async def test_a_client_that_leaves_without_a_close_is_gone(
    make_pair: MakePair, leave: str, caplog: pytest.LogCaptureFixture
) -> None:
    events: list[Event] = []

    async def handler(exchange: Exchange) -> None:
        await exchange.send(ACCEPT)
        events.extend(await received_to_the_end(exchange))
        await exchange.send(TextMessage(text="too late"))

    async with conversation(handler, make_pair=make_pair) as talk:
        await opened(talk)
        await talk.client.send(frame(TEXT, b"hello"))
        await settle()
        if leave == "ends":
            await talk.client.stream.send_eof()
        else:
            await reset(talk.client.stream)
        await talk.ended.wait()
    assert events == [TextMessage(text="hello"), CLOSED]
    assert errors(caplog) == []


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (frame(TEXT, b"x", mask=None), 1002),
        (frame(TEXT, b"\xff"), 1007),
        (frame(BINARY, bytes(2_000)), 1009),
    ],
)
@over_every_stream
async def test_a_client_that_breaks_the_rules_is_told_so_and_so_is_the_handler(
    make_pair: MakePair, bad: bytes, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    events: list[Event] = []

    async def handler(exchange: Exchange) -> None:
        await exchange.send(ACCEPT)
        events.extend(await received_to_the_end(exchange))
        with pytest.raises(ClientDisconnected):
            await exchange.send(TextMessage(text="too late"))

    settings = limited(message=1_000)
    async with conversation(handler, make_pair=make_pair, settings=settings) as talk:
        frames = await opened(talk)
        await talk.client.send(frame(TEXT, b"good") + bad)
        told = await frames.close()
        assert told[0] == code
        assert await talk.client.some() == b""
    assert events[0] == TextMessage(text="good")
    assert events[1:] == [CloseWebSocket(code=code, reason=told[1] or ""), CLOSED]
    (record,) = caplog.records
    assert record.getMessage().endswith(f"; answered {code}")


# The server ends it.


@pytest.mark.parametrize("code", [1001, 1012])
@over_every_stream
async def test_a_server_that_stops_closes_it(make_pair: MakePair, code: int) -> None:
    events: list[Event] = []

    async def handler(exchange: Exchange) -> None:
        await exchange.send(ACCEPT)
        events.extend(await received_to_the_end(exchange))

    async with conversation(handler, make_pair=make_pair) as talk:
        frames = await opened(talk)
        await settle()
        talk.around.shutdown.begin(None, close_code=code)
        talk.driver.begin_stop()
        assert await frames.close() == (code, "")
        await talk.client.send(close_frame(code))
        assert await talk.client.some() == b""
        await talk.ended.wait()
    assert events == [CloseWebSocket(code=code), CLOSED]


async def test_one_that_is_accepted_while_the_server_stops_is_closed_at_once() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.shutdown.wait()
        await exchange.send(ACCEPT)
        with pytest.raises(ClientDisconnected):
            await exchange.send(TextMessage(text="too late"))

    async with conversation(handler) as talk:
        await talk.client.send(handshake())
        await settle()
        talk.around.shutdown.begin(None, close_code=1012)
        talk.driver.begin_stop()
        assert (await talk.client.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        assert await Frames(talk.client).close() == (1012, "")


async def test_a_handler_that_returns_as_the_server_stops_says_why() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(ACCEPT)
        await exchange.shutdown.wait()

    async with conversation(handler) as talk:
        frames = await opened(talk)
        talk.around.shutdown.begin(None)
        assert await frames.close() == (1001, "")
        await talk.client.send(close_frame(1001))
        await talk.ended.wait()


# Signs of life.


def timeouts(**seconds: float) -> ServerSettings:
    return ServerSettings(timeouts=Timeouts(**seconds))


def limited(*, message: int) -> ServerSettings:
    return ServerSettings(limits=Limits(message=message))


async def waits(exchange: Exchange) -> None:
    await anyio.sleep_forever()


async def receives(exchange: Exchange) -> None:
    await exchange.receive()
    raise AssertionError("nothing was to come")


async def sends_now_and_then(exchange: Exchange) -> None:
    while True:
        await checkpoint()
        await exchange.send(TextMessage(text="still here"))


def accepting(
    then: Callable[[Exchange], Awaitable[None]], ended: anyio.Event | None = None
) -> Handler:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(ACCEPT)
        with exchange.cancelled_on_disconnect():
            await then(exchange)
        if ended is not None:
            assert exchange.disconnected
            ended.set()

    return handler


@pytest.mark.parametrize("then", [waits, receives])
@over_every_stream
async def test_a_ping_is_answered_within_two_sweeps_whatever_the_handler_does(
    make_pair: MakePair, then: Handler
) -> None:
    async with conversation(accepting(then), make_pair=make_pair) as talk:
        frames = await opened(talk)
        for _ in range(2):
            await settle()
            talk.sweep()
        for number in range(3):
            await talk.client.send(frame(PING, b"%d" % number))
            # No sweep is needed once somebody reads.
            pong = await frames.next()
            assert isinstance(pong, PongFrame)
            assert pong.payload == b"%d" % number


@pytest.mark.parametrize("then", [waits, receives])
async def test_a_silent_handler_lives_through_five_ping_intervals(then: Handler) -> None:
    ended = anyio.Event()
    handler = accepting(then, ended)
    async with conversation(handler, settings=timeouts(ping=20, pong=20)) as talk:
        frames = await opened(talk)
        for _ in range(5):
            await settle()
            talk.sweep()
            talk.sweep(later=20)
            ping = await frames.next()
            assert isinstance(ping, PingFrame)
            await talk.client.send(frame(PONG, ping.payload))
            await settle()
        assert not ended.is_set()
        await talk.client.stream.aclose()
        await talk.ended.wait()
    assert ended.is_set() == (then is waits)


@over_every_stream
async def test_a_handler_that_only_sends_learns_that_the_client_has_gone(
    make_pair: MakePair,
) -> None:
    ended = anyio.Event()
    async with conversation(accepting(waits, ended), make_pair=make_pair) as talk:
        await opened(talk)
        for _ in range(2):
            await settle()
            talk.sweep()
        await settle()
        await reset(talk.client.stream)
        await ended.wait()
        await talk.ended.wait()


async def test_a_handler_that_only_sends_learns_of_a_close() -> None:
    ended = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        await exchange.send(ACCEPT)
        with pytest.raises(ClientDisconnected):
            await sends_now_and_then(exchange)
        ended.set()

    async with conversation(handler) as talk:
        frames = await opened(talk)
        # What waits in front of it would be told first, if anybody asked.
        await talk.client.send(frame(TEXT, b"hello") + close_frame(1000))
        for _ in range(8):
            await settle()
            talk.sweep()
        await ended.wait()
        while isinstance(event := await frames.next(), Message):
            pass
        assert isinstance(event, CloseConnection)
        assert event.code == 1000


async def test_a_client_that_shows_no_sign_of_life_is_closed_with_1011(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    events: list[Event] = []

    async def handler(exchange: Exchange) -> None:
        await exchange.send(ACCEPT)
        events.extend(await received_to_the_end(exchange))

    async with conversation(handler, settings=timeouts(ping=20, pong=20)) as talk:
        frames = await opened(talk)
        await settle()
        talk.sweep()
        talk.sweep(later=20)
        assert isinstance(await frames.next(), PingFrame)
        talk.sweep()
        talk.sweep(later=20)
        assert await frames.close() == (1011, "no Pong in time")
        assert await talk.client.some() == b""
    assert events == [CloseWebSocket(code=1011, reason="no Pong in time"), CLOSED]
    assert len(caplog.records) == 1


async def test_a_handler_can_ping_and_hear_of_the_pong() -> None:
    events: list[Event] = []

    async def handler(exchange: Exchange) -> None:
        await exchange.send(AcceptWebSocket(with_pings=True), Ping(payload=b"there?"))
        events.append(await exchange.receive())

    async with conversation(handler) as talk:
        frames = await opened(talk)
        ping = await frames.next()
        assert isinstance(ping, PingFrame)
        await talk.client.send(frame(PONG, bytes(ping.payload)))
        assert (await frames.close())[0] == 1000
    assert [type(event).__name__ for event in events] == ["Pong"]


# Clients that do not read.


@pytest.mark.parametrize("then", [waits, receives])
async def test_a_client_that_asks_without_reading_the_answers_fills_no_memory(
    then: Handler,
) -> None:
    async with conversation(accepting(then), capacity=1_000) as talk:
        await opened(talk)
        for _ in range(2):
            await settle()
            talk.sweep()
        pings = frame(PING, bytes(125)) * 5
        for _ in range(400):
            await talk.client.send(pings)
        await settle()
        # All were read; what waits to be written is what one write holds.
        assert talk.driver._connection.buffered < 200
        tasks = len(anyio.get_running_tasks())
        await talk.client.send(pings)
        await settle()
        assert len(anyio.get_running_tasks()) == tasks
        assert len(talk.driver._connection.data_to_send()) < 200


async def test_a_send_waits_for_a_client_that_does_not_read() -> None:
    sent = 0

    async def handler(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.send(ACCEPT)
        while True:
            await exchange.send(BytesMessage(data=bytes(1_000)))
            sent += 1

    async with conversation(handler, capacity=5_000) as talk:
        await opened(talk)
        await settle()
        assert 3 <= sent <= 10


async def test_a_client_that_sends_on_is_read_ahead_of_by_a_bounded_amount() -> None:
    done = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        await exchange.send(ACCEPT)
        await done.wait()

    async with conversation(handler, capacity=10_000) as talk:
        await opened(talk)
        for _ in range(2):
            await settle()
            talk.sweep()
        sent = 0

        async def send() -> None:
            nonlocal sent
            while True:
                await talk.client.send(frame(BINARY, bytes(1_000)))
                sent += 1_000

        async with anyio.create_task_group() as group:
            group.start_soon(send)
            for _ in range(20):
                await settle()
            group.cancel_scope.cancel()
        assert 40_000 < sent < 200_000
        done.set()


async def test_a_cancelled_receive_takes_no_part_of_a_frame_along() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(ACCEPT)
        event: Event | None = None
        while event is None:
            with anyio.move_on_after(0.001):
                event = await exchange.receive()
        await exchange.send(TextMessage(text="received"))

    async with conversation(handler, capacity=100) as talk:
        frames = await opened(talk)
        for _ in range(50):
            await talk.client.send(frame(PING, bytes(90)))
        await talk.client.send(frame(TEXT, b"x"))
        said = ""
        while said != "received":
            event = await frames.next()
            if isinstance(event, Message):
                # However little of it fits behind the Pongs.
                said += event.data
            else:
                assert isinstance(event, PongFrame)


# Cancellation at every await.


async def converse_in_frames(client: Client) -> None:
    """Have the server wait for all that it can wait for on a WebSocket, as far as it gets."""
    try:
        await client.send(handshake() + frame(TEXT, b"at once"))
        await client.until(b"\r\n\r\n")
        frames = Frames(client)
        assert await frames.text() == "at once"
        await settle()
        await client.send(frame(PING, b"x" * 90))
        await client.send(frame(BINARY, bytes(200))[:100])
        await settle()
        await client.send(frame(BINARY, bytes(200))[100:])
        for _ in range(3):
            if isinstance(await frames.next(), CloseConnection):
                break
        await client.send(close_frame(1000))
        await client.rest()
    except (AssertionError, BrokenResourceError):
        # The server was cancelled.
        pass
    await client.stream.aclose()


@by_scope_and_by_task
@pytest.mark.parametrize("then", ["echo", "return", "raise"])
async def test_whatever_it_waits_for_it_can_be_cancelled(
    then: str, by_task: bool, anyio_backend_name: str, caplog: pytest.LogCaptureFixture
) -> None:
    if by_task and anyio_backend_name != "asyncio":
        pytest.skip("only on asyncio is a task itself cancelled")

    async def handler(exchange: Exchange) -> None:
        if exchange.request.upgrade is None:
            await exchange.respond(200)
            return
        await exchange.send(ACCEPT)
        async for event in exchange:
            if isinstance(event, TextMessage | BytesMessage):
                await exchange.send(event)
            if then == "return":
                return
            if then == "raise":
                raise ClientDisconnected

    places = await strike_everywhere(handler, converse_in_frames, by_task=by_task)
    assert places > 10
    assert errors(caplog) == []


# The short way for whole messages.


@over_every_stream
async def test_messages_that_need_not_wait_come_in_their_order(make_pair: MakePair) -> None:
    at_once: list[bool] = []

    async def talk(exchange: Exchange) -> None:
        await exchange.send(ACCEPT)
        # The first in this turn of the loop, as long as it is not over.
        for number in range(100):
            message = TextMessage(text=str(number))
            at_once.append(exchange.send_message(message))
            if not at_once[-1]:
                await exchange.send(message)
        assert not exchange.send_message(TextMessage(text="part", final=False))
        large = BytesMessage(data=bytes(1_048_577))
        assert not exchange.send_message(large)
        await exchange.send(large)
        exchange.pace(download=1e9)
        assert not exchange.send_message(TextMessage(text="at this pace"))
        await exchange.send(CloseWebSocket())
        assert not exchange.send_message(TextMessage(text="too late"))

    async with conversation(talk, make_pair=make_pair) as talking:
        frames = await opened(talking)
        assert [await frames.text() for _ in range(100)] == [str(number) for number in range(100)]
        size = 0
        while size < 1_048_577:
            event = await frames.next()
            assert isinstance(event, Part)
            size += len(event.data)
    # Never on a stream of others, and on ours not for ever, so that others have their turn.
    assert (True in at_once) is isinstance(talking.driver.stream, NativeStream)
    assert False in at_once


@over_every_stream
async def test_no_message_overtakes_another_that_waits(make_pair: MakePair) -> None:
    async def talk(exchange: Exchange) -> None:
        await exchange.send(ACCEPT)
        async with anyio.create_task_group() as group:
            group.start_soon(exchange.send, BytesMessage(data=bytes(8_000_000)))
            await settle()
            last = TextMessage(text="last")
            assert not exchange.send_message(last)
            await exchange.send(last)

    async with conversation(talk, make_pair=make_pair) as talking:
        frames = await opened(talking)
        size = 0
        while not isinstance(event := await frames.next(), WholeText):
            assert isinstance(event, Part)
            size += len(event.data)
        assert (size, event.data) == (8_000_000, "last")


async def test_nothing_is_sent_at_once_after_the_end() -> None:
    kept: list[Exchange] = []

    async def talk(exchange: Exchange) -> None:
        await exchange.send(ACCEPT)
        kept.append(exchange)

    async with conversation(talk) as talking:
        await opened(talking)
    assert not kept[0].send_message(TextMessage(text="too late"))


# Large messages.


def large(opcode: int, payload: bytes) -> bytes:
    """As `frame`, which takes long for as many bytes: under a mask that changes none."""
    assert len(payload) > 0xFFFF
    return bytes((0x80 | opcode, 0xFF)) + len(payload).to_bytes(8) + bytes(4) + payload


@over_every_stream
@pytest.mark.parametrize("kind", [BINARY, TEXT])
async def test_large_messages_come_back_whole(make_pair: MakePair, kind: int) -> None:
    async def echo(exchange: Exchange) -> None:
        await exchange.send(ACCEPT)
        async for event in exchange:
            if isinstance(event, TextMessage | BytesMessage):
                await exchange.send(event)

    async with conversation(echo, make_pair=make_pair) as talking:
        frames = await opened(talking)
        for size in (65_535, 65_536, 1_000_000, 70_000):
            payload = (b"%07d|" % size) * (size // 8) + b"x" * (size % 8)
            # Another is right behind it, which belongs to no other read.
            sent = (large if size > 0xFFFF else frame)(kind, payload) + frame(TEXT, b"behind")
            async with anyio.create_task_group() as group:
                group.start_soon(talking.client.send, sent)
                whole = b""
                while len(whole) < size:
                    event = await frames.next()
                    assert isinstance(event, Part | WholeText)
                    part = event.data
                    whole += part.encode() if isinstance(part, str) else part
                assert whole == payload
                assert await frames.text() == "behind"


@over_every_stream
async def test_a_large_message_is_answered_in_the_turn_that_has_read_it(
    make_pair: MakePair,
) -> None:
    at_once: list[bool] = []

    async def answer_thrice(exchange: Exchange) -> None:
        await exchange.send(ACCEPT)
        async for event in exchange:
            if isinstance(event, BytesMessage):
                for _ in range(3):
                    at_once.append(exchange.send_message(event))
                    if not at_once[-1]:
                        await exchange.send(event)

    payload = bytes(range(256)) * 4_096
    async with conversation(answer_thrice, make_pair=make_pair) as talking:
        frames = await opened(talking)
        for _ in range(3):
            async with anyio.create_task_group() as group:
                group.start_soon(talking.client.send, large(BINARY, payload))
                whole = b""
                while len(whole) < 3 * len(payload):
                    event = await frames.next()
                    assert isinstance(event, Part)
                    whole += event.data
                assert whole == payload * 3
    if isinstance(talking.driver.stream, NativeStream):
        assert all(at_once[::3])
    # One of the others is sent when others have had their turn.
    assert not any(all(at_once[begin : begin + 3]) for begin in (0, 3, 6))


async def test_a_large_message_survives_a_reader_that_is_cancelled() -> None:
    received: list[Event] = []

    async def poll(exchange: Exchange) -> None:
        await exchange.send(ACCEPT)
        while not received:
            with anyio.move_on_after(0):
                received.append(await exchange.receive())
            await checkpoint()
        await exchange.send(CloseWebSocket())

    payload = bytes(range(256)) * 8_000
    async with conversation(poll, make_pair=tcp_pair(Transport.NATIVE)) as talking:
        frames = await opened(talking)
        await talking.client.send(large(BINARY, payload))
        assert isinstance(await frames.next(), CloseConnection)
    assert received == [BytesMessage(data=payload)]


@over_every_stream
async def test_a_large_message_that_is_only_announced_takes_no_memory(make_pair: MakePair) -> None:
    async def listen(exchange: Exchange) -> None:
        await exchange.send(ACCEPT)
        await exchange.receive()

    announced = large(BINARY, bytes(16_000_000))[:2_000]
    async with conversation(listen, make_pair=make_pair) as talking:
        await opened(talking)
        tracemalloc.start()
        try:
            await talking.client.send(announced)
            await settle()
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < 4_000_000
