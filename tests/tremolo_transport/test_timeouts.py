"""Handlers that take too long, and clients that do not read: what becomes of both."""

import logging
import re

import anyio
import pytest
from anyio import CancelScope
from anyio.lowlevel import checkpoint

from tests.tremolo_core.framing import handshake
from tremolo_core import AcceptWebSocket, Data, EndOfMessage, Response
from tremolo_transport.exchange import ClientDisconnected, Exchange
from tremolo_transport.settings import ServerSettings
from tremolo_transport.streams import Transport

from .conversations import (
    GET,
    Conversation,
    MakePair,
    conversation,
    memory_pair,
    over_every_stream,
    reset,
    settle,
    tcp_pair,
)

pytestmark = pytest.mark.anyio

TEN = ServerSettings(handler_timeout=10)
SMALL = pytest.mark.parametrize(
    "make_pair",
    [
        memory_pair(1_000),
        tcp_pair(Transport.ANYIO, buffers=8_192),
        tcp_pair(Transport.NATIVE, buffers=8_192),
    ],
    ids=["memory", "tcp", "native"],
)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno > logging.INFO]


# The handler.


@over_every_stream
async def test_a_handler_that_takes_too_long_is_a_503(
    make_pair: MakePair, caplog: pytest.LogCaptureFixture
) -> None:
    ended: list[str] = []

    async def handler(exchange: Exchange) -> None:
        try:
            await exchange.receive()
            await anyio.sleep_forever()
        finally:
            ended.append("cancelled")

    async with conversation(handler, make_pair=make_pair, settings=TEN) as talk:
        await talk.client.send(GET)
        await settle()
        talk.sweep()
        talk.sweep(later=9.9)
        await settle()
        assert ended == []
        talk.sweep(later=0.1)
        answer = await talk.client.answer()
        assert (answer.status, answer.get(b"connection")) == (503, b"close")
        assert await talk.client.some() == b""
        await talk.client.stream.aclose()
        await talk.ended.wait()
    assert ended == ["cancelled"]
    assert warnings(caplog) == ["the handler of GET / was cancelled, as it took too long"]


async def test_an_answer_that_takes_too_long_breaks_off() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200), Data(data=b"some"))
        await anyio.sleep_forever()

    async with conversation(handler, settings=TEN) as talk:
        await talk.client.send(GET)
        await settle()
        talk.sweep()
        talk.sweep(later=10)
        answer = await talk.client.answer()
        assert (answer.status, answer.body, answer.complete) == (200, b"some", False)
        await talk.ended.wait()


async def test_a_handler_that_is_read_for_is_cancelled_all_the_same() -> None:
    async def handler(exchange: Exchange) -> None:
        await anyio.sleep_forever()

    async with conversation(handler, settings=TEN) as talk:
        await talk.client.send(GET)
        for _ in range(4):
            await settle()
            talk.sweep()
        await settle()
        talk.sweep(later=10)
        assert (await talk.client.answer()).status == 503
        assert await talk.client.some() == b""


async def test_a_handler_says_itself_how_long_it_may_take() -> None:
    async def handler(exchange: Exchange) -> None:
        exchange.limit_time(20 if exchange.request.target == b"/" else None)
        await anyio.sleep_forever()

    for target, ended in ((b"/", True), (b"/other", False)):
        async with conversation(handler, settings=TEN) as talk:
            await talk.client.send(GET.replace(b"/ ", target + b" "))
            await settle()
            talk.sweep()
            talk.sweep(later=19)
            await settle()
            assert talk.driver._exchange is not None
            talk.sweep(later=1)
            await settle()
            assert (talk.driver._exchange is None) == ended
            if not ended:
                await leave(talk)


async def leave(talk: Conversation) -> None:
    """Have the client vanish, and its handler cancelled for it."""
    await reset(talk.client.stream)
    for _ in range(3):
        await settle()
        talk.sweep()
    talk.sweep(later=30)


async def test_each_request_has_its_own_time(caplog: pytest.LogCaptureFixture) -> None:
    async with conversation(wait_a_turn, settings=TEN) as talk:
        for _ in range(5):
            await talk.client.send(GET)
            await settle()
            assert (await talk.client.answer()).status == 200
            talk.sweep(later=6)
    assert warnings(caplog) == []


async def wait_a_turn(exchange: Exchange) -> None:
    await checkpoint()
    await exchange.respond(200)


