"""Each pattern byte by byte: what it lets through, and nothing more.

The sets are written out here once more, in the words of the RFCs.
"""

import string
from re import Pattern

import pytest

from tests.cases import for_each
from tremolo_core.grammar import (
    ABSOLUTE_FORM,
    CHUNK_LINE,
    CONTENT_LENGTH,
    FIELD_LINES,
    FIELD_NAME,
    FIELD_VALUE,
    HOST,
    REASON_PHRASE,
    REQUEST_LINE,
    TRIM_FIELD_LINES,
    trim_section_of,
)

EVERY_BYTE = [bytes((number,)) for number in range(256)]

TCHAR = set(b"!#$%&'*+-.^_`|~" + (string.digits + string.ascii_letters).encode("ascii"))
"""RFC 9110 5.6.2."""

VCHAR = set(range(0x21, 0x7F))
OBS_TEXT = set(range(0x80, 0x100))
WHITE_SPACE = set(b" \t")

UNRESERVED = set(b"-._~" + (string.digits + string.ascii_letters).encode("ascii"))
SUB_DELIMS = set(b"!$&'()*+,;=")
"""RFC 3986 2.2 and 2.3."""


@for_each(
    ("pattern", "before", "behind", "allowed"),
    [
        (FIELD_NAME, b"", b"", TCHAR),
        (FIELD_NAME, b"a", b"z", TCHAR),
        (FIELD_VALUE, b"", b"", VCHAR | OBS_TEXT),
        (FIELD_VALUE, b"a", b"z", VCHAR | OBS_TEXT | WHITE_SPACE),
        (FIELD_VALUE, b"a", b"", VCHAR | OBS_TEXT),
        (FIELD_VALUE, b"", b"z", VCHAR | OBS_TEXT),
        (FIELD_LINES, b"a", b"z: b\r\n", TCHAR | set(b":")),
        (FIELD_LINES, b"a", b": b\r\n", TCHAR | set(b":")),
        (FIELD_LINES, b"", b": b\r\n", TCHAR),
        (FIELD_LINES, b"a:b", b"c\r\n", VCHAR | OBS_TEXT | WHITE_SPACE),
        (FIELD_LINES, b"a:", b"\r\n", VCHAR | OBS_TEXT | WHITE_SPACE),
        (FIELD_LINES, b"a:b", b"\n", {0x0D}),
        (FIELD_LINES, b"a:b\r", b"", {0x0A}),
        (REASON_PHRASE, b"", b"", VCHAR | OBS_TEXT | WHITE_SPACE),
        (REASON_PHRASE, b"a", b"z", VCHAR | OBS_TEXT | WHITE_SPACE),
        (REQUEST_LINE, b"", b" / HTTP/1.1\r\n", TCHAR),
        (REQUEST_LINE, b"A", b"Z / HTTP/1.1\r\n", TCHAR),
        (REQUEST_LINE, b"GET ", b" HTTP/1.1\r\n", VCHAR - set(b"#")),
        (REQUEST_LINE, b"GET /", b"a HTTP/1.1\r\n", VCHAR - set(b"#")),
        (REQUEST_LINE, b"GET / HTTP/", b".1\r\n", set(b"0123456789")),
        (REQUEST_LINE, b"GET / HTTP/1.", b"\r\n", set(b"0123456789")),
        (REQUEST_LINE, b"GET / HTTP/1.1", b"\n", {0x0D}),
        (REQUEST_LINE, b"GET", b"/ HTTP/1.1\r\n", {0x20}),
        (REQUEST_LINE, b"GET /", b"HTTP/1.1\r\n", {0x20}),
        (CONTENT_LENGTH, b"", b"", set(b"0123456789")),
        (CONTENT_LENGTH, b"1", b"1", set(b"0123456789")),
        (CHUNK_LINE, b"", b"\r\n", set(b"0123456789abcdefABCDEF")),
        (CHUNK_LINE, b"1", b"1\r\n", set(b"0123456789abcdefABCDEF;")),
        (CHUNK_LINE, b"1;", b"\r\n", VCHAR | OBS_TEXT | WHITE_SPACE),
        (CHUNK_LINE, b"1;a", b"b\r\n", VCHAR | OBS_TEXT | WHITE_SPACE),
        (CHUNK_LINE, b"1", b"\n", {0x0D}),
        (HOST, b"", b"", UNRESERVED | SUB_DELIMS),
        (HOST, b"a", b"z", UNRESERVED | SUB_DELIMS),
        (HOST, b"a:", b"", set(b"0123456789")),
        (HOST, b"a:1", b"1", set(b"0123456789")),
        (HOST, b"%", b"0", set(b"0123456789abcdefABCDEF")),
        (HOST, b"%0", b"", set(b"0123456789abcdefABCDEF")),
        (HOST, b"[", b"]", set(b":.0123456789abcdefABCDEF")),
        (HOST, b"[v1.", b"]", UNRESERVED | SUB_DELIMS | set(b":")),
        (HOST, b"[v", b".a]", set(b"0123456789abcdefABCDEF")),
        (ABSOLUTE_FORM, b"http://", b"", UNRESERVED | SUB_DELIMS),
        (ABSOLUTE_FORM, b"http://a", b"", UNRESERVED | SUB_DELIMS | set(b":/?")),
        (ABSOLUTE_FORM, b"http", b"//a", set(b":")),
        (ABSOLUTE_FORM, b"http", b"://a", set(b"sS")),
    ],
)
def test_every_byte_in_its_place(
    pattern: Pattern[bytes], before: bytes, behind: bytes, allowed: set[int]
) -> None:
    let_through = {
        byte[0] for byte in EVERY_BYTE if pattern.fullmatch(before + byte + behind) is not None
    }
    assert let_through == allowed


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (FIELD_VALUE, b""),
        (REASON_PHRASE, b""),
        (CONTENT_LENGTH, b"0" * 18),
        (CHUNK_LINE, b"0" * 16 + b"\r\n"),
        (CHUNK_LINE, b"a;\r\n"),
        (HOST, b"a:12345"),
        (HOST, b"a:"),
        (HOST, b"[::]:"),
        (HOST, b"%20%7f"),
        (ABSOLUTE_FORM, b"HtTpS://[::1]:8443/a//b?c/d?e"),
        (ABSOLUTE_FORM, b"http://a?b"),
    ],
)
def test_what_is_let_through(pattern: Pattern[bytes], text: bytes) -> None:
    assert pattern.fullmatch(text) is not None


