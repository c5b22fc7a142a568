from collections.abc import AsyncIterator

import pytest

from tremolo.testing import Clock
from tremolo.testing.harness import Harness, Terms
from tremolo.testing.http_connection import OutgoingRequest
from tremolo.testing.pool import Pool, Reply
from tremolo.testing.under_test import find_handler
from tremolo_core import EndOfMessage, Headers, Response
from tremolo_transport.exchange import Exchange

from .handlers import CHUNKED, read_body
from .timing import wait

pytestmark = pytest.mark.anyio

HOST = ((b"Host", b"testserver"),)
GET = OutgoingRequest(method="GET", target=b"/", headers=HOST)


async def tell_connection(exchange: Exchange) -> None:
    await read_body(exchange)
    await exchange.respond(200, (), b"%d %s" % (exchange.connection.id, b"x" * 10))


@pytest.fixture
async def harness() -> AsyncIterator[Harness]:
    harness = Harness(find_handler(tell_connection, {"keepalive_timeout": 5}), Terms())
    await harness.open()
    yield harness
    await harness.close()


async def read(reply: Reply) -> bytes:
    return b"".join([piece async for piece in reply])


async def test_a_connection_is_kept_once_its_answer_is_read(harness: Harness) -> None:
    pool = Pool(harness)
    first = await pool.ask(GET, "http")
    second = await pool.ask(GET, "http")
    texts = [await read(first), await read(second)]
    assert texts[0] != texts[1]
    assert await read(await pool.ask(GET, "http")) in texts
    await pool.aclose()


async def test_each_scheme_has_its_own(harness: Harness) -> None:
    pool = Pool(harness)
    plain = await read(await pool.ask(GET, "http"))
    assert await read(await pool.ask(GET, "https")) != plain
    assert await read(await pool.ask(GET, "http")) == plain
    await pool.aclose()


async def test_one_that_is_left_early_is_not_kept(harness: Harness) -> None:
    pool = Pool(harness)
    reply = await pool.ask(GET, "http")
    await reply.aclose()
    await reply.aclose()
    assert await read(reply) == b""
    one = await read(await pool.ask(GET, "http"))
    assert await read(await pool.ask(GET, "http")) == one
    await pool.aclose()


async def test_one_that_the_server_has_closed_is_replaced(tremolo_clock: Clock) -> None:
    harness = Harness(find_handler(tell_connection, {"keepalive_timeout": 5}), Terms())
    await harness.open()
    pool = Pool(harness)
    first = await read(await pool.ask(GET, "http"))
    await wait(60)
    assert await read(await pool.ask(GET, "http")) != first
    await pool.aclose()
    await harness.close()


async def test_a_body_that_can_be_sent_but_once_gets_a_new_one(harness: Harness) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"once"

    pool = Pool(harness)
    first = await read(await pool.ask(GET, "http"))
    fields = (*HOST, (b"Content-Length", b"4"))
    request = OutgoingRequest(method="POST", target=b"/", headers=fields, body=body())
    assert await read(await pool.ask(request, "http")) != first
    await pool.aclose()


async def test_trailers_are_told_at_the_end() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(
            Response(status=200, headers=CHUNKED),
            EndOfMessage(trailers=Headers(((b"a", b"b"),))),
        )

    harness = Harness(find_handler(handler, {}), Terms())
    await harness.open()
    pool = Pool(harness)
    reply = await pool.ask(GET, "http")
    assert reply.reason == b"OK"
    assert await read(reply) == b""
    assert reply.trailers == ((b"a", b"b"),)
    await pool.aclose()
    await harness.close()
