"""The kit finds what is wrong with applications that were made wrong on purpose.

Each test asks its application as any test would, without asking for a check,
and is told what is wrong and where.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextvars import Context, ContextVar, copy_context
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from tremolo import Application
from tremolo.testing import (
    Answer,
    Client,
    Clock,
    Misbehaviour,
    Wire,
    abort_everywhere,
    slow_reader,
    split_everywhere,
)
from tremolo_core import ConnectionClosed, Data, EndOfMessage, LocalProtocolError, Response
from tremolo_transport.exchange import Exchange, ExchangeOver

from .handlers import CHUNKED, GET, read_body

pytestmark = pytest.mark.anyio

POST = b"POST /notes HTTP/1.1\r\nHost: testserver\r\nContent-Length: 12\r\n\r\n" + b"abcdefghijkl"


@pytest.fixture(params=[False, True], ids=["memory", "tcp"])
def tcp(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def say(wire: Wire) -> Answer:
    """A conversation: one request with a body, and its answer."""
    await wire.send(POST)
    return await wire.receive_response()


# What is left behind.


async def rows() -> AsyncIterator[int]:
    for number in range(3):
        yield number


async def test_a_generator_that_is_not_closed(tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        async for _ in rows():
            break
        await exchange.respond(200)

    with pytest.raises(
        Misbehaviour, match=r"GET /rows left .* generator .* close it: rows \(.*:\d"
    ):
        async with Client(handler, tcp=tcp) as client:
            await client.get("/rows")


async def test_a_generator_that_somebody_keeps(tcp: bool) -> None:
    kept = []

    async def handler(exchange: Exchange) -> None:
        kept.append(rows())
        await anext(kept[0])
        await exchange.respond(200)

    with pytest.raises(
        Misbehaviour, match=r"GET /rows left .* generator .* close it: rows \(.*:\d"
    ):
        async with Client(handler, tcp=tcp) as client:
            await client.get("/rows")


async def test_a_task_left_behind(tcp: bool, anyio_backend_name: str) -> None:
    if anyio_backend_name == "trio":
        pytest.skip("on trio no task outlives its nursery")
    tasks = []

    async def refresh() -> None:
        await anyio.sleep_forever()

    async def handler(exchange: Exchange) -> None:
        tasks.append(asyncio.create_task(refresh()))
        await exchange.respond(200)

    with pytest.raises(Misbehaviour, match=r"GET /task left a task .* still runs: .*refresh \(.*:"):
        async with Client(handler, tcp=tcp) as client:
            await client.get("/task")
    assert tasks[0].cancelled()


async def test_a_handler_that_ignores_that_its_client_has_left(tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200, headers=CHUNKED), Data(data=b"first"))
        await anyio.sleep_forever()

    complaint = r"the handler of GET /feed still runs 0\.3 s after its client has left"
    with pytest.raises(Misbehaviour, match=complaint):
        async with (
            Client(handler, tcp=tcp, grace=0.3) as client,
            client.stream("GET", "/feed") as response,
        ):
            assert response.status_code == 200


async def test_a_context_variable_that_all_requests_see(tcp: bool) -> None:
    user: ContextVar[str] = ContextVar("user")
    shared: list[Context] = []

    class Handler:
        async def __call__(self, exchange: Exchange, /) -> None:
            shared[0].run(user.set, "alice")
            await exchange.respond(200)

        def lifespan(self) -> Any:
            return Life()

    class Life:
        async def __aenter__(self) -> Context:
            shared.append(copy_context())
            return shared[0]

        async def __aexit__(self, *_: object) -> None:
            pass

    with pytest.raises(
        Misbehaviour, match=r"GET /login set the context variable 'user' for all .* to 'alice'"
    ):
        async with Client(Handler(), tcp=tcp) as client:
            await client.get("/login")


# What is raised where nobody looks.


async def test_an_answer_that_is_given_twice(tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.respond(200)
        await exchange.respond(200)

    async with Client(handler, tcp=tcp) as client:
        with pytest.raises(LocalProtocolError, match="Response cannot be sent"):
            await client.get("/")


async def test_an_asgi_application_that_answers_twice(tcp: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for _ in range(2):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    async with Client(app, tcp=tcp, lifespan="off") as client:
        with pytest.raises(Exception, match=r"http\.response\.start"):
            await client.get("/")


async def test_an_error_that_the_framework_has_answered(tcp: bool) -> None:
    app = Application()

    @app.route("/")
    async def broken() -> None:
        raise ZeroDivisionError("as it should")

    async with Client(app, tcp=tcp) as client:
        with pytest.raises(ZeroDivisionError, match="as it should"):
            await client.get("/")


async def test_an_error_after_the_answer(tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.respond(200)
        for _ in range(30):
            await checkpoint()
        raise ZeroDivisionError("as it should")

    async with Client(handler, tcp=tcp) as client:
        with pytest.raises(ZeroDivisionError, match="as it should"):
            await client.get("/")


async def test_a_handler_that_forgets_to_answer(tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        pass

    with pytest.raises(Misbehaviour, match="the handler of GET / returned too early"):
        async with Client(handler, tcp=tcp) as client:
            assert (await client.get("/")).status_code == 500


async def test_a_failed_test_is_told_what_the_application_did(tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        pass

    with pytest.raises(AssertionError) as caught:
        async with Client(handler, tcp=tcp) as client:
            response = await client.get("/")
            assert response.status_code == 200
    assert (
        "besides, Misbehaviour: the handler of GET / returned too early" in caught.value.__notes__
    )


# What is handed from one request to the next.


async def test_an_exchange_that_is_kept_for_the_next_request(tcp: bool) -> None:
    kept: list[Exchange] = []

    async def handler(exchange: Exchange) -> None:
        kept.append(exchange)
        await kept[0].respond(200)

    async with Client(handler, tcp=tcp) as client:
        await client.get("/first")
        with pytest.raises(ExchangeOver):
            await client.get("/second")


async def test_a_body_that_the_next_request_is_given(tcp: bool) -> None:
    pieces: list[bytes] = []

    async def handler(exchange: Exchange) -> None:
        pieces.append(await read_body(exchange))
        await exchange.respond(200, (), b"".join(pieces))

    async with Client(handler, tcp=tcp) as client:
        with pytest.raises(Misbehaviour, match="is handed from one request to the next"):
            await split_everywhere(client, say)


async def test_a_body_that_breaks_off_and_is_given_to_the_next_request() -> None:
    pieces: list[bytes] = []

    async def handler(exchange: Exchange) -> None:
        async for event in exchange:
            if isinstance(event, Data):
                pieces.append(event.data)
            if isinstance(event, ConnectionClosed):
                return
        await exchange.respond(200, (), b"".join(pieces))
        pieces.clear()

    async with Client(handler) as client:
        with pytest.raises(
            Misbehaviour, match=r"vanishes after \d+ of \d+ bytes, the next client is told"
        ):
            await abort_everywhere(client, say)


# What only hostile peers bring to light.


async def test_a_byte_that_is_lost_by_a_time_out(tremolo_clock: Clock) -> None:
    async def handler(exchange: Exchange) -> None:
        body = b""
        complete = False
        while not complete:
            part = b""
            with anyio.move_on_after(1):
                # What was received before the time-out is forgotten.
                while len(part) < 12 and not complete:
                    event = await exchange.receive()
                    complete = isinstance(event, EndOfMessage | ConnectionClosed)
                    part += event.data if isinstance(event, Data) else b""
                body += part
        await exchange.respond(200, (), body)

    async with Client(handler) as client:
        answer = await say_it(client)
        assert answer.body == b"abcdefghijkl"
        with pytest.raises(Misbehaviour, match=r"cut after \d+ of \d+ bytes, the same bytes give"):
            await split_everywhere(client, say, pause=2)


async def say_it(client: Client) -> Answer:
    async with client.connection() as wire:
        return await say(wire)


async def test_a_body_that_is_taken_for_complete_where_a_piece_ends() -> None:
    async def handler(exchange: Exchange) -> None:
        event = await exchange.receive()
        body = event.data if isinstance(event, Data) else b""
        await exchange.respond(200, (), body)

    async with Client(handler) as client:
        with pytest.raises(Misbehaviour, match=r"cut after \d+ of \d+ bytes, the same bytes give"):
            await split_everywhere(client, say)


async def test_a_handler_that_trips_over_a_client_that_vanishes() -> None:
    async def handler(exchange: Exchange) -> None:
        body = json.loads(await read_body(exchange))
        await exchange.respond(200, (), json.dumps(body).encode())

    async def conversation(wire: Wire) -> Answer:
        body = b'{"a": 1}'
        await wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body))
        await wire.send(body)
        return await wire.receive_response()

    async with Client(handler) as client:
        with pytest.raises(
            Misbehaviour, match=r"vanishes after \d+ of \d+ bytes, JSONDecodeError: "
        ):
            await abort_everywhere(client, conversation)


async def test_a_handler_that_goes_on_when_its_client_has_vanished(tremolo_clock: Clock) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.receive()
        if exchange.disconnected:
            await anyio.sleep_forever()
        await exchange.respond(200)

    async with Client(handler, check_leaks=False) as client:
        with pytest.raises(
            Misbehaviour, match=r"vanishes after \d+ of \d+ bytes, the handler of POST /notes still"
        ):
            await abort_everywhere(client, say)


async def test_a_handler_that_holds_a_lock_while_it_sends(tremolo_clock: Clock) -> None:
    lock = anyio.Lock()

    async def handler(exchange: Exchange) -> None:
        async with lock:
            await exchange.respond(200, (), b"x" * 10_000)

    async def download(wire: Wire) -> Answer:
        await wire.send(GET)
        return await wire.receive_response()

    async with Client(handler) as client:
        with pytest.raises(Misbehaviour, match="reads 100 bytes/s, another one waits too"):
            await slow_reader(client, download, rate=100)


async def test_one_thing_wrong_does_not_hide_another() -> None:
    async def handler(exchange: Exchange) -> None:
        async for _ in rows():
            break

    with pytest.raises(BaseExceptionGroup) as caught:
        async with Client(handler) as client:
            await client.get("/")
    texts = sorted(str(error) for error in caught.value.exceptions)
    assert re.match("the handler of GET / left an asynchronous generator", texts[0])
    assert re.match("the handler of GET / returned too early", texts[1])
