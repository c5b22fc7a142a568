"""Escaping, numbers, and fields."""

import pytest

from tremolo.utils import html_escape, parse_fields, parse_int


def test_html_is_escaped_as_text_and_as_bytes() -> None:
    assert html_escape("<a href='x'>\"&\xe9") == "&lt;a href=&#x27;x&#x27;&gt;&quot;&amp;\xe9"
    assert html_escape(b"<\xff>&") == b"&lt;\xff&gt;&amp;"


def test_numbers() -> None:
    assert parse_int(b"0") == 0
    assert parse_int(b"12") == 12
    assert parse_int(b"ff", 16) == 255
    assert parse_int(b"9" * 16) == 9_999_999_999_999_999


@pytest.mark.parametrize("text", [b"", b"-1", b"+5", b" 5", b"x", b"05", b"1_0", b"1" * 17])
def test_what_is_no_number(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"number has|invalid literal"):
        parse_int(text)


def test_fields_in_their_order() -> None:
    assert list(parse_fields(b'form-data; Name="x";filename="y%20z.txt";;')) == [
        (b"form-data", b""),
        (b"name", b"x"),
        (b"filename", b"y z.txt"),
    ]
    assert list(parse_fields(b"A=1, b=2", b",")) == [(b"a", b"1"), (b"b", b"2")]
    assert list(parse_fields(b"A;b;;c", b";", None)) == [b"a", b"b", b"c"]
    assert list(parse_fields(b"a=1;b=2;c=3", max_fields=2)) == [(b"a", b"1"), (b"b", b"2")]
