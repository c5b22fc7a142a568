"""Each message of HTTP by itself: what it becomes, and how a wrong one is refused."""

from types import MappingProxyType
from typing import Any

import pytest

from tremolo_asgi import MessageError
from tremolo_asgi.messages import (
    Progress,
    expected,
    message_of,
    read_body,
    read_start,
    rest_of_answer,
    whole_answer,
)
from tremolo_core import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    Headers,
    InformationalResponse,
    Request,
    Response,
)

START = "http.response.start"
BODY = "http.response.body"
END = EndOfMessage()


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (Data(data=b"abc"), {"type": "http.request", "body": b"abc", "more_body": True}),
        (EndOfMessage(), {"type": "http.request", "body": b"", "more_body": False}),
        (
            EndOfMessage(trailers=Headers([(b"a", b"b")])),
            {"type": "http.request", "body": b"", "more_body": False},
        ),
        (ConnectionClosed(), {"type": "http.disconnect"}),
    ],
)
def test_an_event_becomes_a_message(event: Event, message: object) -> None:
    assert message_of(event) == message


def test_a_message_can_be_changed_by_who_gets_it() -> None:
    message: Any = message_of(ConnectionClosed())
    message.clear()
    assert message_of(ConnectionClosed()) == {"type": "http.disconnect"}


@pytest.mark.parametrize(
    "event",
    [
        Request(method=b"GET", target=b"/", headers=Headers()),
        Response(status=200),
        InformationalResponse(status=100),
    ],
)
def test_an_exchange_that_breaks_its_promise_is_noticed(event: Event) -> None:
    with pytest.raises(AssertionError, match=type(event).__name__):
        message_of(event)


DUE = {
    Progress.NOTHING: START,
    Progress.HEAD: BODY,
    Progress.BODY: BODY,
    Progress.COMPLETE: "nothing may follow",
}


@pytest.mark.parametrize("progress", Progress)
@pytest.mark.parametrize("kind", [START, BODY, "http.response.trailers", "websocket.send", None, 7])
def test_only_what_is_due_may_be_sent(progress: Progress, kind: object) -> None:
    message = {"type": kind}
    if kind == DUE[progress]:
        assert expected(message, progress) is message
    else:
        with pytest.raises(MessageError) as caught:
            expected(message, progress)
        assert repr(kind) in str(caught.value)
        assert progress.value in str(caught.value)
        assert DUE[progress] in str(caught.value)


@pytest.mark.parametrize("message", [None, "http.response.start", [], ("type", START)])
def test_a_message_is_a_dict(message: object) -> None:
    with pytest.raises(MessageError, match="must be a dict, not "):
        expected(message, Progress.NOTHING)


def test_any_mapping_is_as_good_as_a_dict() -> None:
    message = MappingProxyType({"type": START})
    assert expected(message, Progress.NOTHING) is message


def test_a_message_without_a_type_is_refused_as_such() -> None:
    with pytest.raises(MessageError, match=r"^None was sent before http\.response"):
        expected({}, Progress.NOTHING)


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        ([], ()),
        ((), ()),
        ([(b"a", b"1"), [b"B-c", b"2"]], ((b"a", b"1"), (b"b-c", b"2"))),
        (iter([(b"A", b"1"), (b"a", b"2")]), ((b"a", b"1"), (b"a", b"2"))),
        ([(b"transfer-encoding", b"chunked"), (b"a", b"1")], ((b"a", b"1"),)),
        ([(b"Transfer-Encoding", b"gzip")], ((b"transfer-encoding", b"gzip"),)),
        (
            [(b"connection", b"close"), (b"server", b"x"), (b"date", b"y")],
            ((b"connection", b"close"), (b"server", b"x"), (b"date", b"y")),
        ),
    ],
)
def test_a_start_becomes_a_head(headers: Any, fields: Any) -> None:
    head = read_start({"type": START, "status": 201, "headers": headers})
    assert head == Response(status=201, headers=Headers(fields))
    assert hash(head)


