"""Each message to and from another server by itself."""

from typing import Any

import pytest

from tremolo_asgi.guest_messages import (
    http_messages,
    received_events,
    refusal_messages,
    websocket_message,
)
from tremolo_core import (
    AcceptWebSocket,
    BytesMessage,
    CloseWebSocket,
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    Headers,
    InformationalResponse,
    LocalProtocolError,
    Ping,
    Pong,
    Response,
    TextMessage,
)

END = EndOfMessage()
CLOSED = ConnectionClosed()
HEADERS = Headers([(b"a", b"b")])
START = {"type": "http.response.start", "status": 200, "headers": []}


def body(data: bytes = b"", *, more: bool) -> dict[str, object]:
    return {"type": "http.response.body", "body": data, "more_body": more}


@pytest.mark.parametrize(
    ("message", "events"),
    [
        ({"type": "http.request"}, (END,)),
        ({"type": "http.request", "body": b"a", "more_body": True}, (Data(data=b"a"),)),
        ({"type": "http.request", "body": b"", "more_body": True}, ()),
        ({"type": "http.request", "body": bytearray(b"a")}, (Data(data=b"a"), END)),
        ({"type": "http.disconnect"}, (CLOSED,)),
        ({"type": "websocket.connect"}, ()),
        ({"type": "websocket.receive", "text": ""}, (TextMessage(text=""),)),
        ({"type": "websocket.receive", "text": None, "bytes": b"a"}, (BytesMessage(data=b"a"),)),
        ({"type": "websocket.disconnect"}, (CloseWebSocket(code=None), CLOSED)),
        ({"type": "websocket.disconnect", "code": 1005}, (CloseWebSocket(code=None), CLOSED)),
        ({"type": "websocket.disconnect", "code": 1006}, (CLOSED,)),
        (
            {"type": "websocket.disconnect", "code": 4003, "reason": "no"},
            (CloseWebSocket(code=4003, reason="no"), CLOSED),
        ),
        (
            {"type": "websocket.disconnect", "code": 1000, "reason": None},
            (CloseWebSocket(code=1000), CLOSED),
        ),
        ({"type": "something.new"}, ()),
    ],
)
def test_a_message_becomes_events(message: dict[str, Any], events: tuple[Event, ...]) -> None:
    assert received_events(message) == events


@pytest.mark.parametrize("coding", [b"chunked", b"identity"])
def test_how_a_body_is_framed_is_not_told(coding: bytes) -> None:
    headers = Headers([(b"a", b"b"), (b"transfer-encoding", coding)])
    [start, *_] = http_messages([Response(status=200, headers=headers)], ())
    assert start == {**START, "headers": [(b"a", b"b")]}


@pytest.mark.parametrize(
    ("events", "messages"),
    [
        ((Response(status=200),), [START, body(more=True)]),
        ((Response(status=200), END), [START, body(more=False)]),
        ((Response(status=200), Data(data=b"a"), END), [START, body(b"a", more=False)]),
        ((Response(status=200), Data(data=b"a")), [START, body(b"a", more=True)]),
        ((Data(data=b"a"), Data(data=b"b")), [body(b"a", more=True), body(b"b", more=True)]),
        ((Data(data=b"a"), END), [body(b"a", more=False)]),
        ((END,), [body(more=False)]),
        ((EndOfMessage(trailers=HEADERS),), [body(more=False)]),
        ((InformationalResponse(status=100),), []),
        ((CLOSED,), []),
    ],
)
def test_an_answer_becomes_messages(
    events: tuple[Event, ...], messages: list[dict[str, object]]
) -> None:
    assert http_messages(events, ()) == messages


def test_a_head_keeps_its_fields_and_its_status() -> None:
    [start, _] = http_messages([Response(status=299, headers=HEADERS)], ())
    assert start == {"type": "http.response.start", "status": 299, "headers": [(b"a", b"b")]}


def test_links_are_told_where_the_server_can() -> None:
    hint = InformationalResponse(status=103, headers=Headers([(b"link", b"</a>"), *HEADERS]))
    message = {"type": "http.response.early_hint", "links": [b"</a>"]}
    assert http_messages([hint], {"http.response.early_hint": {}}) == [message]
    assert http_messages([hint], ()) == []


def test_an_answer_that_refuses_is_told_where_the_server_can() -> None:
    events = (Response(status=401), Data(data=b"no"), END)
    assert refusal_messages(events, {"websocket.http.response": {}}) == [
        {"type": "websocket.http.response.start", "status": 401, "headers": []},
        {"type": "websocket.http.response.body", "body": b"no", "more_body": False},
    ]
    assert refusal_messages(events, ()) == [{"type": "websocket.close"}]
    assert refusal_messages(events[:-1], ()) == []


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (
            AcceptWebSocket(subprotocol=b"chat", headers=HEADERS),
            {"type": "websocket.accept", "subprotocol": "chat", "headers": [(b"a", b"b")]},
        ),
        (AcceptWebSocket(), {"type": "websocket.accept", "subprotocol": None, "headers": []}),
        (TextMessage(text="a"), {"type": "websocket.send", "text": "a"}),
        (BytesMessage(data=b"a"), {"type": "websocket.send", "bytes": b"a"}),
        (
            CloseWebSocket(code=4003, reason="no"),
            {"type": "websocket.close", "code": 4003, "reason": "no"},
        ),
        (CloseWebSocket(code=None), {"type": "websocket.close", "code": 1000, "reason": ""}),
        (CLOSED, None),
    ],
)
def test_an_event_of_a_websocket_becomes_a_message(event: Event, message: object) -> None:
    assert websocket_message(event) == message


@pytest.mark.parametrize("event", [Ping(), Pong()])
def test_what_asgi_has_no_message_for(event: Event) -> None:
    with pytest.raises(LocalProtocolError, match=f"a {type(event).__name__} cannot be sent"):
        websocket_message(event)
