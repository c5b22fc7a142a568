"""What is read ahead, what is owed, and what is held: the frames of one WebSocket by themselves."""

import tracemalloc
import zlib
from collections.abc import Sequence

import pytest

from tremolo_core.deadlines import Wait
from tremolo_core.deflate import PerMessageDeflate
from tremolo_core.errors import RemoteProtocolError
from tremolo_core.events import (
    AcceptWebSocket,
    BytesMessage,
    CloseWebSocket,
    EndOfMessage,
    Event,
    FrameEvent,
    Ping,
    Pong,
    TextMessage,
)
from tremolo_core.frames import Frames
from tremolo_core.headers import Headers
from tremolo_core.limits import Limits
from tremolo_core.websocket_handshake import Agreement
from tremolo_core.wsproto_engine import WsprotoEngine

from .framing import BINARY, CONTINUATION, PING, PONG, TEXT, close_frame, frame

A_COST = 128
"""What an event is reckoned at, beside its payload."""


def opened(
    acceptance: AcceptWebSocket | None = None,
    *,
    deflate: PerMessageDeflate | None = None,
    limits: Limits | None = None,
    fast_path: bool = True,
) -> Frames:
    agreed = Agreement(
        acceptance=acceptance or AcceptWebSocket(), headers=Headers(), deflate=deflate
    )
    return Frames(agreed, limits=limits or Limits(), fast_path=fast_path)


def read(frames: Frames, *pieces: bytes) -> list[type[Event]]:
    """The kinds of what is read, told or not."""
    kinds: list[type[Event]] = []
    for piece in pieces:
        frames.feed(piece)
        kinds += frames.read()
    return kinds


def told(frames: Frames) -> list[Event]:
    return list(iter(frames.next_event, None))


def awaited(frames: Frames) -> Wait:
    """What is waited for now; a type checker would take the property for a constant."""
    return frames.wait


# What is told.


def test_messages_are_told_as_a_whole() -> None:
    frames = opened()
    assert read(frames, frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"b")) == [
        TextMessage,
        TextMessage,
    ]
    assert told(frames) == [TextMessage(text="ab")]
    assert frames.told


def test_or_in_parts() -> None:
    frames = opened(AcceptWebSocket(by_fragment=True))
    read(frames, frame(BINARY, b"abc")[:-1], frame(BINARY, b"abc")[-1:])
    assert told(frames) == [BytesMessage(data=b"ab", final=False), BytesMessage(data=b"c")]


def test_pings_are_told_only_if_asked_for() -> None:
    raw = frame(PING, b"a") + frame(PONG, b"b")
    frames = opened()
    assert read(frames, raw) == [Ping, Pong]
    assert told(frames) == []
    frames = opened(AcceptWebSocket(with_pings=True))
    assert read(frames, raw) == [Ping, Pong]
    assert told(frames) == [Ping(payload=b"a"), Pong(payload=b"b")]


def test_something_else_may_be_put_in_its_place() -> None:
    frames = opened()
    frames.tell(EndOfMessage())
    read(frames, frame(TEXT, b"a"))
    assert not frames.told
    assert told(frames) == [EndOfMessage(), TextMessage(text="a")]


def test_what_is_compressed_is_read_only_where_that_was_agreed() -> None:
    made = zlib.compressobj(wbits=-15)
    packed = made.compress(b"hello") + made.flush(zlib.Z_SYNC_FLUSH)
    raw = frame(TEXT, packed.removesuffix(b"\x00\x00\xff\xff"), reserved=0b100)
    frames = opened(deflate=PerMessageDeflate())
    read(frames, raw)
    assert told(frames) == [TextMessage(text="hello")]
    frames = opened()
    read(frames, raw)
    assert told(frames) == []
    with pytest.raises(RemoteProtocolError) as caught:
        frames.end()
    assert caught.value.close_code == 1002


@pytest.mark.parametrize("fast_path", [False, True])
def test_no_message_begins_within_another(fast_path: bool) -> None:
    frames = opened(fast_path=fast_path)
    read(frames, frame(TEXT, b"a"), frame(TEXT, b"b", fin=False) + frame(BINARY, b"c"))
    assert told(frames) == [TextMessage(text="a")]
    with pytest.raises(RemoteProtocolError) as caught:
        frames.end()
    assert caught.value.close_code == 1002


