"""What is common to all messages, and how what is wrong in it is named."""

from types import MappingProxyType
from typing import Any

import pytest

from tremolo_asgi import MessageError
from tremolo_asgi.message_members import (
    kind_of,
    read_body,
    read_bytes,
    read_fields,
    read_status,
    sort_of,
)

START = "websocket.http.response.start"
BODY = "websocket.http.response.body"


@pytest.mark.parametrize("message", [None, "http.response.start", [], ("type", START)])
def test_a_message_is_a_dict(message: object) -> None:
    with pytest.raises(MessageError, match="a message must be a dict, not "):
        kind_of(message)


def test_any_mapping_is_as_good_as_a_dict() -> None:
    assert kind_of(MappingProxyType({"type": START})) == START


def test_a_message_may_have_no_type() -> None:
    assert kind_of({}) is None


def test_a_status_is_an_int() -> None:
    assert read_status({"type": START, "status": 200}) == 200
    for wrong in ("200", None, True, 200.0):
        with pytest.raises(MessageError, match=f"'status' of '{START}' must be an int, not "):
            read_status({"type": START, "status": wrong})


def test_fields_are_pairs_of_bytes_with_names_in_lower_case() -> None:
    message = {"type": START, "headers": iter([(b"A", b"B"), [b"c", b"D"]])}
    assert read_fields(message) == [(b"a", b"B"), (b"c", b"D")]
    assert read_fields({"type": START}) == []


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        (5, f"'headers' of '{START}' must be iterable, not int"),
        ([(b"a", b"b"), None], f"field 1 of '{START}' must be a pair$"),
        ([("a", None)], f"field 0 of '{START}' must be a pair of bytes, not of str and None"),
    ],
)
def test_wrong_fields_are_named_by_their_place(headers: object, text: str) -> None:
    with pytest.raises(MessageError, match=text):
        read_fields({"type": START, "headers": headers})


def test_how_an_answer_is_chunked_is_not_the_applications_to_say() -> None:
    fields = [(b"Transfer-Encoding", b"chunked"), (b"a", b"b")]
    assert read_fields({"type": START, "headers": fields}) == [(b"a", b"b")]
    gzip = [(b"transfer-encoding", b"gzip")]
    assert read_fields({"type": START, "headers": gzip}) == gzip


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
    ("body", "sort"), [("abc", "str"), (None, "None"), (5, "int"), ([], "list")]
)
def test_a_wrong_body_is_refused(body: object, sort: str) -> None:
    with pytest.raises(MessageError, match=f"'body' of '{BODY}' must be bytes, not {sort}"):
        read_body({"type": BODY, "body": body})


def test_bytes_are_named_for_the_member_that_they_are_of() -> None:
    assert read_bytes({"type": BODY}, "links", bytearray(b"a")) == b"a"
    with pytest.raises(MessageError, match=f"'links' of '{BODY}' must be bytes, not str"):
        read_bytes({"type": BODY}, "links", "a")


def test_the_sort_of_a_thing() -> None:
    assert (sort_of(None), sort_of(5), sort_of(b"")) == ("None", "int", "bytes")
