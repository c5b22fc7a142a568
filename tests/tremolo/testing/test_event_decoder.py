"""The examples are those of the standard, "Server-sent events" 9.2.6."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tremolo.testing import ServerSentEvent
from tremolo.testing.event_decoder import EventDecoder


def decode(*pieces: bytes) -> list[ServerSentEvent]:
    decoder = EventDecoder()
    return [event for piece in pieces for event in decoder.receive_data(piece)]


CASES: dict[str, tuple[bytes, list[ServerSentEvent]]] = {
    "several lines": (
        b"data: YHOO\ndata: +2\ndata: 10\n\n",
        [ServerSentEvent(data="YHOO\n+2\n10")],
    ),
    "comments and ids": (
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third\n\n",
        [
            ServerSentEvent(data="first event", id="1"),
            ServerSentEvent(data="second event"),
            ServerSentEvent(data=" third"),
        ],
    ),
    "empty data": (
        b"data\n\ndata\ndata\n\ndata:",
        [ServerSentEvent(data=""), ServerSentEvent(data="\n")],
    ),
    "an optional space": (
        b"data:test\n\ndata: test\n\n",
        [ServerSentEvent(data="test"), ServerSentEvent(data="test")],
    ),
    "types last for one event": (
        b"event: add\ndata: 1\n\ndata: 2\n\n",
        [ServerSentEvent(data="1", event="add"), ServerSentEvent(data="2")],
    ),
    "a type without data is no event": (
        b"event: add\n\ndata: 2\n\n",
        [ServerSentEvent(data="2")],
    ),
    "ids last": (
        b"id: 7\ndata: 1\n\ndata: 2\n\n",
        [ServerSentEvent(data="1", id="7"), ServerSentEvent(data="2", id="7")],
    ),
    "an id with a null is none": (
        b"id: a\0b\ndata: 1\n\n",
        [ServerSentEvent(data="1")],
    ),
    "when to come back": (
        b"retry: 3000\ndata: 1\n\nretry: soon\ndata: 2\n\n",
        [ServerSentEvent(data="1", retry=3_000), ServerSentEvent(data="2")],
    ),
    "line ends of all kinds": (
        b"data: 1\r\ndata: 2\rdata: 3\n\r\ndata: 4\r\r",
        [ServerSentEvent(data="1\n2\n3"), ServerSentEvent(data="4")],
    ),
    "a mark of byte order": (b"\xef\xbb\xbfdata: 1\n\n", [ServerSentEvent(data="1")]),
    "text and what is none": (
        "data: ä€😀 ".encode() + b"\xff\n\n",
        [ServerSentEvent(data="ä€😀 \ufffd")],
    ),
    "unknown fields": (b"weather: fine\ndata: 1\n\n", [ServerSentEvent(data="1")]),
    "an end in the middle": (b"data: 1\n\ndata: 2\n", [ServerSentEvent(data="1")]),
}


@pytest.mark.parametrize(("data", "expected"), CASES.values(), ids=CASES)
def test_events_are_what_a_browser_would_be_told(
    data: bytes, expected: list[ServerSentEvent]
) -> None:
    assert decode(data) == expected


@pytest.mark.parametrize(("data", "expected"), CASES.values(), ids=CASES)
def test_wherever_the_bytes_are_cut(data: bytes, expected: list[ServerSentEvent]) -> None:
    assert decode(*(data[at : at + 1] for at in range(len(data)))) == expected
    for at in range(len(data)):
        assert decode(data[:at], data[at:]) == expected


@given(st.binary(), st.integers(min_value=1, max_value=5))
def test_whatever_the_bytes_are(data: bytes, size: int) -> None:
    assert decode(data) == decode(*(data[at : at + size] for at in range(0, len(data), size)))
