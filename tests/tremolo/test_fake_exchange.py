"""The exchange that plays a script does what a served one does, where tests of units rely on it."""

from collections.abc import Awaitable, Callable

import anyio
import pytest

from tremolo.testing import Client
from tremolo_core import ConnectionClosed as Closed
from tremolo_core import Data, EndOfMessage, Event, Headers, InformationalResponse, Response
from tremolo_transport.exchange import ConnectionState, Exchange

from .fake_exchange import FakeExchange

pytestmark = pytest.mark.anyio

Act = Callable[[Exchange], Awaitable[object]]

END = EndOfMessage()
OK = Response(status=200, headers=Headers([(b"content-length", b"2")]))


async def reads(exchange: Exchange) -> object:
    return [await exchange.receive(), await exchange.receive()]


async def waits_behind_the_end(exchange: Exchange) -> object:
    await reads(exchange)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await exchange.receive()
    return scope.cancelled_caught, exchange.disconnected


async def answers_in_pieces(exchange: Exchange) -> object:
    seen = [exchange.response_started]
    await exchange.send(InformationalResponse(status=103))
    seen.append(exchange.response_started)
    await exchange.send(OK, Data(data=b"o"))
    seen.append(exchange.response_started)
    await exchange.send(Data(data=b"k"), END)
    return seen


async def looks_around(exchange: Exchange) -> object:
    request = exchange.request
    return (
        (request.method, request.target, request.http_version, request.upgrade),
        exchange.connection.state is ConnectionState.BUSY,
        exchange.shutdown.begun,
        exchange.disconnected,
    )


@pytest.mark.parametrize("act", [reads, waits_behind_the_end, answers_in_pieces, looks_around])
async def test_a_client_that_stays(act: Act) -> None:
    fake = FakeExchange(b"/path", method=b"POST", script=[Data(data=b"abc"), END])
    told = [await act(fake)]
    if not fake.complete:
        await fake.send(OK, Data(data=b"ok"), END)

    async def handler(exchange: Exchange) -> None:
        told.append(await act(exchange))
        if not exchange.response_started:
            await exchange.send(OK, Data(data=b"ok"), END)

    async with Client(handler) as client:
        response = await client.post("/path", content=b"abc")
    assert told[0] == told[1]
    assert (fake.status, fake.body) == (response.status_code, response.content) == (200, b"ok")


async def reads_to_the_end(exchange: Exchange) -> object:
    events = [await exchange.receive() for _ in range(3)]
    return events, exchange.disconnected


async def test_a_client_that_leaves() -> None:
    script: list[Event] = [Data(data=b"a"), Closed()]
    told = [await reads_to_the_end(FakeExchange(method=b"POST", script=script))]
    ended = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        told.append(await reads_to_the_end(exchange))
        exchange.connection.on_close(ended.set)

    quiet = Client(handler, raise_server_exceptions=False)
    async with quiet as client, client.connection() as wire:
        await wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na")
        await wire.send_eof()
        await ended.wait()
    assert told[0] == told[1] == ([*script, Closed()], True)


async def test_its_connection_ends_once() -> None:
    ends: list[str] = []
    fake = FakeExchange()
    fake.connection.on_close(lambda: ends.append("fake"))
    fake.connection.close()

    async def handler(exchange: Exchange) -> None:
        exchange.connection.on_close(lambda: ends.append("served"))
        await exchange.respond(200)

    async with Client(handler) as client:
        await client.get("/")
    assert ends == ["fake", "served"]
