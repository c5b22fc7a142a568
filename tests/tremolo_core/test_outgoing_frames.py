"""What may be said in a frame, and what may not."""

import pytest

from tests.cases import for_each
from tremolo_core.errors import LocalProtocolError
from tremolo_core.events import (
    BytesMessage,
    CloseWebSocket,
    Event,
    FrameEvent,
    Ping,
    Pong,
    TextMessage,
)
from tremolo_core.outgoing_frames import OutgoingFrames, is_whole_message

MIDDLE_OF_TEXT = TextMessage(text="a", final=False)
MIDDLE_OF_BYTES = BytesMessage(data=b"a", final=False)


@for_each(
    "events",
    [
        (TextMessage(text=""),),
        (TextMessage(text="\U0001f600"), BytesMessage(data=b"\xff")),
        (MIDDLE_OF_TEXT, MIDDLE_OF_TEXT, TextMessage(text=""), BytesMessage(data=b"")),
        (MIDDLE_OF_BYTES, BytesMessage(data=b""), TextMessage(text="")),
        (MIDDLE_OF_TEXT, Ping(), Pong(payload=b"p"), TextMessage(text="")),
        (MIDDLE_OF_TEXT, CloseWebSocket()),
        (Ping(payload=bytes(125)), Pong(payload=bytes(125))),
        (CloseWebSocket(code=None),),
        (CloseWebSocket(code=1000, reason="r" * 123),),
        (CloseWebSocket(code=1000, reason="€" * 41),),
        *((CloseWebSocket(code=code),) for code in (*range(1000, 1004), *range(1007, 1015))),
        (CloseWebSocket(code=3000),),
        (CloseWebSocket(code=4999),),
    ],
)
def test_what_may_be_said(events: tuple[FrameEvent, ...]) -> None:
    outgoing = OutgoingFrames()
    for event in events:
        assert outgoing.judge(event) == event


@for_each(
    ("events", "reason"),
    [
        ((TextMessage(text="\ud800"),), "surrogate"),
        ((MIDDLE_OF_TEXT, BytesMessage(data=b"")), "BytesMessage in the middle"),
        ((MIDDLE_OF_TEXT, MIDDLE_OF_TEXT, MIDDLE_OF_BYTES), "BytesMessage in the middle"),
        ((MIDDLE_OF_BYTES, TextMessage(text="")), "TextMessage in the middle"),
        ((Ping(payload=bytes(126)),), "a Ping has at most 125 bytes, not 126"),
        ((Pong(payload=bytes(126)),), "a Pong has at most 125 bytes, not 126"),
        ((CloseWebSocket(code=1000, reason="r" * 124),), "at most 123 bytes, not 124"),
        ((CloseWebSocket(code=1000, reason="€" * 42),), "at most 123 bytes, not 126"),
        ((CloseWebSocket(code=1000, reason="\udfff"),), "surrogate"),
        ((CloseWebSocket(code=None, reason="r"),), "a code before it"),
        *(
            ((CloseWebSocket(code=code),), f"not {code}")
            for code in (-1, 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 70_000)
        ),
    ],
)
def test_what_may_not_be_said(events: tuple[FrameEvent, ...], reason: str) -> None:
    *before, last = events
    outgoing = OutgoingFrames()
    for event in before:
        outgoing.judge(event)
    with pytest.raises(LocalProtocolError, match=reason):
        outgoing.judge(last)


def test_what_was_judged_in_vain_is_taken_back() -> None:
    outgoing = OutgoingFrames()
    outgoing.judge(MIDDLE_OF_TEXT)
    before = outgoing.unfinished
    outgoing.judge(TextMessage(text=""))
    outgoing.judge(MIDDLE_OF_BYTES)
    outgoing.unfinished = before
    with pytest.raises(LocalProtocolError):
        outgoing.judge(MIDDLE_OF_BYTES)
    outgoing.judge(TextMessage(text=""))


@pytest.mark.parametrize(
    ("event", "whole"),
    [
        (TextMessage(text="a"), True),
        (BytesMessage(data=b""), True),
        (TextMessage(text="a", final=False), False),
        (BytesMessage(data=b"a", final=False), False),
        # It may be, or be none that can be sent.
        (TextMessage(text="\u00e9"), False),
        (TextMessage(text="\ud800"), False),
        (Ping(), False),
        (CloseWebSocket(), False),
    ],
)
def test_what_is_surely_a_whole_message(event: Event, *, whole: bool) -> None:
    assert is_whole_message(event) is whole
