"""The client for plain functions, on each event loop, in memory and over a real socket."""

from collections.abc import Iterator
from typing import get_args

import anyio
import httpx
import pytest

from tremolo import Application
from tremolo.testing import Clock, Misbehaviour, SyncClient
from tremolo.testing.clock import Backend
from tremolo_core import Data, EndOfMessage, Response
from tremolo_transport.exchange import Exchange

from .handlers import CHUNKED, echo, hello, show
from .timing import wait


@pytest.fixture(params=get_args(Backend))
def backend(request: pytest.FixtureRequest) -> Backend:
    backend: Backend = request.param
    return backend


@pytest.fixture(params=[False, True], ids=["memory", "tcp"])
def tcp(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_it_asks(backend: Backend, tcp: bool) -> None:
    with SyncClient(hello, backend=backend, tcp=tcp) as client:
        response = client.get("/hello")
        assert (response.status_code, response.text) == (200, "Hello world!")
        assert response.reason_phrase == "OK"


def test_plain_handlers_run_in_threads(backend: Backend, tcp: bool) -> None:
    app = Application()

    @app.route("/")
    def plain() -> str:
        return "Hello thread!"

    with SyncClient(app, backend=backend, tcp=tcp) as client:
        assert [client.get("/").text for _ in range(3)] == ["Hello thread!"] * 3


def test_it_has_what_httpx_has(backend: Backend) -> None:
    with SyncClient(
        show, backend=backend, base_url="http://example.com/api", headers={"x-kind": "test"}
    ) as client:
        text = client.post("/items", params={"page": 2}, files={"file": b"content"}).text
    assert text.startswith("POST /api/items?page=2\nhost: example.com\n")
    assert "\nx-kind: test\n" in text
    assert "content" in text


def test_bodies_are_streamed(backend: Backend, tcp: bool) -> None:
    def body() -> Iterator[bytes]:
        yield from (b"one", b"two")

    with SyncClient(echo, backend=backend, tcp=tcp) as client:
        assert client.post("/", content=body()).text == "onetwo"
        data = bytes(500_000)
        assert client.post("/", content=data).content == data
        with client.stream("POST", "/", content=b"abc") as response:
            assert b"".join(response.iter_raw()) == b"abc"


def test_a_stream_can_be_left(backend: Backend, tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200, headers=CHUNKED), Data(data=b"first"))
        with exchange.cancelled_on_disconnect():
            await anyio.sleep_forever()
        await exchange.send(EndOfMessage())

    with (
        SyncClient(handler, backend=backend, tcp=tcp) as client,
        client.stream("GET", "/") as response,
    ):
        assert next(response.iter_raw()) == b"first"


def test_events_are_read_one_by_one(backend: Backend, tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        fields = [(b"content-type", b"text/event-stream")]
        await exchange.respond(200, fields, b"data: 1\n\nevent: end\ndata: 2\n\n")

    with (
        SyncClient(handler, backend=backend, tcp=tcp) as client,
        client.sse("/feed") as events,
    ):
        assert [(event.event, event.data) for event in events] == [("message", "1"), ("end", "2")]


def test_what_a_handler_raises_is_raised(backend: Backend, tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        if exchange.request.target == b"/later":
            await exchange.send(Response(status=200, headers=CHUNKED), Data(data=b"first"))
        raise ValueError("as it should") from OSError("cause")

    with SyncClient(handler, backend=backend, tcp=tcp) as client:
        for target in ("/", "/later"):
            with pytest.raises(ValueError, match="as it should") as caught:
                client.get(target)
            assert isinstance(caught.value.__cause__, OSError)
    with SyncClient(handler, backend=backend, tcp=tcp, raise_server_exceptions=False) as client:
        assert client.get("/").status_code == 500
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            client.get("/later")


def test_what_is_left_behind_fails_the_test(backend: Backend) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200, headers=CHUNKED))
        await anyio.sleep_forever()

    with (
        pytest.raises(Misbehaviour, match="the handler of GET / still runs"),
        SyncClient(handler, backend=backend, clock=Clock()) as client,
        client.stream("GET", "/"),
    ):
        pass


def test_a_test_that_fails_fails_as_it_does(backend: Backend) -> None:
    with pytest.raises(ZeroDivisionError), SyncClient(hello, backend=backend) as client:
        client.get("/")
        raise ZeroDivisionError


def test_on_a_clock_no_call_waits(backend: Backend) -> None:
    async def handler(exchange: Exchange) -> None:
        began = anyio.current_time()
        await wait(300)
        await exchange.respond(200, (), b"%.0f" % (anyio.current_time() - began))

    with SyncClient(handler, backend=backend, clock=Clock()) as client:
        assert client.get("/").text == "300"


def test_between_calls_time_stands_still(backend: Backend) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.respond(200, (), b"%d" % exchange.connection.id)

    clock = Clock()
    with SyncClient(handler, backend=backend, clock=clock, keepalive_timeout=1) as client:
        assert len({client.get("/").text for _ in range(5)}) == 1


@pytest.mark.anyio
async def test_where_an_event_loop_runs_it_says_what_to_use(
    backend: Backend, anyio_backend_name: str
) -> None:
    if anyio_backend_name == "trio":
        pytest.skip("asyncio is asked, which cannot be nested")
    with pytest.raises(RuntimeError, match="use Client there"), SyncClient(hello, backend=backend):
        pytest.fail("it is open")  # pragma: no cover


def test_a_client_that_is_not_open_says_so(backend: Backend) -> None:
    client = SyncClient(hello, backend=backend)
    with pytest.raises(RuntimeError, match="not open"):
        client.get("/")
    client.close()
