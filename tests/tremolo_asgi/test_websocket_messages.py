"""Each message of a WebSocket by itself: what it becomes, and how a wrong one is refused."""

from typing import Any

import pytest

from tests.cases import for_each
from tremolo_asgi import MessageError
from tremolo_asgi.websocket_messages import (
    WebSocketProgress,
    disconnected,
    must_be_due,
    read_accept,
    read_close,
    read_message,
    received,
)
from tremolo_core import (
    AcceptWebSocket,
    BytesMessage,
    CloseWebSocket,
    Headers,
    PerMessageDeflate,
    TextMessage,
)

ACCEPT = "websocket.accept"
CLOSE = "websocket.close"
SEND = "websocket.send"
START = "websocket.http.response.start"
BODY = "websocket.http.response.body"

DUE: dict[WebSocketProgress, list[str]] = {
    WebSocketProgress.CONNECTING: [ACCEPT, CLOSE, START],
    WebSocketProgress.OPEN: [SEND, CLOSE],
    WebSocketProgress.HEAD: [BODY],
    WebSocketProgress.BODY: [BODY],
    WebSocketProgress.REFUSED: [],
    WebSocketProgress.CLOSED: [],
}
KINDS = [ACCEPT, CLOSE, SEND, START, BODY, "websocket.receive", "http.response.body", None, 7]


@for_each("progress", WebSocketProgress)
@for_each("kind", KINDS)
def test_only_what_is_due_may_be_sent(progress: WebSocketProgress, kind: Any) -> None:
    if kind in DUE[progress]:
        must_be_due(kind, progress)
        return
    with pytest.raises(MessageError) as caught:
        must_be_due(kind, progress)
    due = " or ".join(map(repr, DUE[progress]))
    said = f", where {due} is due" if due else ": nothing may follow"
    assert str(caught.value) == f"{kind!r} was sent {progress.value}{said}"


def test_a_message_has_the_one_member_that_it_is_made_of() -> None:
    assert received(TextMessage(text="é")) == {"type": "websocket.receive", "text": "é"}
    assert received(BytesMessage(data=b"a")) == {"type": "websocket.receive", "bytes": b"a"}
    assert received(TextMessage(text="")) == {"type": "websocket.receive", "text": ""}
    assert received(BytesMessage(data=b"")) == {"type": "websocket.receive", "bytes": b""}


def test_the_end_has_a_code_and_a_reason() -> None:
    kind = "websocket.disconnect"
    assert disconnected(4003, "no") == {"type": kind, "code": 4003, "reason": "no"}
    assert disconnected(None) == {"type": kind, "code": 1005, "reason": ""}


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ({}, AcceptWebSocket()),
        ({"subprotocol": None, "headers": ()}, AcceptWebSocket()),
        ({"subprotocol": ""}, AcceptWebSocket()),
        ({"subprotocol": "Chat"}, AcceptWebSocket(subprotocol=b"Chat")),
        ({"headers": [(b"A", b"B")]}, AcceptWebSocket(headers=Headers([(b"a", b"B")]))),
    ],
)
def test_an_acceptance(message: dict[str, Any], event: AcceptWebSocket) -> None:
    assert read_accept({"type": ACCEPT, **message}, ()) == event


def test_an_acceptance_offers_the_compression_that_there_is() -> None:
    deflate = (PerMessageDeflate(),)
    assert read_accept({"type": ACCEPT}, deflate).extensions == deflate


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ({"text": "é"}, TextMessage(text="é")),
        ({"text": "", "bytes": None}, TextMessage(text="")),
        ({"bytes": b""}, BytesMessage(data=b"")),
        ({"bytes": bytearray(b"a"), "text": None}, BytesMessage(data=b"a")),
        ({"bytes": memoryview(b"a")}, BytesMessage(data=b"a")),
    ],
)
def test_a_message_to_the_client(message: dict[str, Any], event: object) -> None:
    assert read_message({"type": SEND, **message}) == event


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ({}, CloseWebSocket(code=1000)),
        ({"code": 4003, "reason": "no"}, CloseWebSocket(code=4003, reason="no")),
        ({"code": None, "reason": None}, CloseWebSocket(code=1000)),
        # Whether it may be sent is for the core to say.
        ({"code": 1005}, CloseWebSocket(code=1005)),
    ],
)
def test_a_close(message: dict[str, Any], event: CloseWebSocket) -> None:
    assert read_close({"type": CLOSE, **message}) == event


@pytest.mark.parametrize(
    ("kind", "wrong", "text"),
    [
        (ACCEPT, {"subprotocol": b"chat"}, "must be a str of ASCII or None, not bytes"),
        (ACCEPT, {"subprotocol": "é"}, "must be a str of ASCII or None, not str"),
        (ACCEPT, {"headers": [("a", b"b")]}, "field 0 of 'websocket.accept' must be a pair of"),
        (SEND, {}, "'websocket.send' must have one of 'text' and 'bytes'"),
        (SEND, {"text": "a", "bytes": b"a"}, "'websocket.send' must have one of 'text'"),
        (SEND, {"text": b"a"}, "'text' of 'websocket.send' must be a str, not bytes"),
        (SEND, {"bytes": "a"}, "'bytes' of 'websocket.send' must be bytes, not str"),
        (CLOSE, {"code": "1000"}, "'code' of 'websocket.close' must be an int, not str"),
        (CLOSE, {"code": True}, "'code' of 'websocket.close' must be an int, not bool"),
        (CLOSE, {"reason": b"a"}, "'reason' of 'websocket.close' must be a str, not bytes"),
    ],
)
def test_a_wrong_message_is_refused(kind: str, wrong: dict[str, Any], text: str) -> None:
    message = {"type": kind, **wrong}
    with pytest.raises(MessageError, match=text):
        match kind:
            case "websocket.accept":
                read_accept(message, ())
            case "websocket.send":
                read_message(message)
            case _:
                read_close(message)
