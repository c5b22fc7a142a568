"""Who ends a WebSocket, and when: what its application is told, and what its client.

One application ends each row; the connection under it is a real one. What its
client does is put together by hand, what the server says is read by wsproto.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from wsproto.events import Message, TextMessage

from tests.tremolo_core.framing import BINARY, TEXT, close_frame, frame, handshake
from tests.tremolo_transport.conversations import (
    Conversation,
    MakePair,
    conversation,
    over_every_stream,
    reset,
    settle,
)
from tests.tremolo_transport.test_websocket import Frames, opened
from tremolo_asgi import AsgiHandler
from tremolo_core import Limits, LocalProtocolError, Timeouts
from tremolo_transport.exchange import ClientDisconnected
from tremolo_transport.settings import ServerSettings

pytestmark = pytest.mark.anyio

Told = list[Any]
Log = pytest.LogCaptureFixture
Application = Callable[[Any, Any, Any], Awaitable[None]]

CONNECT = {"type": "websocket.connect"}
SETTINGS = ServerSettings(
    limits=Limits(message=1_000), timeouts=Timeouts(ping=20, pong=20, close=10)
)


def received(text: str) -> object:
    return {"type": "websocket.receive", "text": text}


def disconnect(code: int, reason: str = "") -> object:
    return {"type": "websocket.disconnect", "code": code, "reason": reason}


class App:
    """Accepts, then echoes until it is told of the end; keeps what it is told."""

    def __init__(self, told: Told, act: Any = None) -> None:
        self.told = told
        self.ended = anyio.Event()
        self._act = act

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "websocket"

        async def hear() -> Any:
            message = await receive()
            self.told.append(message)
            return message

        try:
            await hear()
            await (self._act or self.echo)(hear, send)
        finally:
            self.ended.set()

    async def echo(self, hear: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        while (message := await hear())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
        with pytest.raises(ClientDisconnected):
            await send({"type": "websocket.send", "text": "too late"})
        with pytest.raises(ClientDisconnected):
            await send({"type": "websocket.close"})


def talk_with(
    app: App, make_pair: MakePair | None = None, settings: ServerSettings = SETTINGS
) -> Any:
    handler = AsgiHandler(app, deflate=None)
    if make_pair is None:
        return conversation(handler, settings=settings)
    return conversation(handler, make_pair=make_pair, settings=settings)


async def heard(talk: Conversation) -> tuple[Frames, str]:
    """Open a WebSocket, and have something said."""
    frames = await opened(talk)
    await talk.client.send(frame(TEXT, b"hello"))
    return frames, await frames.text()


def errors(caplog: Log) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno > logging.INFO]


# The client ends it.


@pytest.mark.parametrize(
    ("close", "end", "echoed"),
    [
        (close_frame(1000, b"bye"), disconnect(1000, "bye"), 1000),
        (close_frame(4003), disconnect(4003), 4003),
        (close_frame(3000, "é".encode()), disconnect(3000, "é"), 3000),
        (close_frame(), disconnect(1005), 1005),
    ],
)
@over_every_stream
async def test_the_client_closes(
    make_pair: MakePair, close: bytes, end: object, echoed: int, caplog: Log
) -> None:
    app = App([])
    async with talk_with(app, make_pair) as talk:
        frames, said = await heard(talk)
        assert said == "hello"
        await talk.client.send(close)
        assert (await frames.close())[0] == echoed
        await talk.ended.wait()
    assert app.told == [CONNECT, received("hello"), end]
    assert errors(caplog) == []


@pytest.mark.parametrize("politely", [True, False], ids=["FIN", "RST"])
@over_every_stream
async def test_the_client_vanishes(make_pair: MakePair, politely: bool, caplog: Log) -> None:
    app = App([])
    async with talk_with(app, make_pair) as talk:
        await heard(talk)
        if politely:
            await talk.client.stream.aclose()
        else:
            await reset(talk.client.stream)
        await talk.ended.wait()
    assert app.told == [CONNECT, received("hello"), disconnect(1006)]
    assert errors(caplog) == []


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (frame(TEXT, b"x", mask=None), 1002),
        (frame(TEXT, b"\xff"), 1007),
        (frame(BINARY, bytes(1_001)), 1009),
    ],
)
@over_every_stream
async def test_the_client_breaks_the_rules(
    make_pair: MakePair, bad: bytes, code: int, caplog: Log
) -> None:
    app = App([])
    async with talk_with(app, make_pair) as talk:
        frames, _ = await heard(talk)
        await talk.client.send(bad)
        told, reason = await frames.close()
        await app.ended.wait()
    assert told == code
    assert app.told == [CONNECT, received("hello"), disconnect(code, reason or "")]
    assert errors(caplog) == []


async def test_the_client_is_silent() -> None:
    app = App([])
    async with talk_with(app) as talk:
        frames = await opened(talk)
        await settle()
        talk.sweep()
        talk.sweep(later=20)
        await frames.next()
        talk.sweep()
        talk.sweep(later=20)
        assert await frames.close() == (1011, "no Pong in time")
        await app.ended.wait()
    assert app.told == [CONNECT, disconnect(1011, "no Pong in time")]


async def test_the_client_leaves_before_the_acceptance(caplog: Log) -> None:
    async def act(hear: Any, send: Any) -> None:
        await hear()
        with pytest.raises(ClientDisconnected):
            await send({"type": "websocket.accept"})

    app = App([], act)
    async with talk_with(app) as talk:
        await talk.client.send(handshake())
        await settle()
        await reset(talk.client.stream)
        await talk.ended.wait()
    assert app.told == [CONNECT, disconnect(1006)]
    assert errors(caplog) == []


# The application ends it.


async def closes(hear: Any, send: Any) -> None:
    await send({"type": "websocket.accept"})
    await hear()
    await send({"type": "websocket.close", "code": 4000, "reason": "enough"})
    await hear()


@over_every_stream
async def test_the_application_closes(make_pair: MakePair, caplog: Log) -> None:
    app = App([], closes)
    async with talk_with(app, make_pair) as talk:
        frames = await opened(talk)
        # What comes behind is not told to who has closed.
        await talk.client.send(frame(TEXT, b"one") + frame(TEXT, b"two"))
        assert await frames.close() == (4000, "enough")
        await talk.client.send(close_frame(4000))
        await talk.ended.wait()
    assert app.told == [CONNECT, received("one"), disconnect(4000)]
    assert errors(caplog) == []


async def test_the_client_does_not_answer_that() -> None:
    app = App([], closes)
    async with talk_with(app) as talk:
        frames = await opened(talk)
        await talk.client.send(frame(TEXT, b"one"))
        assert await frames.close() == (4000, "enough")
        await settle()
        talk.sweep()
        talk.sweep(later=10)
        await app.ended.wait()
    assert app.told == [CONNECT, received("one"), disconnect(1006)]


async def test_both_close_at_once() -> None:
    app = App([], closes)
    async with talk_with(app) as talk:
        frames = await opened(talk)
        await talk.client.send(frame(TEXT, b"one") + close_frame(4001, b"mine"))
        assert await frames.close() == (4000, "enough")
        await talk.ended.wait()
    assert app.told == [CONNECT, received("one"), disconnect(4001, "mine")]


async def returns(hear: Any, send: Any) -> None:
    await send({"type": "websocket.accept"})
    await hear()


async def returns_at_once(hear: Any, send: Any) -> None:
    await send({"type": "websocket.accept"})


async def raises(hear: Any, send: Any) -> None:
    await returns(hear, send)
    raise ValueError("oops")


async def raises_at_once(hear: Any, send: Any) -> None:
    await returns_at_once(hear, send)
    raise ValueError("oops")


async def sends_what_cannot_be(hear: Any, send: Any) -> None:
    await returns(hear, send)
    await send({"type": "websocket.close", "code": 1006})


@pytest.mark.parametrize(
    ("act", "code", "logged"),
    [
        (returns, 1000, 0),
        (returns_at_once, 1000, 0),
        (raises, 1011, 1),
        (raises_at_once, 1011, 1),
        (sends_what_cannot_be, 1011, 1),
    ],
)
@over_every_stream
async def test_the_application_ends(
    make_pair: MakePair, act: Any, code: int, logged: int, caplog: Log
) -> None:
    async with talk_with(App([], act), make_pair) as talk:
        frames = await opened(talk, frame(TEXT, b"hello"))
        assert await frames.close() == (code, "")
        await talk.client.send(close_frame(code))
        await talk.ended.wait()
    assert len(errors(caplog)) == logged


async def refuses(hear: Any, send: Any) -> None:
    await send({"type": "websocket.close", "code": 4001})
    await hear()


async def denies(hear: Any, send: Any) -> None:
    start = "websocket.http.response.start"
    body = "websocket.http.response.body"
    await send({"type": start, "status": 401, "headers": [(b"a", b"b")]})
    await send({"type": body, "body": b"no", "more_body": True})
    await send({"type": body, "body": b" way"})
    await hear()


async def neither(hear: Any, send: Any) -> None: ...


async def fails(hear: Any, send: Any) -> None:
    raise ValueError("oops")


async def denies_and_returns(hear: Any, send: Any) -> None:
    await send({"type": "websocket.http.response.start", "status": 401})


@pytest.mark.parametrize(
    ("act", "status", "body", "end", "logged"),
    [
        (refuses, 403, b"", [disconnect(1006)], 0),
        (denies, 401, b"no way", [disconnect(1006)], 0),
        (neither, 500, None, [], 1),
        (fails, 500, None, [], 1),
        (denies_and_returns, 500, None, [], 1),
    ],
)
@over_every_stream
async def test_the_application_does_not_accept(
    make_pair: MakePair,
    act: Any,
    status: int,
    body: bytes | None,
    end: Told,
    logged: int,
    caplog: Log,
) -> None:
    app = App([], act)
    async with talk_with(app, make_pair) as talk:
        await talk.client.send(handshake())
        answer = await talk.client.answer()
        assert answer.status == status
        assert body is None or answer.body == body
        # A refusal is the last answer of its connection.
        assert await talk.client.some() == b""
    assert app.told == [CONNECT, *end]
    assert len(errors(caplog)) == logged


# The server ends it.


@pytest.mark.parametrize("code", [1001, 1012])
@over_every_stream
async def test_the_server_stops(make_pair: MakePair, code: int, caplog: Log) -> None:
    app = App([])
    async with talk_with(app, make_pair) as talk:
        frames, _ = await heard(talk)
        talk.around.shutdown.begin(None, close_code=code)
        talk.driver.begin_stop()
        assert await frames.close() == (code, "")
        await talk.client.send(close_frame(code))
        await talk.ended.wait()
    assert app.told == [CONNECT, received("hello"), disconnect(code)]
    assert errors(caplog) == []


# What comes early.


async def listens_first(hear: Any, send: Any) -> None:
    """As Quart does: one task listens from the beginning, another accepts."""

    async def listen() -> None:
        message = await hear()
        await send({"type": "websocket.send", "text": message["text"]})

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        await anyio.wait_all_tasks_blocked()
        await send({"type": "websocket.accept"})


@pytest.mark.parametrize("together", [True, False])
@over_every_stream
async def test_what_comes_before_the_acceptance_is_told_behind_it(
    make_pair: MakePair, together: bool
) -> None:
    app = App([], listens_first)
    async with talk_with(app, make_pair) as talk:
        await talk.client.send(handshake() + frame(TEXT, b"early") * together)
        if not together:
            await talk.client.send(frame(TEXT, b"early"))
        assert (await talk.client.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        assert await Frames(talk.client).text() == "early"
    assert app.told == [CONNECT, received("early")]


async def test_no_more_comes_early_than_is_read_ahead() -> None:
    accept = anyio.Event()

    async def act(hear: Any, send: Any) -> None:
        await accept.wait()
        await send({"type": "websocket.accept"})
        for _ in range(50):
            await hear()

    app = App([], act)
    settings = ServerSettings(limits=Limits(read_ahead=10_000, message=None))
    async with talk_with(app, settings=settings) as talk, anyio.create_task_group() as group:
        early = handshake() + frame(TEXT, b"a" * 10_000) * 50

        async def send() -> None:
            for begin in range(0, len(early), 5_000):
                await talk.client.send(early[begin : begin + 5_000])

        group.start_soon(send)
        for _ in range(8):
            await settle()
            talk.sweep()
        assert talk.driver._connection.buffered <= 3 * 65_536
        accept.set()
        await app.ended.wait()
        group.cancel_scope.cancel()
    assert app.told == [CONNECT, *[received("a" * 10_000)] * 50]


async def test_a_message_that_cannot_be_sent_leaves_the_websocket_open() -> None:
    async def act(hear: Any, send: Any) -> None:
        with pytest.raises(LocalProtocolError):
            await send({"type": "websocket.accept", "subprotocol": "other"})
        await send({"type": "websocket.accept"})
        with pytest.raises(LocalProtocolError):
            await send({"type": "websocket.close", "code": 1005})
        await send({"type": "websocket.send", "text": "still here"})
        await send({"type": "websocket.close"})

    async with talk_with(App([], act)) as talk:
        frames = await opened(talk)
        event = await frames.next()
        assert isinstance(event, Message | TextMessage)
        assert event.data == "still here"
        assert await frames.close() == (1000, "")
