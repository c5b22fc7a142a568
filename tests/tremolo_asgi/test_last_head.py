from typing import Any

import pytest

from tremolo_asgi.errors import MessageError
from tremolo_asgi.last_head import last, read_head
from tremolo_core import Headers, Response

START = "http.response.start"


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
    head = read_head({"type": START, "status": 201, "headers": headers})
    assert head == Response(status=201, headers=Headers(fields))
    assert hash(head)


def test_a_start_needs_no_headers() -> None:
    assert read_head({"type": START, "status": 299}) == Response(status=299)


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
        read_head({"type": START, **wrong})


def test_an_error_does_not_tell_what_a_field_says() -> None:
    with pytest.raises(MessageError) as caught:
        read_head({"type": START, "status": 200, "headers": [("authorization", "secret")]})
    assert "secret" not in str(caught.value)


def start(*fields: Any, status: Any = 200) -> dict[str, Any]:
    return {"type": START, "status": status, "headers": [*fields]}


def test_the_last_head_is_kept_with_its_message() -> None:
    head = read_head(start((b"A", b"1"), (b"b", b"2")))
    message, status, kept = last.kept
    assert kept is head
    assert message == start((b"A", b"1"), (b"b", b"2"))
    assert status == 200
    assert message != start((b"A", b"1"), (b"b", b"2"), status=201)
    assert message != start((b"A", b"1"))
    assert message != {**start((b"A", b"1"), (b"b", b"2")), "trailers": True}


def test_what_an_application_changes_behind_its_message_is_seen() -> None:
    message = start([b"a", b"1"], (b"b", b"2"))
    read_head(message)
    message["headers"][0][1] = b"3"
    assert last.kept[0] == start((b"a", b"1"), (b"b", b"2"))
    message["headers"].append((b"c", b"4"))
    assert last.kept[0] == start((b"a", b"1"), (b"b", b"2"))


@pytest.mark.parametrize("name", [b"Set-Cookie", b"cookie", b"authorization"])
def test_a_secret_is_not_kept(name: bytes) -> None:
    kept = read_head(start((b"a", b"1")))
    read_head(start((name, b"secret")))
    assert last.kept[2] is kept
    assert last.kept[0] == start((b"a", b"1"))