def settled(frames: Frames) -> bool:
    return frames.settled


def test_it_is_settled_while_no_bytes_wait_and_nothing_is_wrong() -> None:
    frames = opened()
    assert settled(frames)
    frames.feed(frame(TEXT, b"a")[:-1])
    assert not settled(frames)
    frames.feed(frame(TEXT, b"a")[-1:])
    frames.read()
    assert settled(frames)
    # Text that is none: the frame was passed on as it should be.
    read(frames, frame(TEXT, b"\xff"))
    assert not settled(frames)


# The short way.


def test_one_whole_message_is_taken_at_once() -> None:
    frames = opened()
    assert frames.receive_whole(frame(BINARY, b"abc"))
    assert not frames.told
    assert frames.buffered == A_COST + 3
    assert frames.received == len(frame(BINARY, b"abc"))
    # Another waits behind it, in the long way.
    assert not frames.receive_whole(frame(TEXT, b"d"))
    read(frames, frame(TEXT, b"d"))
    assert told(frames) == [BytesMessage(data=b"abc"), TextMessage(text="d")]
    assert frames.receive_whole(frame(TEXT, b"e"))
    assert told(frames) == [TextMessage(text="e")]


@pytest.mark.parametrize(
    "before",
    [
        frame(TEXT, b"waits"),
        frame(TEXT, b"a")[:-1],
        frame(TEXT, b"a", fin=False),
        frame(TEXT, b"a" * 300, fin=False)[:200],
        close_frame(),
        frame(3),
    ],
    ids=["untold", "half a frame", "half a message", "half of that", "a Close", "an error"],
)
def test_not_if_anything_is_in_the_way(before: bytes) -> None:
    frames = opened()
    read(frames, before)
    assert not frames.receive_whole(frame(TEXT, b"b"))
    frames = opened()
    # Nor when it was known that nothing is.
    assert frames.receive_whole(frame(TEXT, b"first"))
    told(frames)
    read(frames, before)
    assert not frames.receive_whole(frame(TEXT, b"b"))


def test_nor_what_is_no_whole_message_or_too_large() -> None:
    frames = opened(limits=Limits(message=10))
    for raw in (frame(PING), frame(TEXT, b"a")[:-1], frame(TEXT, bytes(11)), close_frame(), b""):
        assert not frames.receive_whole(raw)
    assert frames.received == 0
    frames.tell(EndOfMessage())
    assert not frames.receive_whole(frame(TEXT, b"a"))
    frames = opened()
    frames.receive_whole(frame(TEXT, b"a"))
    told(frames)
    frames.release()
    assert not frames.receive_whole(frame(TEXT, b"a"))


def test_a_whole_message_ends_a_crowd() -> None:
    frames = opened()
    read(frames, frame(PING) * 64)
    assert frames.receive_whole(frame(TEXT, b"a"))
    assert not frames.crowded


# What is read ahead.


@pytest.mark.parametrize(
    ("one", "event"),
    [
        (frame(TEXT), TextMessage(text="")),
        (frame(TEXT, b"a" * 100), TextMessage(text="a" * 100)),
        (frame(BINARY, bytes(1_000)), BytesMessage(data=bytes(1_000))),
        (frame(PING), Ping()),
    ],
)
def test_so_much_is_read_ahead_and_no_more(one: bytes, event: Event) -> None:
    cost = A_COST + len(one) - len(frame(BINARY, b"")) - (2 if len(one) > 200 else 0)
    frames = opened(AcceptWebSocket(with_pings=True), limits=Limits(read_ahead=cost * 3))
    read(frames, one * 10)
    # What waits, and the frames that were not looked at.
    assert frames.buffered == cost * 3 + len(one) * 7
    for left in range(9, -1, -1):
        assert frames.next_event() == event
        assert frames.buffered == cost * min(left, 2) + len(one) * max(left - 2, 0)
        list(frames.read())
    assert frames.buffered == 0


