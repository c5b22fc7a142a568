"""Server-sent events to clients in memory, on time that is the test's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from tremolo import EventStream, Request, Response, Tremolo
from tremolo.exceptions import Forbidden
from tremolo.testing import Client, Clock, ServerSentEvent, Wire
from tremolo_core import LocalProtocolError

pytestmark = pytest.mark.anyio

GET = b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n"


async def let_pass(seconds: float) -> None:
    """Wait on a clock that is the test's."""
    with anyio.move_on_after(seconds):
        await anyio.sleep_forever()


@asynccontextmanager
async def connected(app: Tremolo, request: bytes = GET) -> AsyncIterator[Wire]:
    async with Client(app) as client, client.connection() as wire:
        await wire.send(request)
        yield wire


async def test_events_and_the_head_before_them() -> None:
    app = Tremolo()

    @app.route("/events")
    async def events(sse: EventStream) -> None:
        await sse.send("Hello", event="greeting", event_id="1", retry=500)
        await sse.send(b"two\nlines")
        await sse.close()

    async with Client(app) as client, client.sse("/events") as source:
        response = source.response
        assert response.headers["content-type"] == "text/event-stream"
        assert response.headers["cache-control"] == "no-cache, must-revalidate"
        assert response.headers["expires"] == "Thu, 01 Jan 1970 00:00:00 GMT"
        assert [event async for event in source] == [
            ServerSentEvent(data="Hello", event="greeting", id="1", retry=500),
            ServerSentEvent(data="two\nlines", id="1"),
        ]


async def test_a_stream_ends_with_its_handler_and_keeps_the_connection() -> None:
    app = Tremolo()

    @app.route("/events")
    async def events(sse: EventStream) -> None:
        await sse.send("one")

    async with connected(app) as wire:
        assert (await wire.receive_response()).body == b"data: one\n\n"
        await wire.send(GET)
        assert (await wire.receive_response()).body == b"data: one\n\n"


async def test_where_a_client_was() -> None:
    app = Tremolo()

    @app.route("/events")
    async def events(sse: EventStream) -> None:
        await sse.send(repr(sse.last_event_id))

    async with Client(app) as client:
        assert (await client.get("/events")).text == "data: None\n\n"
        headers = {b"last-event-id": "größe 7".encode()}
        assert (await client.get("/events", headers=headers)).text == "data: 'größe 7'\n\n"


async def test_the_request_and_the_response_are_at_hand() -> None:
    app = Tremolo()

    @app.route("/events")
    async def events(sse: EventStream, request: Request, response: Response) -> None:
        assert sse.request is request
        assert sse.response is response
        response.set_header("x-stream", "1")
        await sse.send("a")

    async with Client(app) as client:
        assert (await client.get("/events")).headers["x-stream"] == "1"


async def test_a_request_with_a_body_is_given_none() -> None:
    app = Tremolo()

    @app.route("/events")
    async def events(request: Request, sse: EventStream | None = None) -> str:
        return f"{sse} {len(await request.body())}"

    async with Client(app) as client:
        response = await client.post("/events", content=b"abc")
    assert response.text == "None 3"
    assert response.headers["content-type"] == "text/html; charset=utf-8"


async def test_an_error_before_the_first_event_is_an_ordinary_answer() -> None:
    app = Tremolo()

    @app.route("/events")
    async def events(sse: EventStream) -> None:
        raise Forbidden

    async with Client(app) as client:
        response = await client.get("/events")
    assert response.status_code == 403
    assert "cache-control" not in response.headers


async def test_a_line_end_in_the_type_is_an_error_of_ours() -> None:
    app = Tremolo()

    @app.route("/events")
    async def events(sse: EventStream) -> None:
        await sse.send("a", event="b\nc")

    async with Client(app, raise_server_exceptions=False) as client:
        assert (await client.get("/events")).status_code == 500


async def test_an_error_between_events_breaks_the_stream_off() -> None:
    app = Tremolo()

    @app.route("/events")
    async def events(sse: EventStream) -> None:
        await sse.send("a")
        raise LookupError("on purpose")

    with pytest.raises(LookupError):
        async with connected(app) as wire:
            output = await wire.receive_to_end()
            assert output.endswith(b"data: a\n\n\r\n")