def test_a_start_needs_no_headers() -> None:
    assert read_start({"type": START, "status": 299}) == Response(status=299)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({}, "'status' of 'http.response.start' must be an int, not None"),
        ({"status": "200"}, "'status' of 'http.response.start' must be an int, not str"),
        ({"status": True}, "'status' of 'http.response.start' must be an int, not bool"),
        ({"status": 200, "headers": None}, "must be iterable, not None"),
        ({"status": 200, "headers": [(b"a", b"b"), b"c"]}, "field 1 of .* must be a pair$"),
        ({"status": 200, "headers": [None]}, "field 0 of .* must be a pair$"),
        ({"status": 200, "headers": [(b"a", b"b", b"c")]}, "field 0 of .* must be a pair$"),
        ({"status": 200, "headers": [("a", b"b")]}, "pair of bytes, not of str and bytes"),
        ({"status": 200, "headers": [(b"a", 5)]}, "pair of bytes, not of bytes and int"),
        ({"status": 200, "headers": {"a": "b"}}, "field 0 of .* must be a pair$"),
        ({"status": 200, "headers": {b"ab": b"c"}}, "pair of bytes, not of int and int"),
    ],
)
def test_a_wrong_start_is_refused(wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(MessageError, match=text):
        read_start({"type": START, **wrong})


def test_an_error_does_not_tell_what_a_field_says() -> None:
    with pytest.raises(MessageError) as caught:
        read_start({"type": START, "status": 200, "headers": [("authorization", "secret")]})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("message", "read"),
    [
        ({}, (b"", False)),
        ({"body": b"abc"}, (b"abc", False)),
        ({"body": bytearray(b"abc"), "more_body": True}, (b"abc", True)),
        ({"body": memoryview(b"abc"), "more_body": False}, (b"abc", False)),
        ({"more_body": True}, (b"", True)),
    ],
)
def test_a_body(message: dict[str, Any], read: tuple[bytes, bool]) -> None:
    assert read_body({"type": BODY, **message}) == read
    assert type(read_body({"type": BODY, **message})[0]) is bytes


@pytest.mark.parametrize(
    ("body", "kind"), [("abc", "str"), (None, "None"), (5, "int"), ([], "list")]
)
def test_a_wrong_body_is_refused(body: object, kind: str) -> None:
    with pytest.raises(MessageError, match=f"'http.response.body' must be bytes, not {kind}"):
        read_body({"type": BODY, "body": body})


@pytest.mark.parametrize(
    ("body", "more", "events"),
    [
        (b"", True, ()),
        (b"", False, (END,)),
        (b"abc", True, (Data(data=b"abc"),)),
        (b"abc", False, (Data(data=b"abc"), END)),
    ],
)
def test_a_piece_becomes_events(body: bytes, more: bool, events: tuple[Event, ...]) -> None:
    assert rest_of_answer(body, more=more) == events


def head(status: int = 200, **fields: bytes) -> Response:
    named = [(name.replace("_", "-").encode(), value) for name, value in fields.items()]
    return Response(status=status, headers=Headers(named))


@pytest.mark.parametrize(
    ("given", "method", "body", "sent"),
    [
        (head(), b"GET", b"abc", head(content_length=b"3")),
        (head(), b"GET", b"", head(content_length=b"0")),
        (head(404, a=b"b"), b"POST", b"x", head(404, a=b"b", content_length=b"1")),
        (head(content_length=b"3"), b"GET", b"abc", head(content_length=b"3")),
        (head(content_length=b"9"), b"GET", b"abc", head(content_length=b"9")),
        (head(204), b"GET", b"", head(204)),
        (head(304), b"GET", b"", head(304)),
        (head(), b"HEAD", b"", head()),
        (head(), b"HEAD", b"abc", head(content_length=b"3")),
        (head(content_length=b"3"), b"HEAD", b"", head(content_length=b"3")),
    ],
)
def test_an_answer_in_one_piece_says_its_length(
    given: Response, method: bytes, body: bytes, sent: Response
) -> None:
    data = (Data(data=body),) if body else ()
    assert whole_answer(given, body, method=method) == (sent, *data, END)