def test_a_message_that_is_not_complete_does_not_stop_reading() -> None:
    frames = opened(limits=Limits(read_ahead=100))
    read(frames, frame(BINARY, bytes(90), fin=False), frame(CONTINUATION, bytes(90), fin=False))
    assert frames.buffered == 0
    read(frames, frame(CONTINUATION, b"."))
    assert told(frames) == [BytesMessage(data=bytes(180) + b".")]


def test_a_flood_of_nothing_is_bounded() -> None:
    frames = opened()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        while frames.buffered < 65_536:
            read(frames, frame(TEXT) * 100)
        assert tracemalloc.get_traced_memory()[0] - before < 200_000
    finally:
        tracemalloc.stop()


# How it ends.


def test_a_close_is_the_end() -> None:
    frames = opened()
    assert read(frames, frame(TEXT, b"a") + close_frame(1001, b"bye")) == [TextMessage]
    assert frames.at_end
    assert not frames.told
    assert told(frames) == [TextMessage(text="a")]
    # Until it is asked for, we may send.
    assert frames.send(TextMessage(text="b")) == b"\x81\x01b"
    assert frames.end() == CloseWebSocket(code=1001, reason="bye")
    assert not frames.ignored


@pytest.mark.parametrize(
    "pieces", [[close_frame() + b"x"], [close_frame(), b"x"], [close_frame()[:3], b"", b""]]
)
def test_what_comes_behind_it_is_noted(pieces: Sequence[bytes]) -> None:
    frames = opened()
    read(frames, *pieces)
    if frames.at_end:
        frames.end()
        assert frames.ignored
        frames.release()
        assert not frames.at_end
    else:
        assert not frames.ignored


@pytest.mark.parametrize(
    ("raw", "close_code"),
    [
        (frame(3), 1002),
        (frame(TEXT, b"\xff"), 1007),
        (frame(BINARY, bytes(11)), 1009),
        (close_frame(1000, b"\xff"), 1007),
    ],
)
def test_a_failure_is_the_end(raw: bytes, close_code: int) -> None:
    frames = opened(limits=Limits(message=10))
    read(frames, frame(TEXT, b"a") + raw, b"more")
    assert frames.at_end
    assert frames.ignored
    assert list(frames.read()) == []
    assert told(frames) == [TextMessage(text="a")]
    for _ in range(2 if close_code != 1007 else 1):
        with pytest.raises(RemoteProtocolError) as caught:
            frames.end()
        assert caught.value.close_code == close_code


@pytest.mark.parametrize("deflate", [None, PerMessageDeflate()])
@pytest.mark.parametrize("general", [5, 100, None])
def test_an_acceptance_has_a_limit_of_its_own(
    general: int | None, deflate: PerMessageDeflate | None
) -> None:
    acceptance = AcceptWebSocket(message_limit=10)
    frames = opened(acceptance, limits=Limits(message=general), deflate=deflate)
    read(frames, frame(BINARY, bytes(10)), frame(BINARY, bytes(11)))
    assert told(frames) == [BytesMessage(data=bytes(10))]
    with pytest.raises(RemoteProtocolError) as caught:
        frames.end()
    assert caught.value.close_code == 1009


def released_after_much() -> tuple[Frames, int, int]:
    """Frames that were released, what they held before, in bytes, and what they hold since."""
    tracemalloc.start()
    try:
        frames = opened(deflate=PerMessageDeflate())
        before = tracemalloc.get_traced_memory()[0]
        frames.send(TextMessage(text="a" * 100))
        read(frames, frame(TEXT, b"read"))
        read(frames, frame(BINARY, bytes(50_000), fin=False), frame(PING))
        read(frames, frame(CONTINUATION)[:3])
        held = tracemalloc.get_traced_memory()[0] - before
        frames.release()
        return frames, held, tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def test_what_is_released_holds_nothing_but_what_was_read() -> None:
    # Whoever notes which lines are run, as coverage does, takes memory for each the first time.
    released_after_much()
    frames, held, left = released_after_much()
    assert held > 80_000
    assert left < 10_000
    assert frames.owed() == b""
    assert read(frames, frame(TEXT, b"more")) == []
    assert frames.ignored
    assert told(frames) == [TextMessage(text="read")]


# What is owed.


