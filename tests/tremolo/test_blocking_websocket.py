"""A WebSocket from a worker thread."""

from typing import Any

import pytest

from tremolo import BlockingRequest, BlockingResponse, BlockingWebSocket, Tremolo
from tremolo.exceptions import WebSocketClientClosed
from tremolo.testing import Client
from tremolo.websocket_frames import create_frame

pytestmark = pytest.mark.anyio


async def test_a_plain_function_has_a_websocket() -> None:
    app = Tremolo()
    noted: list[Any] = []

    @app.websocket("/")
    def serve(websocket: BlockingWebSocket, **server: Any) -> None:
        assert isinstance(websocket.request, BlockingRequest)
        assert isinstance(websocket.response, BlockingResponse)
        noted.append((websocket.accepted, websocket.closed, websocket.max_payload_size))
        websocket.accept("b", {"x-a": "1"}, by_fragment=True)
        noted.append((websocket.accepted, websocket.subprotocols, websocket.subprotocol))
        websocket.ping(b"a")
        websocket.pong(b"b")
        websocket.send(websocket.receive(timeout=5))
        noted.append((websocket.recv(5), websocket.fin, websocket.opcode))
        websocket.close(4000, "bye", timeout=5)
        noted.append((websocket.closed, websocket.close_code, websocket.close_reason))

    async with Client(app) as client, client.websocket("/", subprotocols=["a", "b"]) as session:
        assert session.response.headers["x-a"] == "1"
        await session.send(["a", "b"])
        assert await session.receive() == "ab"
        await session.wire.send(create_frame(b"part", 0, mask=True))
        assert [message async for message in session] == []
        assert (session.close_code, session.close_reason) == (4000, "bye")
    assert noted == [
        (False, False, 2_097_152),
        (True, ("a", "b"), "b"),
        (b"part", False, 2),
        (True, 4000, ""),
    ]
    assert BlockingWebSocket.create_frame("a") == create_frame("a")


async def test_a_plain_loop() -> None:
    app = Tremolo()
    noted: list[Any] = []

    @app.websocket("/")
    def serve(websocket: BlockingWebSocket) -> None:
        for message in websocket:
            websocket.send(message)
        with pytest.raises(WebSocketClientClosed):
            websocket.receive()
        noted.append(websocket.close_code)

    async with Client(app) as client, client.websocket("/") as session:
        for message in ("a", b"", ""):
            await session.send(message)
            assert await session.receive() == message
        await session.close(4001)
    assert noted == [4001]
