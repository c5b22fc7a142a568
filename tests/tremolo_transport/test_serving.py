"""One connection served by itself, as other servers and tests do."""

import asyncio
from contextvars import Context, ContextVar
from functools import partial

import anyio
import pytest
from anyio import EndOfStream

from tremolo_core import Data, EndOfMessage, Limits, Response
from tremolo_transport.exchange import Exchange
from tremolo_transport.memory import memory_stream_pair
from tremolo_transport.peer import Peer
from tremolo_transport.serving import serve_connection
from tremolo_transport.settings import ServerSettings
from tremolo_transport.shutdown import ShutdownNotice

from .conversations import GET, PATIENCE, Client, settle

pytestmark = pytest.mark.anyio

COLOUR: ContextVar[str] = ContextVar("COLOUR")


async def test_a_stream_is_served_until_it_ends_and_then_closed() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.respond(200, body=b"hello")

    client, server = memory_stream_pair()
    talker = Client(client)
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            group.start_soon(serve_connection, server, handler)
            for _ in range(3):
                assert (await talker.ask()).body == b"hello"
            await client.send_eof()
            with pytest.raises(EndOfStream):
                await client.receive()


async def test_a_watch_that_still_reads_does_not_delay_the_end() -> None:
    left = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        with exchange.cancelled_on_disconnect():
            await anyio.sleep_forever()
        left.set()

    client, server = memory_stream_pair()
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            group.start_soon(serve_connection, server, handler)
            await client.send(GET)
            await client.aclose()
            # Its own sweeper looks, so the handler need not.
            await left.wait()


async def test_by_default_requests_run_in_the_context_of_the_caller() -> None:
    seen: list[str] = []

    async def handler(exchange: Exchange) -> None:
        seen.append(COLOUR.get("none"))
        COLOUR.set("of a request")
        await exchange.respond(200)

    COLOUR.set("of the caller")
    for context in (None, Context()):
        client, server = memory_stream_pair()
        await client.send(GET + GET)
        await client.send_eof()
        await serve_connection(server, handler, context=context)
    assert seen == ["of the caller", "of the caller", "none", "none"]
    assert COLOUR.get() == "of the caller"


async def test_what_it_is_told_reaches_the_handler() -> None:
    peer = Peer(client=("192.0.2.1", 1), scheme="https")
    shutdown = ShutdownNotice()
    exchanges: list[Exchange] = []

    async def handler(exchange: Exchange) -> None:
        exchanges.append(exchange)
        await exchange.respond(200)

    settings = ServerSettings(limits=Limits(request_line=20), server_name=b"me")
    client, server = memory_stream_pair()
    await client.send(GET + b"GET /longer_than_that HTTP/1.1\r\nHost: a\r\n\r\n")
    await client.send_eof()
    serve = partial(serve_connection, settings=settings, peer=peer, shutdown=shutdown)
    await serve(server, handler)
    talker = Client(client)
    assert (await talker.answer()).get(b"server") == b"me"
    assert (await talker.answer()).status == 414
    (exchange,) = exchanges
    assert exchange.peer is peer
    assert exchange.shutdown is shutdown


async def test_a_cancellation_cancels_the_handler_and_closes_the_stream() -> None:
    ended: list[str] = []

    async def handler(exchange: Exchange) -> None:
        try:
            await exchange.send(Response(status=200), Data(data=b"begun"))
            await anyio.sleep_forever()
        finally:
            ended.append("handler")

    client, server = memory_stream_pair()
    talker = Client(client)
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            group.start_soon(serve_connection, server, handler)
            await talker.send(GET)
            await talker.until(b"begun")
            group.cancel_scope.cancel()
        assert b"0\r\n\r\n" not in await talker.rest()
    assert ended == ["handler"]


async def test_a_task_that_serves_can_be_cancelled(anyio_backend_name: str) -> None:
    if anyio_backend_name != "asyncio":
        pytest.skip("only on asyncio is a task itself cancelled")

    async def handler(exchange: Exchange) -> None:
        await anyio.sleep_forever()

    client, server = memory_stream_pair()
    await client.send(GET)
    task = asyncio.ensure_future(serve_connection(server, handler))
    await settle()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    with pytest.raises(EndOfStream):
        await client.receive()


async def test_nothing_is_raised_for_what_a_handler_does() -> None:
    async def handler(exchange: Exchange) -> None:
        if exchange.request.target == b"/":
            raise SystemExit(3)
        await exchange.send(Response(status=200), EndOfMessage())
        raise ExceptionGroup("of a handler", [ValueError()])

    client, server = memory_stream_pair()
    await client.send(GET + b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
    await client.send_eof()
    await serve_connection(server, handler)
    talker = Client(client)
    assert (await talker.answer()).status == 500
    assert (await talker.answer()).status == 200
