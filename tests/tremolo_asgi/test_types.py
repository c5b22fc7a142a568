"""The types name every message that there is, and an application can be written with them."""

from typing import Any, get_args, get_type_hints

import pytest

from tremolo_asgi import (
    ASGIApplication,
    HTTPReceiveMessage,
    HTTPScope,
    HTTPSendMessage,
    LifespanReceiveMessage,
    LifespanScope,
    LifespanSendMessage,
    Receive,
    ReceiveMessage,
    Scope,
    Send,
    SendMessage,
    WebSocketReceivedMessage,
    WebSocketScope,
    WebSocketSentMessage,
)


def kinds(union: Any) -> list[str]:
    """The values of `type` in a union of messages or scopes."""
    found: list[str] = []
    for member in get_args(union):
        kind = get_type_hints(member)["type"]
        found.extend(get_args(kind))
    return found


def test_every_message_of_http_has_a_type() -> None:
    assert kinds(HTTPReceiveMessage) == ["http.request", "http.disconnect"]
    assert kinds(HTTPSendMessage) == [
        "http.response.start",
        "http.response.body",
        "http.response.trailers",
        "http.response.early_hint",
        "http.response.pathsend",
        "http.response.zerocopysend",
    ]


def test_every_message_of_a_websocket_has_a_type() -> None:
    assert kinds(WebSocketReceivedMessage) == [
        "websocket.connect",
        "websocket.receive",
        "websocket.disconnect",
    ]
    assert kinds(WebSocketSentMessage) == [
        "websocket.accept",
        "websocket.send",
        "websocket.close",
        "websocket.http.response.start",
        "websocket.http.response.body",
    ]


def test_every_message_of_lifespan_has_a_type() -> None:
    assert kinds(LifespanReceiveMessage) == ["lifespan.startup", "lifespan.shutdown"]
    assert kinds(LifespanSendMessage) == [
        "lifespan.startup.complete",
        "lifespan.startup.failed",
        "lifespan.shutdown.complete",
        "lifespan.shutdown.failed",
    ]


def test_a_message_is_told_from_every_other_by_its_type() -> None:
    assert kinds(ReceiveMessage) == [
        *kinds(HTTPReceiveMessage),
        *kinds(WebSocketReceivedMessage),
        *kinds(LifespanReceiveMessage),
    ]
    assert kinds(SendMessage) == [
        *kinds(HTTPSendMessage),
        *kinds(WebSocketSentMessage),
        *kinds(LifespanSendMessage),
    ]
    for union in (ReceiveMessage, SendMessage, Scope):
        assert len(set(kinds(union))) == len(kinds(union))
    assert kinds(Scope) == ["http", "websocket", "lifespan"]


@pytest.mark.parametrize("scope", [HTTPScope, WebSocketScope, LifespanScope])
def test_every_scope_says_its_version_and_has_the_state(scope: type) -> None:
    assert {"type", "asgi", "state"} <= set(get_type_hints(scope))


async def typed(scope: Scope, receive: Receive, send: Send) -> None:
    """Fully typed: the checker of types is what tests this function."""
    if scope["type"] == "http":
        path: str = scope["path"]
        message = await receive()
        if message["type"] == "http.request":
            body: bytes = message["body"]
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": path.encode() + body})
    elif scope["type"] == "websocket":
        first: str | None = next(iter(scope["subprotocols"]), None)
        await send({"type": "websocket.accept", "subprotocol": first})
        received = await receive()
        if received["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": received.get("text")})
        elif received["type"] == "websocket.disconnect":
            code: int = received["code"]
            await send({"type": "websocket.close", "code": code, "reason": received["reason"]})


def test_an_application_with_these_types_is_one() -> None:
    application: ASGIApplication = typed
    assert application is typed