def test_a_ping_is_answered_once() -> None:
    frames = opened()
    read(frames, frame(PING, b"p"))
    assert frames.owed() == b"\x8a\x01p"
    assert frames.owed() == b""


def test_only_the_latest_ping_is_answered() -> None:
    frames = opened()
    tracemalloc.start()
    try:
        read(frames, frame(PING, b"first"))
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(20):
            read(frames, frame(PING, bytes(125)) * 100)
        assert tracemalloc.get_traced_memory()[0] - before < 30_000
    finally:
        tracemalloc.stop()
    read(frames, frame(PING, b"last"))
    assert frames.owed() == b"\x8a\x04last"


def test_the_answer_comes_before_our_close_and_none_behind_it() -> None:
    frames = opened()
    read(frames, frame(PING, b"a"))
    frames.owe_ping()
    assert frames.send(CloseWebSocket(code=1000)) == b"\x8a\x01a" + b"\x88\x02\x03\xe8"
    read(frames, frame(PING, b"b"))
    assert frames.owed() == b""


def test_we_ask() -> None:
    frames = opened()
    read(frames, frame(PING, b"p"))
    frames.owe_ping()
    frames.owe_ping()
    assert frames.owed() == b"\x8a\x01p" + b"\x89\x00"
    assert frames.owed() == b""


# What is waited for.


def test_first_for_anything_then_for_a_sign_of_life() -> None:
    frames = opened()
    assert awaited(frames) is Wait.SILENCE
    read(frames, frame(TEXT, b"a"))
    told(frames)
    assert awaited(frames) is Wait.SILENCE
    frames.owe_ping()
    # It is not on its way yet.
    assert awaited(frames) is Wait.NOTHING
    frames.owed()
    assert awaited(frames) is Wait.PONG
    # Any byte will do: a large frame may be in front of the Pong.
    read(frames, frame(TEXT, b"abc")[:1])
    assert awaited(frames) is Wait.SILENCE
    frames.owe_ping()
    frames.owed()
    assert awaited(frames) is Wait.PONG


def test_for_nothing_while_we_do_not_read() -> None:
    frames = opened(limits=Limits(read_ahead=200))
    read(frames, frame(BINARY, bytes(71)))
    assert awaited(frames) is Wait.SILENCE
    read(frames, frame(BINARY, b""))
    assert awaited(frames) is Wait.NOTHING
    frames.next_event()
    assert awaited(frames) is Wait.SILENCE


def test_for_a_close_behind_ours() -> None:
    frames = opened()
    frames.send(CloseWebSocket())
    assert awaited(frames) is Wait.CLOSE
    read(frames, frame(TEXT, b"a"))
    assert awaited(frames) is Wait.CLOSE


@pytest.mark.parametrize("ours_first", [False, True])
@pytest.mark.parametrize("last", [close_frame(), frame(3)])
def test_for_us_at_the_end(last: bytes, ours_first: bool) -> None:
    frames = opened()
    if ours_first:
        frames.send(CloseWebSocket())
    read(frames, frame(TEXT, b"a") + last)
    assert awaited(frames) is Wait.LAST_FRAME_TOLD


def is_owed(frames: Frames) -> bool:
    return frames.owes


def test_what_is_owed_is_known() -> None:
    frames = opened()
    assert not is_owed(frames)
    frames.owe_ping()
    assert is_owed(frames)
    frames.owed()
    assert not is_owed(frames)
    read(frames, frame(PING))
    assert is_owed(frames)
    frames.owed()
    assert not is_owed(frames)


# Many small frames.


@pytest.mark.parametrize(
    ("small", "crowded"),
    [
        (frame(PING) * 64, True),
        (frame(PONG, b"x") * 64, True),
        (frame(TEXT, fin=False) + frame(CONTINUATION, b"x", fin=False) * 63, True),
        (frame(PING) * 63, False),
        (frame(TEXT, fin=False) + frame(CONTINUATION, b"x" * 122, fin=False) * 64, False),
        (frame(BINARY) * 1_000, False),
    ],
    ids=["pings", "pongs", "fragments", "a few", "larger ones", "messages on the fast path"],
)
def test_many_small_frames_at_once_are_noticed(small: bytes, *, crowded: bool) -> None:
    frames = opened()
    read(frames, small)
    assert frames.crowded is crowded


