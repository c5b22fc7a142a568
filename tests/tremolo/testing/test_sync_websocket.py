import pytest

from tremolo.testing import Clock, SyncClient, WebSocketClosed, WebSocketRefused
from tremolo.testing.clock import Backend
from tremolo_core import AcceptWebSocket, BytesMessage, CloseWebSocket, Headers
from tremolo_transport.exchange import Exchange

from .handlers import hello
from .websocket_handlers import echo_messages, echo_on


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> Backend:
    chosen: Backend = request.param
    return chosen


def test_messages_both_ways(backend: Backend) -> None:
    with (
        SyncClient(echo_messages, backend=backend) as client,
        client.websocket("/chat") as websocket,
    ):
        websocket.send("hi")
        assert websocket.receive() == "hi"
        websocket.send_frame(BytesMessage(data=b"\xff"))
        websocket.ping(b"x")
        assert next(websocket) == b"\xff"
        websocket.send("bye")
        assert list(websocket) == []
        assert (websocket.closed, websocket.close_code) == (True, 4000)
        assert websocket.close_reason == "so long"
    assert websocket.wire.closed


def test_the_client_closes(backend: Backend) -> None:
    with (
        SyncClient(echo_messages, backend=backend) as client,
        client.websocket("/chat") as websocket,
    ):
        websocket.close(4001, "enough")
        assert websocket.close_code == 4001
        with pytest.raises(WebSocketClosed):
            websocket.receive()


def test_the_client_vanishes(backend: Backend) -> None:
    with (
        SyncClient(echo_messages, backend=backend) as client,
        client.websocket("/chat") as websocket,
    ):
        websocket.abort()
        assert websocket.close_code == 1006


def test_the_handshake(backend: Backend) -> None:
    async def handler(exchange: Exchange) -> None:
        fields = Headers(((b"set-cookie", b"a=b"),))
        await exchange.send(AcceptWebSocket(subprotocol=b"y", headers=fields))
        await echo_on(exchange)

    with SyncClient(handler, backend=backend) as client:
        with client.websocket("/chat", subprotocols=["x", "y"]) as websocket:
            assert websocket.subprotocol == "y"
            assert websocket.response.status_code == 101
        assert client.cookies["a"] == "b"


def test_a_refusal(backend: Backend) -> None:
    with SyncClient(hello, backend=backend) as client:
        with pytest.raises(WebSocketRefused) as caught, client.websocket("/chat"):
            pytest.fail("it was accepted")  # pragma: no cover
        assert caught.value.response.text == "Hello world!"


def test_what_the_handler_raises(backend: Backend) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(AcceptWebSocket(), CloseWebSocket(code=1011))
        raise ValueError("that is why")

    with (
        SyncClient(handler, backend=backend) as client,
        pytest.raises(ValueError, match="that is why"),
        client.websocket("/chat") as websocket,
    ):
        websocket.receive()


def test_no_time_passes_on_a_clock(backend: Backend) -> None:
    with (
        SyncClient(echo_messages, backend=backend, clock=Clock()) as client,
        client.websocket("/chat") as websocket,
        pytest.raises(TimeoutError),
    ):
        websocket.receive()
