"""Every kind of value that a handler may return or yield, and those that it may not."""

from typing import Any

import pytest

from tests.cases import for_each
from tremolo.results import chunk_bytes, encode_result, pieces_of


@for_each(
    ("result", "body", "content_type"),
    [
        (b"bytes", b"bytes", None),
        (b"", b"", None),
        (bytearray(b"array"), b"array", None),
        (memoryview(b"view"), b"view", None),
        ("text \u2603", b"text \xe2\x98\x83", None),
        (("caf\xe9", "latin-1"), b"caf\xe9", None),
        (("caf\xe9", b"latin-1"), b"caf\xe9", None),
        (("caf\xe9", None), b"caf\xc3\xa9", None),
        ((b"only",), b"only", None),
        ((b"\xff", "latin-1"), b"\xff", None),
        (("{}", "application/json"), b"{}", b"application/json"),
        ((b"\x89PNG", b"image/png"), b"\x89PNG", b"image/png"),
        (("caf\xe9", "text/plain; charset=utf-8"), b"caf\xc3\xa9", b"text/plain; charset=utf-8"),
        ({"a": [1, "\xe9"]}, b'{"a":[1,"\xc3\xa9"]}', None),
        ([1, None], b"[1,null]", None),
        (({"a": 1}, "application/problem+json"), b'{"a":1}', b"application/problem+json"),
        ((["\xe9"], "latin-1"), b'["\xe9"]', None),
    ],
)
def test_what_can_be_returned(result: object, body: bytes, content_type: bytes | None) -> None:
    encoded = encode_result(result)
    assert (encoded.data, encoded.content_type) == (body, content_type)


@pytest.mark.parametrize("result", [{"a": 1}, [], ({}, "latin-1")])
def test_what_is_sent_as_json_is_json_unless_somebody_says_otherwise(result: object) -> None:
    assert encode_result(result).natural_type == b"application/json"


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (5, TypeError),
        (False, TypeError),
        (object(), TypeError),
        ((b"a", 200), TypeError),
        ((b"a", "text/plain", 200), TypeError),
        ((), TypeError),
        ((5, "text/plain"), TypeError),
        (("a", "no-such-codec"), LookupError),
        ((b"a", "no-such-codec"), LookupError),
        (("\u2603", "latin-1"), UnicodeEncodeError),
        ({"a": object()}, TypeError),
        ([float("nan")], ValueError),
    ],
)
def test_what_cannot(result: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        encode_result(result)


def test_the_error_names_the_type_and_what_would_do() -> None:
    with pytest.raises(TypeError, match="int is nothing that can be sent; return or yield bytes"):
        encode_result(5)


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [
        (b"a", b"a"),
        ("\xe9", b"\xc3\xa9"),
        (bytearray(b"b"), b"b"),
        (memoryview(b"cd")[1:], b"d"),
    ],
)
def test_what_can_be_yielded(chunk: object, expected: bytes) -> None:
    assert chunk_bytes(chunk) == expected


@pytest.mark.parametrize("chunk", [None, 1, {"a": 1}, ["a"], (b"a", "b")])
def test_what_cannot_be_yielded(chunk: Any) -> None:
    with pytest.raises(TypeError, match="nothing that can be sent"):
        chunk_bytes(chunk)


def test_pieces() -> None:
    assert list(pieces_of(b"abcde", 2)) == [b"ab", b"cd", b"e"]
    assert list(pieces_of(b"", 2)) == []
    with pytest.raises(ValueError, match="one byte at least, not -1"):
        pieces_of(b"abc", -1)