def test_only_what_came_last_counts_as_a_crowd() -> None:
    frames = opened()
    read(frames, frame(PING) * 64, frame(PING))
    assert not frames.crowded


@pytest.mark.parametrize("deflate", [None, PerMessageDeflate()])
def test_a_frame_is_written_onto_what_is_there(deflate: PerMessageDeflate | None) -> None:
    messages: tuple[TextMessage | BytesMessage, ...] = (
        BytesMessage(data=b"short"),
        TextMessage(text="short"),
        BytesMessage(data=bytes(70_000)),
        TextMessage(text="x" * 70_000),
    )
    for message in messages:
        one, other = opened(deflate=deflate), opened(deflate=deflate)
        out = [b"before"]
        assert one.write_onto(out, message)
        assert b"".join(out) == b"before" + (other.write_whole(message) or b"")
        # Only what is long, and goes as it is, goes by itself.
        content = message.text if isinstance(message, TextMessage) else message.data
        assert len(out) == (3 if len(content) > 10 and deflate is None else 2)
    frames = opened()
    out.clear()
    assert not frames.write_onto(out, BytesMessage(data=b"part", final=False))
    assert not frames.write_onto(out, Ping())
    frames.send(BytesMessage(data=b"part", final=False))
    assert not frames.write_onto(out, BytesMessage(data=bytes(70_000)))
    assert out == []


def test_it_is_known_how_much_of_a_message_is_missing() -> None:
    frames = opened()
    raw = frame(BINARY, bytes(100_000))
    assert missing(frames) == 0
    read(frames, raw[:2])
    # How long it is has not come yet.
    assert missing(frames) == 0
    read(frames, raw[2:60_000])
    assert missing(frames) == len(raw) - 60_000
    read(frames, raw[60_000:-1])
    assert missing(frames) == 1
    read(frames, raw[-1:] + b"\x82")
    assert missing(frames) == 0
    assert told(frames) == [BytesMessage(data=bytes(100_000))]


@pytest.mark.parametrize("acceptance", [AcceptWebSocket(by_fragment=True), AcceptWebSocket()])
def test_nothing_is_missing_of_what_is_passed_on_as_it_comes(acceptance: AcceptWebSocket) -> None:
    frames = opened(acceptance)
    kind = BINARY if acceptance.by_fragment else TEXT
    read(frames, frame(kind, b"x" * 100_000)[:60_000])
    assert missing(frames) == 0


def missing(frames: Frames) -> int:
    return frames.missing


def test_without_the_fast_path_only_bytes_in_one_frame_are_taken_at_once() -> None:
    raw = frame(BINARY, b"abc")
    for other in (frame(TEXT, b"abc"), raw[:-1], raw * 2, frame(BINARY, b"abc", fin=False)):
        frames = opened(fast_path=False)
        assert not frames.receive_whole(other)
        assert (frames.received, frames.whole) == (0, None)
        assert frames.receive_whole(raw)
        assert told(frames) == [BytesMessage(data=b"abc")]


@pytest.mark.parametrize("fast_path", [False, True])
def test_wsproto_writes_whole_messages_only_without_the_fast_path(
    fast_path: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[FrameEvent] = []
    send = WsprotoEngine.send

    def noted(engine: WsprotoEngine, event: FrameEvent) -> bytes:
        asked.append(event)
        return send(engine, event)

    monkeypatch.setattr(WsprotoEngine, "send", noted)
    frames = opened(fast_path=fast_path)
    out: list[bytes] = []
    message = TextMessage(text="a")
    assert frames.write_whole(message) == b"\x81\x01a"
    assert frames.write_onto(out, message)
    assert b"".join(out) == b"\x81\x01a"
    assert asked == ([] if fast_path else [message, message])


@pytest.mark.parametrize(("room", "wait"), [(A_COST + 1, Wait.NOTHING), (A_COST + 2, Wait.SILENCE)])
def test_nobody_is_waited_for_while_there_is_no_room(room: int, wait: Wait) -> None:
    frames = opened(limits=Limits(read_ahead=room))
    read(frames, frame(TEXT, b"a"))
    assert frames.buffered == A_COST + 1
    assert frames.wait is wait