async def test_nothing_follows_the_end() -> None:
    app = Tremolo()

    @app.route("/events")
    async def events(sse: EventStream) -> None:
        await sse.send("a")
        await sse.close()
        with pytest.raises(LocalProtocolError):
            await sse.send("b")

    async with connected(app) as wire:
        assert (await wire.receive_response()).body == b"data: a\n\n"


async def test_head_has_no_events_and_ends_the_handler() -> None:
    app = Tremolo()
    ended = anyio.Event()

    @app.get("/events")
    async def events(sse: EventStream) -> None:
        try:
            while True:
                await sse.send("for ever")
        finally:
            ended.set()

    async with connected(app, GET.replace(b"GET", b"HEAD")) as wire:
        answer = await wire.receive_response(method="HEAD")
        assert answer.headers.get(b"content-type") == b"text/event-stream"
        await ended.wait()
        await wire.send(GET.replace(b"GET", b"HEAD"))
        assert (await wire.receive_response(method="HEAD")).status == 200


async def test_http_1_0() -> None:
    app = Tremolo()

    @app.route("/events")
    async def events(sse: EventStream) -> None:
        await sse.send("a")

    async with connected(app, b"GET /events HTTP/1.0\r\n\r\n") as wire:
        assert (await wire.receive_to_end()).endswith(b"\r\n\r\ndata: a\n\n")


@pytest.mark.parametrize("sent", [False, True])
async def test_a_handler_that_waits_is_cancelled_as_soon_as_the_client_leaves(
    sent: bool, tremolo_clock: Clock
) -> None:
    app = Tremolo()
    waiting, left = anyio.Event(), anyio.Event()

    @app.route("/events")
    async def events(sse: EventStream) -> None:
        if sent:
            await sse.send("a")
        try:
            waiting.set()
            await anyio.sleep_forever()
        finally:
            left.set()

    async with Client(app) as client, client.connection() as wire:
        await wire.send(GET)
        await waiting.wait()
        began = tremolo_clock.time()
        await wire.abort()
        await left.wait()
        assert tremolo_clock.time() == began


async def test_what_a_handler_does_when_cancelled_is_not_in_a_hurry(tremolo_clock: Clock) -> None:
    app = Tremolo()
    waiting, cleaned = anyio.Event(), anyio.Event()

    @app.route("/events")
    async def events(sse: EventStream) -> None:
        try:
            waiting.set()
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await let_pass(3)
            cleaned.set()

    async with Client(app) as client:
        async with client.connection() as wire:
            await wire.send(GET)
            await waiting.wait()
        await cleaned.wait()


def countdown(app: Tremolo, *pauses: float) -> None:
    @app.route("/events")
    async def events(sse: EventStream) -> None:
        await sse.send("begin")
        for pause in pauses:
            await let_pass(pause)
            await sse.send(str(pause))


async def test_silence_is_filled_with_comments(tremolo_clock: Clock) -> None:
    app = Tremolo()
    countdown(app, 14, 14, 16, 31)
    async with Client(app) as client:
        began = tremolo_clock.time()
        assert (await client.get("/events")).text == (
            "data: begin\n\ndata: 14\n\ndata: 14\n\n:\n\ndata: 16\n\n:\n\n:\n\ndata: 31\n\n"
        )
        assert tremolo_clock.time() - began == pytest.approx(75)


async def test_how_long_silence_may_be_is_an_option(tremolo_clock: Clock) -> None:
    app = Tremolo()

    @app.route("/a", keepalive=2)
    @app.route("/b", keepalive=None)
    async def events(sse: EventStream) -> None:
        await sse.send("a")
        await let_pass(5)

    @app.route("/c")
    async def by_default(sse: EventStream, keepalive: float = 0.9) -> None:
        await sse.comment("hello")
        await let_pass(1)

    async with Client(app) as client:
        assert (await client.get("/a")).text == "data: a\n\n:\n\n:\n\n"
        assert (await client.get("/b")).text == "data: a\n\n"
        assert (await client.get("/c")).text == ": hello\n\n:\n\n"