@pytest.mark.parametrize("answers", [True, False])
async def test_a_handler_that_will_not_be_cancelled(answers: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            with CancelScope(shield=True):
                await checkpoint()
                if answers:
                    await exchange.respond(200, body=b"in spite of it")

    async with conversation(handler, settings=TEN) as talk:
        await talk.client.send(GET)
        await settle()
        talk.sweep()
        talk.sweep(later=10)
        assert (await talk.client.answer()).status == (200 if answers else 503)
        assert await talk.client.some() == b""


@pytest.mark.parametrize("turns", range(6))
async def test_a_handler_that_ends_just_as_its_time_is_up(turns: int) -> None:
    go_on = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        if exchange.request.target == b"/":
            await go_on.wait()
        await exchange.respond(200)

    async with conversation(handler, settings=TEN) as talk:
        await talk.client.send(GET + b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        await settle()
        talk.sweep()
        go_on.set()
        for _ in range(turns):
            await checkpoint()
        talk.sweep(later=10)
        statuses = re.findall(rb"HTTP/1.1 (\d+)", await talk.client.rest())
        # An answer that was being written is lost; none is given twice.
        assert statuses in ([], [b"503"], [b"200"], [b"200", b"200"])
        if turns == 5:
            assert statuses == [b"200", b"200"]


async def test_a_websocket_may_last() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(AcceptWebSocket())
        with exchange.cancelled_on_disconnect():
            await anyio.sleep_forever()

    async with conversation(handler, settings=TEN) as talk:
        await talk.client.send(handshake())
        await talk.client.until(b"\r\n\r\n")
        for _ in range(10):
            talk.sweep(later=10)
            await settle()
        assert not talk.ended.is_set()


# When the client has left.


@over_every_stream
async def test_a_handler_is_cancelled_a_while_after_its_client_has_left(
    make_pair: MakePair, caplog: pytest.LogCaptureFixture
) -> None:
    cancelled = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.set()

    settings = ServerSettings(close_timeout=30)
    async with conversation(handler, make_pair=make_pair, settings=settings) as talk:
        await talk.client.send(GET)
        for _ in range(3):
            await settle()
            talk.sweep()
        await reset(talk.client.stream)
        for _ in range(3):
            await settle()
            talk.sweep()
        talk.sweep(later=29)
        await settle()
        assert not cancelled.is_set()
        talk.sweep(later=1)
        await cancelled.wait()
        await talk.ended.wait()
    assert warnings(caplog) == ["the handler of GET / was cancelled, as it took too long"]


async def test_a_half_closed_client_gets_a_long_answer() -> None:
    next_piece = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200))
        for _ in range(20):
            await next_piece.wait()
            await exchange.send(Data(data=b"x"))
        await exchange.send(EndOfMessage())

    async with conversation(handler, settings=ServerSettings(close_timeout=30)) as talk:
        await talk.client.send(GET)
        await talk.client.stream.send_eof()
        for _ in range(20):
            await settle()
            talk.sweep(later=15)
            event, next_piece = next_piece, anyio.Event()
            event.set()
        await settle()
        answer = await talk.client.answer()
        assert (answer.body, answer.complete) == (b"x" * 20, True)


# Clients that do not read.


@SMALL
async def test_a_client_that_takes_nothing_is_given_up(
    make_pair: MakePair, caplog: pytest.LogCaptureFixture
) -> None:
    raised: list[BaseException] = []

    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200))
        try:
            while True:
                await exchange.send(Data(data=bytes(100_000)))
        except ClientDisconnected as error:
            raised.append(error)
            assert exchange.disconnected
            raise

    settings = ServerSettings(write_timeout=60)
    async with conversation(handler, make_pair=make_pair, settings=settings) as talk:
        await talk.client.send(GET)
        await talk.client.until(b"\r\n\r\n")
        for _ in range(5):
            await settle()
        talk.sweep()
        talk.sweep(later=59)
        await settle()
        assert not talk.ended.is_set()
        talk.sweep(later=1)
        await talk.ended.wait()
    assert len(raised) == 1
    assert warnings(caplog) == []


@SMALL
async def test_a_client_that_reads_slowly_is_served(make_pair: MakePair) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.respond(200, body=bytes(300_000))

    settings = ServerSettings(write_timeout=60)
    async with conversation(handler, make_pair=make_pair, settings=settings) as talk:
        await talk.client.send(GET)
        received = 0
        while received < 300_000:
            received += len(await talk.client.some())
            if received % 10_000 < 1_000:
                await settle()
                talk.sweep(later=1)
        assert not talk.driver._link.broken
