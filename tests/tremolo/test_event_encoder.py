"""Events as bytes, and what a client makes of them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tremolo.event_encoder import encode_comment, encode_event
from tremolo.testing.event_decoder import EventDecoder, ServerSentEvent


def decoded(data: bytes) -> list[ServerSentEvent]:
    return EventDecoder().receive_data(data)


@pytest.mark.parametrize(
    ("data", "encoded"),
    [
        ("a", b"data: a\n\n"),
        (b"a", b"data: a\n\n"),
        ("ü", "data: ü\n\n".encode()),
        ("", b"data: \n\n"),
        ("a\nb", b"data: a\ndata: b\n\n"),
        ("a\r\nb", b"data: a\ndata: b\n\n"),
        ("a\rb", b"data: a\ndata: b\n\n"),
        ("a\n\nb", b"data: a\ndata: \ndata: b\n\n"),
        ("a\n\r\nb", b"data: a\ndata: \ndata: b\n\n"),
        ("\r\na\n\n", b"data: a\n\n"),
        # Line ends of Unicode are none of this format.
        ("a\x0b\x0c\x85\u2028b", "data: a\x0b\x0c\x85\u2028b\n\n".encode()),
        (" a ", b"data:  a \n\n"),
        ("event: x", b"data: event: x\n\n"),
    ],
)
def test_data(data: str | bytes, encoded: bytes) -> None:
    assert encode_event(data) == encoded


def test_line_ends_around_data_are_kept_if_they_are_to_be() -> None:
    assert encode_event("\na\n", strip=False) == b"data: \ndata: a\ndata: \n\n"


def test_all_fields_in_their_order() -> None:
    assert encode_event("a\nb", "news", "5", 1_000) == (
        b"data: a\ndata: b\nevent: news\nid: 5\nretry: 1000\n\n"
    )
    assert encode_event("a", event_id=b"", event=b"x") == b"data: a\nevent: x\nid: \n\n"


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "a\nb"])
def test_a_line_end_where_there_can_be_none(end: str) -> None:
    for fields in ({"event": end}, {"event_id": end}, {"event": end.encode()}):
        with pytest.raises(ValueError, match=r"(event|event_id) cannot hold a line end"):
            encode_event("a", **fields)


def test_other_values_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="NUL"):
        encode_event("a", event_id="a\0b")
    with pytest.raises(ValueError, match="milliseconds"):
        encode_event("a", retry=-1)


@pytest.mark.parametrize(
    ("text", "encoded"),
    [("", b":\n\n"), ("a", b": a\n\n"), (b"a\r\nb", b": a\n: b\n\n"), ("a\n", b": a\n:\n\n")],
)
def test_comments(text: str | bytes, encoded: bytes) -> None:
    assert encode_comment(text) == encoded
    assert decoded(encoded + encode_event("x")) == [ServerSentEvent(data="x")]


@given(
    data=st.text(),
    event=st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), min_size=1),
    comment=st.text(),
)
def test_a_client_reads_what_was_sent(data: str, event: str, comment: str) -> None:
    stream = encode_comment(comment) + encode_event(data, event, "7", strip=False)
    expected = re.sub("\r\n|\r", "\n", data)
    assert decoded(stream) == [ServerSentEvent(data=expected, event=event, id="7")]
