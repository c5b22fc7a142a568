"""WebSockets of the client, in memory and over a real socket."""

import anyio
import pytest
from anyio import BrokenResourceError

from tremolo.testing import Client, Misbehaviour, WebSocketClosed
from tremolo_core import (
    AcceptWebSocket,
    BytesMessage,
    CloseWebSocket,
    ConnectionClosed,
    Event,
    Ping,
    Pong,
    RemoteProtocolError,
    TextMessage,
)
from tremolo_transport.exchange import Exchange

from .websocket_handlers import echo_compressed, echo_messages, echo_on

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["memory", "tcp"])
def tcp(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def test_messages_both_ways(tcp: bool) -> None:
    async with Client(echo_messages, tcp=tcp) as client, client.websocket("/chat") as websocket:
        for message in ("hi", b"\x00\xff", "", b"", "é" * 40_000, bytes(70_000)):
            await websocket.send(message)
            assert await websocket.receive() == message
    assert websocket.close_code == 1000


async def test_a_message_in_fragments() -> None:
    async with Client(echo_messages) as client, client.websocket("/chat") as websocket:
        await websocket.send(["a", "b", "c"])
        assert await websocket.receive() == "abc"
        await websocket.send([b"a", b"b"])
        assert await websocket.receive() == b"ab"


async def test_compression() -> None:
    text = "again and again " * 10_000
    async with (
        Client(echo_compressed) as client,
        client.websocket("/chat", compression=True) as websocket,
    ):
        accepted = websocket.response.headers["sec-websocket-extensions"]
        assert accepted.startswith("permessage-deflate")
        for _ in range(2):
            await websocket.send(text)
            assert await websocket.receive() == text


async def test_a_ping_and_messages_before_its_pong() -> None:
    async with Client(echo_messages) as client, client.websocket("/chat") as websocket:
        await websocket.send("first")
        await websocket.ping(b"x")
        await websocket.ping()
        assert await websocket.receive() == "first"


async def test_pings_of_the_server_are_answered() -> None:
    pongs: list[Event] = []

    async def handler(exchange: Exchange) -> None:
        await exchange.send(AcceptWebSocket(with_pings=True), Ping(payload=b"there?"))
        while not isinstance(pong := await exchange.receive(), Pong):
            pass
        pongs.append(pong)
        await exchange.send(TextMessage(text="thanks"))
        await exchange.receive()

    async with Client(handler) as client, client.websocket("/chat") as websocket:
        assert await websocket.receive() == "thanks"
    assert pongs == [Pong(payload=b"there?")]


async def test_the_server_closes(tcp: bool) -> None:
    async with Client(echo_messages, tcp=tcp) as client, client.websocket("/chat") as websocket:
        await websocket.send("one")
        await websocket.send("bye")
        assert [message async for message in websocket] == ["one"]
        assert (websocket.closed, websocket.close_code) == (True, 4000)
        assert websocket.close_reason == "so long"
        with pytest.raises(WebSocketClosed, match="4000 so long") as caught:
            await websocket.receive()
        assert (caught.value.code, caught.value.reason) == (4000, "so long")


async def test_the_client_closes_and_reads_what_came_before() -> None:
    async with Client(echo_messages) as client, client.websocket("/chat") as websocket:
        await websocket.send("one")
        await websocket.close(4001, "enough")
        await websocket.close()
        assert websocket.close_code == 4001
        assert await websocket.receive() == "one"
        with pytest.raises(WebSocketClosed):
            await websocket.receive()


async def test_a_close_without_a_code() -> None:
    async with Client(echo_messages) as client, client.websocket("/chat") as websocket:
        await websocket.close(None)
        assert websocket.close_code is None


async def test_a_client_vanishes(tcp: bool) -> None:
    seen: list[Event] = []

    async def handler(exchange: Exchange) -> None:
        await exchange.send(AcceptWebSocket(), TextMessage(text="hi"))
        while not seen or seen[-1] != ConnectionClosed():
            seen.append(await exchange.receive())

    async with Client(handler, tcp=tcp) as client, client.websocket("/chat") as websocket:
        assert await websocket.receive() == "hi"
        await websocket.abort()
        assert websocket.close_code == 1006
        with pytest.raises(WebSocketClosed, match="1006"):
            await websocket.receive()
    assert seen == [ConnectionClosed()]


async def test_what_the_handler_raises_explains_the_close() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(AcceptWebSocket(), CloseWebSocket(code=1011))
        raise ValueError("that is why")

    async with Client(handler) as client:
        with pytest.raises(ValueError, match="that is why") as caught:
            async with client.websocket("/chat") as websocket:
                await websocket.receive()
    assert isinstance(caught.value.__cause__, WebSocketClosed)


async def test_a_handler_that_goes_on_is_told() -> None:
    async def handler(exchange: Exchange) -> None:
        await echo_messages(exchange)
        await anyio.sleep_forever()

    client = Client(handler, timeout=0.2, grace=0.2)
    with pytest.raises(Misbehaviour, match="still runs"):
        async with client:
            with pytest.raises(TimeoutError, match="the server sent nothing"):
                async with client.websocket("/chat"):
                    pass


async def test_a_test_that_fails_leaves_no_connection_open() -> None:
    async with Client(echo_messages) as client:
        with pytest.raises(KeyError, match="the test's own"):
            async with client.websocket("/chat"):
                raise KeyError("the test's own")


async def test_bytes_that_are_no_frame() -> None:
    async with Client(echo_messages) as client, client.websocket("/chat") as websocket:
        await websocket.wire.send(b"\x81\x02hi")
        with pytest.raises(WebSocketClosed) as caught:
            await websocket.receive()
    assert caught.value.code == 1002


async def test_single_frames() -> None:
    async with Client(echo_messages) as client, client.websocket("/chat") as websocket:
        await websocket.send_frame(BytesMessage(data=b"a", final=False))
        await websocket.send_frame(Ping())
        await websocket.send_frame(BytesMessage(data=b"b"))
        assert await websocket.receive() == b"ab"


async def test_sending_after_the_end() -> None:
    async with Client(echo_messages) as client, client.websocket("/chat") as websocket:
        await websocket.send("bye")
        with pytest.raises(WebSocketClosed):
            await websocket.receive()
        with pytest.raises((BrokenResourceError, RemoteProtocolError)):
            await websocket.send("too late")


async def test_subprotocols() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(AcceptWebSocket(subprotocol=b"b"))
        await echo_on(exchange)

    async with (
        Client(handler) as client,
        client.websocket("/chat", subprotocols=["a", "b"]) as websocket,
    ):
        assert websocket.subprotocol == "b"
