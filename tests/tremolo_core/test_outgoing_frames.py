"""What may be said in a frame, and what may not."""

import pytest

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
from tremolo_core.outgoing_frames import OutgoingFrames
from tremolo_core.standing import Standing, standing_of
from tremolo_core.states import State

MIDDLE_OF_TEXT = TextMessage(text="a", final=False)
MIDDLE_OF_BYTES = BytesMessage(data=b"a", final=False)


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
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


OPEN = standing_of(State.OPEN, State.OPEN)


@pytest.mark.parametrize("message", [TextMessage(text="é"), BytesMessage(data=b"", final=False)])
def test_a_message_is_judged_alone(message: TextMessage | BytesMessage) -> None:
    frames = OutgoingFrames()
    assert frames.judge_alone((message,), OPEN) is message
    assert (frames.unfinished is None) is message.final


@pytest.mark.parametrize(
    ("events", "standing"),
    [
        ((), OPEN),
        ((TextMessage(text="a"), TextMessage(text="b")), OPEN),
        ((Ping(),), OPEN),
        ((CloseWebSocket(),), OPEN),
        ((TextMessage(text="a"),), standing_of(State.OPEN, State.CLOSING)),
        ((TextMessage(text="a"),), standing_of(State.DONE, State.SEND_RESPONSE)),
    ],
)
def test_what_is_not_alone(events: tuple[Event, ...], standing: Standing) -> None:
    assert OutgoingFrames().judge_alone(events, standing) is None


def test_a_message_alone_may_be_wrong() -> None:
    frames = OutgoingFrames()
    with pytest.raises(LocalProtocolError, match="surrogate"):
        frames.judge_alone((TextMessage(text="\ud800"),), OPEN)
    frames.judge_alone((TextMessage(text="a", final=False),), OPEN)
    with pytest.raises(LocalProtocolError, match="other kind"):
        frames.judge_alone((BytesMessage(data=b"a"),), OPEN)
