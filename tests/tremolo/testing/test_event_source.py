import anyio
import pytest

from tremolo.testing import Client, Misbehaviour
from tremolo_core import Data, EndOfMessage, Headers, Response
from tremolo_transport.exchange import Exchange

from .handlers import hello

pytestmark = pytest.mark.anyio

EVENTS = Headers(((b"content-type", b"text/event-stream; charset=utf-8"),))


@pytest.fixture(params=[False, True], ids=["memory", "tcp"])
def tcp(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def test_events_come_while_they_are_sent(tcp: bool) -> None:
    more = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200, headers=EVENTS), Data(data=b"data: 1\n\nda"))
        await more.wait()
        await exchange.send(Data(data=b"ta: 2\n\n"), EndOfMessage())

    async with Client(handler, tcp=tcp) as client, client.sse("/feed") as events:
        assert events.response.headers["content-type"].startswith("text/event-stream")
        assert (await anext(events)).data == "1"
        more.set()
        assert [event.data async for event in events] == ["2"]


async def test_leaving_them_is_leaving(tcp: bool) -> None:
    left = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200, headers=EVENTS), Data(data=b"data: 1\n\n"))
        with exchange.cancelled_on_disconnect():
            await anyio.sleep_forever()
        left.set()
        await exchange.send(EndOfMessage())

    async with Client(handler, tcp=tcp) as client:
        async with client.sse("/feed") as events:
            async for event in events:
                assert event.data == "1"
                break
        with anyio.fail_after(60):
            await left.wait()


async def test_the_request_is_that_of_a_browser(tcp: bool) -> None:
    seen = []

    async def handler(exchange: Exchange) -> None:
        headers = exchange.request.headers
        seen.extend([exchange.request.method, headers.get(b"accept"), headers.get(b"x-kind")])
        await exchange.respond(200, EVENTS, b"")

    async with (
        Client(handler, tcp=tcp) as client,
        client.sse("/feed", method="POST", headers={"x-kind": "test"}) as events,
    ):
        assert [event async for event in events] == []
    assert seen == [b"POST", b"text/event-stream", b"test"]


async def test_another_answer_is_named() -> None:
    async with Client(hello) as client:
        with pytest.raises(
            Misbehaviour, match="GET http://testserver/feed was answered with 200 and text/plain"
        ):
            async with client.sse("/feed"):
                pytest.fail("these are events")  # pragma: no cover


async def test_so_is_another_status() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.respond(404, EVENTS, b"")

    async with Client(handler) as client:
        with pytest.raises(Misbehaviour, match="answered with 404"):
            async with client.sse("/feed"):
                pytest.fail("these are events")  # pragma: no cover
