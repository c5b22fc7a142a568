from collections.abc import AsyncIterator

import anyio
import pytest

from tremolo.testing.harness import Harness, Terms
from tremolo.testing.http_connection import (
    HandlerFailed,
    HttpConnection,
    OutgoingRequest,
    ServerClosed,
)
from tremolo.testing.lines import Line
from tremolo.testing.under_test import find_handler
from tremolo_core import Data, EndOfMessage, InformationalResponse, RemoteProtocolError, Response
from tremolo_transport import memory_stream_pair
from tremolo_transport.exchange import Exchange, Handler

from .handlers import CHUNKED, echo, hello, show

pytestmark = pytest.mark.anyio

HOST = ((b"Host", b"testserver"),)
GET = OutgoingRequest(method="GET", target=b"/", headers=HOST)


async def harness_for(handler: Handler) -> Harness:
    harness = Harness(find_handler(handler, {}), Terms())
    await harness.open()
    return harness


async def connect(harness: Harness) -> HttpConnection:
    return HttpConnection(await harness.connect(), harness)


async def read(connection: HttpConnection) -> bytes:
    body = b""
    while isinstance(event := await connection.receive_body(), Data):
        body += event.data
    return body


async def scripted(harness: Harness, answer: bytes) -> HttpConnection:
    """A connection to a server that says `answer` whatever it is asked, and leaves."""
    ours, theirs = memory_stream_pair()
    if answer:
        await theirs.send(answer)
    await theirs.aclose()

    def replace(_: Line) -> Line:
        return ours

    return HttpConnection(await harness.connect(wrap=replace), harness)


@pytest.fixture
async def harness() -> AsyncIterator[Harness]:
    harness = await harness_for(show)
    yield harness
    await harness.close()


async def test_one_request_after_the_other(harness: Harness) -> None:
    connection = await connect(harness)
    for target in (b"/one", b"/two"):
        head = await connection.ask(OutgoingRequest(method="GET", target=target, headers=HOST))
        assert head.status == 200
        assert (await read(connection)).startswith(b"GET " + target)
        assert await connection.finish()


async def test_after_the_last_none_may_follow(harness: Harness) -> None:
    connection = await connect(harness)
    fields = (*HOST, (b"Connection", b"close"))
    await connection.ask(OutgoingRequest(method="GET", target=b"/", headers=fields))
    await read(connection)
    assert not await connection.finish()


@pytest.mark.parametrize("size", [0, 10, 100_000])
async def test_bodies_of_known_length(harness: Harness, size: int) -> None:
    connection = await connect(harness)
    fields = (*HOST, (b"Content-Length", b"%d" % size))
    request = OutgoingRequest(method="POST", target=b"/", headers=fields, body=b"x" * size)
    assert (await connection.ask(request)).status == 200
    assert (await read(connection)).endswith(b"\n\n" + b"x" * size)
    assert await connection.finish()


async def test_bodies_in_chunks() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"some"
        yield b"more"

    harness = await harness_for(echo)
    connection = await connect(harness)
    fields = (*HOST, (b"Transfer-Encoding", b"chunked"))
    for content in (body(), b"somemore"):
        request = OutgoingRequest(method="POST", target=b"/", headers=fields, body=content)
        await connection.ask(request)
        assert await read(connection) == b"somemore"
        assert await connection.finish()
    await harness.close()


async def test_an_answer_before_the_end_of_the_request_ends_the_connection() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.respond(413)

    async def endless() -> AsyncIterator[bytes]:
        yield b"x"
        await anyio.sleep_forever()

    harness = await harness_for(handler)
    connection = await connect(harness)
    fields = (*HOST, (b"Content-Length", b"100000"))
    request = OutgoingRequest(method="POST", target=b"/", headers=fields, body=endless())
    assert (await connection.ask(request)).status == 413
    await read(connection)
    assert not await connection.finish()
    await harness.close()


async def test_interim_answers_are_passed_over() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(InformationalResponse(status=103))
        await hello(exchange)

    harness = await harness_for(handler)
    connection = await connect(harness)
    assert (await connection.ask(GET)).status == 200
    await connection.aclose()
    await harness.close()


async def test_what_the_handler_raises_is_carried_apart() -> None:
    async def handler(exchange: Exchange) -> None:
        if exchange.request.target == b"/later":
            await exchange.send(Response(status=200, headers=CHUNKED), Data(data=b"x"))
        raise TimeoutError("of the handler")

    harness = await harness_for(handler)
    connection = await connect(harness)
    await connection.ask(GET)
    assert await read(connection)
    with pytest.raises(HandlerFailed) as caught:
        await connection.finish()
    assert isinstance(caught.value.error, TimeoutError)

    connection = await connect(harness)
    await connection.ask(OutgoingRequest(method="GET", target=b"/later", headers=HOST))
    with pytest.raises(HandlerFailed):
        await read(connection)
    await harness.close()


async def test_what_making_the_body_raises_is_raised(harness: Harness) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"some"
        raise ValueError("as it should")

    connection = await connect(harness)
    fields = (*HOST, (b"Content-Length", b"100000"))
    with pytest.raises(ValueError, match="as it should"):
        await connection.ask(
            OutgoingRequest(method="POST", target=b"/", headers=fields, body=broken())
        )


async def test_a_server_that_leaves_without_a_word(harness: Harness) -> None:
    with pytest.raises(ServerClosed):
        await (await scripted(harness, b"")).ask(GET)


async def test_a_server_that_has_vanished(harness: Harness) -> None:
    ours, theirs = memory_stream_pair()
    theirs.abort()

    def replace(_: Line) -> Line:
        return ours

    connection = HttpConnection(await harness.connect(wrap=replace), harness)
    with pytest.raises(ServerClosed):
        await connection.ask(GET)


async def test_a_server_that_has_answered_before_it_was_asked(harness: Harness) -> None:
    answer = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    connection = await scripted(harness, answer)
    assert (await connection.ask(GET)).status == 408
    assert await connection.receive_body() == EndOfMessage()
    assert not await connection.finish()


@pytest.mark.parametrize("answer", [b"hello", b"HTTP/1.1 200 OK\r\nContent-"])
async def test_an_answer_that_is_none(harness: Harness, answer: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        await (await scripted(harness, answer)).ask(GET)


async def test_an_answer_that_breaks_off(harness: Harness) -> None:
    connection = await scripted(harness, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha")
    await connection.ask(GET)
    assert await connection.receive_body() == Data(data=b"ha")
    with pytest.raises(RemoteProtocolError):
        await connection.receive_body()
