"""Server-sent events from worker threads."""

import threading
from collections.abc import Iterator

import anyio
import pytest

from tremolo import BlockingEventStream, BlockingRequest, BlockingResponse, Tremolo
from tremolo.testing import Client, ServerSentEvent

pytestmark = pytest.mark.anyio


async def test_a_plain_function_sends_events() -> None:
    app = Tremolo()

    @app.route("/events")
    def events(sse: BlockingEventStream, **server: object) -> None:
        assert isinstance(sse.request, BlockingRequest)
        assert isinstance(sse.response, BlockingResponse)
        sse.response.set_header("x-thread", threading.current_thread().name)
        sse.comment("hello")
        sse.send("a", "news", "1", 5)
        sse.send("\n", strip=False)
        sse.send(str(sse.last_event_id))
        sse.close()

    async with Client(app) as client:
        async with client.sse("/events", headers={"last-event-id": "9"}) as source:
            assert [event async for event in source] == [
                ServerSentEvent(data="a", event="news", id="1", retry=5),
                ServerSentEvent(data="\n", id="1"),
                ServerSentEvent(data="9", id="1"),
            ]
        assert source.response.headers["x-thread"] != threading.current_thread().name


async def test_a_plain_generator_is_given_it() -> None:
    app = Tremolo()

    @app.route("/events")
    def events(sse: BlockingEventStream) -> Iterator[str]:
        sse.send("a")
        yield "data: b\n\n"

    async with Client(app) as client:
        assert (await client.get("/events")).text == "data: a\n\ndata: b\n\n"


async def test_a_plain_function_is_told_when_the_client_has_left() -> None:
    app = Tremolo()
    ended = threading.Event()

    @app.route("/events")
    def events(sse: BlockingEventStream) -> None:
        try:
            while True:
                sse.send("for ever")
        finally:
            ended.set()

    async with Client(app) as client:
        async with client.sse("/events") as source:
            assert (await anext(source)).data == "for ever"
        await anyio.to_thread.run_sync(ended.wait)
