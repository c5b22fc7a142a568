"""Whether there are WebSockets and how they are kept, as it is told, and as a client notices."""

from typing import Any

import pytest

from tremolo.config import Option
from tremolo.testing import Client
from tremolo.websocket_options import WEBSOCKET_OPTIONS

from .configuring import Changes, assert_changes, each_of

CHANGES: Changes = {
    "ws": (False, {"server.websockets": False}),
    "ws_ping_interval": ("1.5", {"server.timeouts.ping": 1.5}),
    "ws_ping_timeout": ("1.5", {"server.timeouts.pong": 1.5}),
    "ws_per_message_deflate": ("false", {"ws_per_message_deflate": False}),
}


@each_of(WEBSOCKET_OPTIONS)
def test_an_option_changes_what_it_says_and_nothing_else(option: Option, name: str) -> None:
    assert_changes(option, name, CHANGES)


async def app(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] in ("http", "websocket")
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"plain"})
        return
    await receive()
    await send({"type": "websocket.accept"})
    await receive()


@pytest.mark.anyio
@pytest.mark.parametrize("deflate", [True, False])
async def test_messages_are_compressed_if_both_sides_want_it(deflate: bool) -> None:
    async with Client(app, ws_per_message_deflate=deflate) as client:
        async with client.websocket("/", compression=True) as websocket:
            extensions = websocket.response.headers.get("sec-websocket-extensions", "")
            assert extensions.startswith("permessage-deflate") is deflate
        async with client.websocket("/") as websocket:
            assert "sec-websocket-extensions" not in websocket.response.headers


@pytest.mark.anyio
async def test_without_websockets_who_asks_for_one_is_answered_as_anybody_else() -> None:
    headers = {
        "connection": "upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    async with Client(app, ws=False) as client:
        response = await client.get("/", headers=headers)
        assert (response.status_code, response.text) == (200, "plain")
