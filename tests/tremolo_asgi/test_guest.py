"""A handler under another ASGI server: ours, and httpx's transport, which is none at all."""

import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import Context, ContextVar, copy_context
from typing import Any

import anyio
import httpx
import pytest

from tremolo.testing import Client
from tremolo_asgi import AsgiGuest
from tremolo_asgi.guest_exchange import GuestExchange
from tremolo_core import (
    AcceptWebSocket,
    CloseWebSocket,
    Data,
    EndOfMessage,
    Response,
    TextMessage,
)
from tremolo_transport.exchange import Exchange

pytestmark = pytest.mark.anyio

pool: ContextVar[str] = ContextVar("pool", default="none")


async def echo(exchange: Exchange) -> None:
    if exchange.request.upgrade is not None:
        await exchange.send(AcceptWebSocket(subprotocol=b"chat"))
        async for event in exchange:
            if isinstance(event, CloseWebSocket):
                return
            if event == TextMessage(text="return"):
                return
            if event == TextMessage(text="raise"):
                raise ValueError("oops")
            await exchange.send(event)
        return
    await exchange.send(Response(status=200))
    async for event in exchange:
        await exchange.send(event)


class Living:
    """A handler whose start-up sets something, and may fail."""

    def __init__(self, failing: str = "") -> None:
        self.steps: list[str] = []
        self._failing = failing

    async def __call__(self, exchange: Exchange) -> None:
        assert not exchange.shutdown.begun
        await exchange.respond(200, body=pool.get().encode())
        pool.set("of a request")

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[Context]:
        self.steps.append("up")
        self._may_fail("startup")
        context = copy_context()
        context.run(pool.set, "a pool")
        yield context
        self._may_fail("shutdown")
        self.steps.append("down")

    def _may_fail(self, stage: str) -> None:
        if stage == self._failing:
            raise ValueError(f"{stage} failed")


async def test_bodies_stream_both_ways() -> None:
    async def body() -> AsyncIterator[bytes]:
        for number in range(100):
            yield b"%d," % number

    async with Client(AsgiGuest(echo)) as client:
        for _ in range(2):
            response = await client.post("/", content=body())
            assert response.content == b"".join([b"%d," % number for number in range(100)])


async def test_httpx_calls_it_without_a_server() -> None:
    transport = httpx.ASGITransport(AsgiGuest(echo))
    async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
        assert (await client.post("/", content=b"abc")).content == b"abc"


async def test_a_websocket_both_ways() -> None:
    async with (
        Client(AsgiGuest(echo)) as client,
        client.websocket("/", subprotocols=["soap", "chat"]) as websocket,
    ):
        assert websocket.subprotocol == "chat"
        for message in ("a", b"b", ""):
            await websocket.send(message)
            assert await websocket.receive() == message


async def test_a_client_that_leaves_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    begun, ended = anyio.Event(), anyio.Event()

    async def endless(exchange: Exchange) -> None:
        await exchange.send(Response(status=200))
        begun.set()
        try:
            while True:
                await exchange.send(Data(data=b"a" * 10_000))
        finally:
            ended.set()

    with caplog.at_level(logging.INFO, "tremolo"):
        async with Client(AsgiGuest(endless)) as client:
            async with client.connection() as wire:
                await wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                await begun.wait()
                await wire.abort()
            await ended.wait()
    assert caplog.records == []


async def test_what_the_handler_raises_is_the_servers_to_answer() -> None:
    async def fail(exchange: Exchange) -> None:
        raise ValueError("oops")

    async with Client(AsgiGuest(fail)) as client:
        with pytest.raises(ValueError, match="oops"):
            await client.get("/")


async def test_a_handler_lives_as_an_application_does() -> None:
    living = Living()
    async with Client(AsgiGuest(living), lifespan="on") as client:
        assert living.steps == ["up"]
        for _ in range(2):
            assert (await client.get("/")).text == "a pool"
    assert living.steps == ["up", "down"]


async def test_a_handler_without_a_life_takes_part_in_lifespan() -> None:
    async with Client(AsgiGuest(echo), lifespan="on") as client:
        assert (await client.post("/", content=b"a")).content == b"a"


async def test_a_start_up_that_fails_keeps_the_server_from_serving() -> None:
    with pytest.raises(Exception, match="startup failed"):
        async with Client(AsgiGuest(Living("startup"))):
            raise AssertionError("it was started")


async def test_a_shutdown_that_fails_is_told() -> None:
    with pytest.raises(Exception, match="shutdown failed"):
        async with Client(AsgiGuest(Living("shutdown"))):
            pass


async def call(
    app: Any, scope: dict[str, Any], *messages: Any, sent: list[Any] | None = None
) -> list[Any]:
    """Call an application as a server does, and return what it sends."""
    waiting = list(messages)
    sent = [] if sent is None else sent

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


async def test_handlers_are_told_that_the_server_stops() -> None:
    begun: list[bool] = []

    class Told(Living):
        async def __call__(self, exchange: Exchange) -> None:
            begun.append(exchange.shutdown.begun)
            await exchange.send(Response(status=200), EndOfMessage())

    app = AsgiGuest(Told())
    http = {"type": "http", "method": "GET", "path": "/", "headers": []}
    request = {"type": "http.request"}
    await call(app, http, request)
    lived = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent = await call(app, {"type": "lifespan"}, *lived)
    assert [message["type"] for message in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    await call(app, http, request)
    assert begun == [False, True]


async def test_the_least_that_a_scope_may_have() -> None:
    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    sent = await call(AsgiGuest(echo), scope, {"type": "http.request", "body": b"abc"})
    assert b"".join(message.get("body", b"") for message in sent) == b"abc"


@pytest.mark.parametrize(("said", "code"), [("return", 1000), ("raise", 1011)])
async def test_a_websocket_is_closed_when_the_handler_ends(said: str, code: int) -> None:
    scope = {"type": "websocket", "path": "/", "headers": [(b"sec-websocket-protocol", b"chat")]}
    sent: list[Any] = []
    messages: list[Any] = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": said},
    ]

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    if said == "raise":
        with pytest.raises(ValueError, match="oops"):
            await AsgiGuest(echo)(scope, receive, send)
    else:
        await AsgiGuest(echo)(scope, receive, send)
    assert sent[-1] == {"type": "websocket.close", "code": code, "reason": ""}


async def test_another_protocol_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no protocol 'webtransport' here"):
        await call(AsgiGuest(echo), {"type": "webtransport"})


@pytest.mark.parametrize("begun", [False, True])
async def test_a_handler_has_the_time_that_it_asks_for(begun: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        exchange.limit_time(None)
        if begun:
            await exchange.send(Response(status=200))
        exchange.limit_time(0)
        await anyio.sleep_forever()

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    if begun:
        with pytest.raises(TimeoutError, match="took too long"):
            await call(AsgiGuest(handler), scope, {"type": "http.request"})
    else:
        sent = await call(AsgiGuest(handler), scope, {"type": "http.request"})
        assert sent[0]["status"] == 503


async def test_an_open_websocket_has_no_limit() -> None:
    deadlines: list[float] = []

    async def handler(exchange: Exchange) -> None:
        assert isinstance(exchange, GuestExchange)
        exchange.limit_time(3_600)
        deadlines.append(exchange.time_scope.deadline)
        await exchange.send(AcceptWebSocket())
        deadlines.append(exchange.time_scope.deadline)

    scope = {"type": "websocket", "path": "/", "headers": []}
    await call(AsgiGuest(handler), scope, {"type": "websocket.connect"})
    assert deadlines[0] < deadlines[1] == math.inf
