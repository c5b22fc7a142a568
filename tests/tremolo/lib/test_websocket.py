"""The old name is the same class."""

from tremolo import WebSocket
from tremolo.lib import websocket


def test_it_is_the_class_of_websockets() -> None:
    assert websocket.WebSocket is WebSocket
    assert websocket.WebSocket.create_frame(b"x") == b"\x82\x01x"