async def test_the_limit_on_the_time_of_handlers_is_not_for_it(tremolo_clock: Clock) -> None:
    app = Tremolo()
    countdown(app, 1_000)

    @app.route("/asked-for")
    async def asked_for(sse: EventStream) -> None:
        with anyio.move_on_after(5):
            await anyio.sleep_forever()
        await sse.send("enough")

    async with Client(app, app_handler_timeout=10, timeout=2_000) as client:
        assert (await client.get("/events")).text.endswith("data: 1000\n\n")
        assert (await client.get("/asked-for")).text == "data: enough\n\n"


async def test_no_comment_begins_the_answer(tremolo_clock: Clock) -> None:
    app = Tremolo()

    @app.route("/events")
    async def events(sse: EventStream) -> None:
        await let_pass(100)
        raise Forbidden

    async with Client(app) as client:
        assert (await client.get("/events")).status_code == 403


async def test_no_comment_follows_the_end(tremolo_clock: Clock) -> None:
    app = Tremolo()

    @app.route("/events")
    async def events(sse: EventStream) -> None:
        await sse.send("a")
        await sse.close()
        await let_pass(100)

    async with Client(app) as client:
        assert (await client.get("/events")).text == "data: a\n\n"


async def test_a_slow_client_makes_the_handler_wait() -> None:
    app = Tremolo()
    sent = 0

    @app.route("/events")
    async def events(sse: EventStream) -> None:
        nonlocal sent
        while True:
            await sse.send("x" * 1_000)
            sent += 1

    async with Client(app) as client, client.connection(capacity=20_000) as wire:
        await wire.send(GET)
        await anyio.wait_all_tasks_blocked()
        assert 1 <= sent < 100
        before = sent
        for _ in range(20):
            await wire.receive_bytes(1_000)
        await anyio.wait_all_tasks_blocked()
        assert before < sent < before + 100


async def test_a_generator_may_ask_for_it_too() -> None:
    app = Tremolo()

    @app.route("/events")
    async def events(sse: EventStream) -> AsyncIterator[str]:
        await sse.send("a")
        yield "data: b\n\n"

    async with Client(app) as client:
        assert (await client.get("/events")).text == "data: a\n\ndata: b\n\n"


def stop(client: Client) -> None:
    client.harness._open_site().server.begin_stop()


async def test_a_silent_stream_ends_when_the_server_stops(tremolo_clock: Clock) -> None:
    app, sent, cancelled = Tremolo(), anyio.Event(), anyio.Event()

    @app.route("/events")
    async def events(sse: EventStream) -> None:
        await sse.send("one")
        sent.set()
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.set()

    async with Client(app) as client, client.connection() as wire:
        await wire.send(GET)
        await sent.wait()
        await let_pass(5)
        began = tremolo_clock.time()
        stop(client)
        assert (await wire.receive_response()).body == b"data: one\n\n"
        assert tremolo_clock.time() - began <= 1
        assert cancelled.is_set()


async def test_one_that_goes_on_is_told_to_its_end(tremolo_clock: Clock) -> None:
    app, sent = Tremolo(), anyio.Event()

    @app.route("/events")
    async def events(sse: EventStream) -> None:
        for number in range(10):
            await sse.send(str(number))
            sent.set()
            await let_pass(0.5)

    async with Client(app) as client, client.connection() as wire:
        await wire.send(GET)
        await sent.wait()
        stop(client)
        body = (await wire.receive_response()).body
        assert body == b"".join(b"data: %d\n\n" % number for number in range(10))


async def test_one_that_has_said_nothing_is_an_empty_stream_then(tremolo_clock: Clock) -> None:
    app, begun = Tremolo(), anyio.Event()

    @app.route("/events")
    async def events(sse: EventStream) -> None:
        begun.set()
        await anyio.sleep_forever()

    async with Client(app) as client, client.connection() as wire:
        await wire.send(GET)
        await begun.wait()
        stop(client)
        answer = await wire.receive_response()
        assert (answer.status, answer.body) == (200, b":\n\n")


async def test_a_stream_that_has_ended_is_not_told_of_a_stop(tremolo_clock: Clock) -> None:
    app, requests = Tremolo(), list[Request]()

    @app.route("/events")
    async def events(sse: EventStream, request: Request) -> None:
        requests.append(request)
        await sse.send("one")

    async with Client(app) as client:
        await client.get("/events")
        assert not requests[0].exchange.shutdown._drain_callbacks
        stop(client)