@for_each(
    ("pattern", "text"),
    [
        (FIELD_NAME, b""),
        (FIELD_VALUE, b" "),
        (CONTENT_LENGTH, b""),
        (CONTENT_LENGTH, b"0" * 19),
        (CONTENT_LENGTH, "٤".encode()),
        (CHUNK_LINE, b"\r\n"),
        (CHUNK_LINE, b";\r\n"),
        (CHUNK_LINE, b"0" * 17 + b"\r\n"),
        (CHUNK_LINE, b"1\r\n1\r\n"),
        (REQUEST_LINE, b"GET HTTP/1.1\r\n"),
        (REQUEST_LINE, b"GET  HTTP/1.1\r\n"),
        (REQUEST_LINE, b"GET / HTTP/1.1\r\n\r\n"),
        (HOST, b""),
        (HOST, b":80"),
        (HOST, b"a:123456"),
        (HOST, b"a:1:2"),
        (HOST, b"[]"),
        (HOST, b"[v1]"),
        (HOST, b"[::1"),
        (HOST, b"::1"),
        (HOST, b"[::1]a"),
        (HOST, b"%4"),
        (HOST, b"a\n"),
        (ABSOLUTE_FORM, b"http://"),
        (ABSOLUTE_FORM, b"http:/a"),
        (ABSOLUTE_FORM, b"//a/"),
        (ABSOLUTE_FORM, b"http:///a"),
        (ABSOLUTE_FORM, b"http://a@b/"),
        (ABSOLUTE_FORM, b"http://a#b"),
    ],
)
def test_what_is_not(pattern: Pattern[bytes], text: bytes) -> None:
    assert pattern.fullmatch(text) is None


def test_the_parts_of_a_request_line() -> None:
    line = REQUEST_LINE.match(b"GET /a?b HTTP/1.0\r\nHost: c\r\n")
    assert line is not None
    assert line.groups() == (b"GET", b"/a?b", b"1.0")
    assert line.end() == 19


def test_the_fields_of_a_block() -> None:
    block = b"GET / HTTP/1.1\r\nA: b \r\nC:\r\nnot a field\r\n d: folded\r\nE:\tf:g\r\n\r\n"
    assert FIELD_LINES.findall(block, 16) == [(b"A", b"b "), (b"C", b""), (b"E", b"f:g")]


def test_a_trim_field_is_one_without_white_space_at_its_end() -> None:
    block = b"A: b \r\nB: b\r\nC:\r\nD: \r\nE:e\t\r\nF:\t f \xff\r\nG: g\rg\r\n\r\n"
    assert TRIM_FIELD_LINES.findall(block) == [(b"B", b"b"), (b"C", b""), (b"F", b"f \xff")]
    trim = [field for field in FIELD_LINES.findall(block) if field[1] == field[1].rstrip()]
    assert [field for field in trim if field[0] != b"D"] == TRIM_FIELD_LINES.findall(block)


def test_a_section_of_known_names() -> None:
    section = trim_section_of([b"A", b"b.*+", b"A"])
    lines = section.fullmatch(b"A: 1\r\nb.*+:\t 2 \xff\r\nA:\r\n\r\n")
    assert lines is not None
    assert lines.groups() == (b"1", b"2 \xff", b"")
    for other in (
        *(b"a: 1\r\nb.*+: 2\r\nA: 3\r\n\r\n", b"A: 1\r\nbx+: 2\r\nA: 3\r\n\r\n"),
        *(b"A: 1\r\nb.*+: 2\r\n\r\n", b"A: 1\r\nb.*+: 2\r\nA: 3\r\nx: y\r\n\r\n"),
        *(b"A: 1 \r\nb.*+: 2\r\nA: 3\r\n\r\n", b"A: 1\r\nb.*+: 2\nA: 3\r\n\r\n"),
        *(b"A: 1\r\nb.*+ : 2\r\nA: 3\r\n\r\n", b"A: 1\0\r\nb.*+: 2\r\nA: 3\r\n\r\n"),
        *(b"A: 1\r\nb.*+: 2\r\nA: 3\r\n", b"A: 1\r\n b.*+: 2\r\nA: 3\r\n\r\n"),
    ):
        assert section.fullmatch(other) is None, other


def test_a_field_begins_where_a_line_begins() -> None:
    assert FIELD_LINES.findall(b"a\rb: c\r\n") == []
    assert FIELD_LINES.findall(b"a b: c\r\n") == []
    assert FIELD_LINES.findall(b"a\nb: c\r\n") == [(b"b", b"c")]


def test_the_authority_of_an_absolute_target() -> None:
    absolute = ABSOLUTE_FORM.fullmatch(b"http://a.example:80/b://c")
    assert absolute is not None
    assert absolute[1] == b"a.example:80"


def test_the_size_of_a_chunk() -> None:
    chunk = CHUNK_LINE.fullmatch(b"00fF;a=b\r\n")
    assert chunk is not None
    assert chunk[1] == b"00fF"
