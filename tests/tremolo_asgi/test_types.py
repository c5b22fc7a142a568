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
    assert kinds(HTTPSendMessage) == ["http.response.start", "http.response.body"]


def test_every_message_of_lifespan_has_a_type() -> None:
    assert kinds(LifespanReceiveMessage) == ["lifespan.startup", "lifespan.shutdown"]
    assert kinds(LifespanSendMessage) == [
        "lifespan.startup.complete",
        "lifespan.startup.failed",
        "lifespan.shutdown.complete",
        "lifespan.shutdown.failed",
    ]


def test_a_message_is_told_from_every_other_by_its_type() -> None:
    assert kinds(ReceiveMessage) == [*kinds(HTTPReceiveMessage), *kinds(LifespanReceiveMessage)]
    assert kinds(SendMessage) == [*kinds(HTTPSendMessage), *kinds(LifespanSendMessage)]
    assert kinds(Scope) == ["http", "lifespan"]


@pytest.mark.parametrize("scope", [HTTPScope, LifespanScope])
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


def test_an_application_with_these_types_is_one() -> None:
    application: ASGIApplication = typed
    assert application is typed
