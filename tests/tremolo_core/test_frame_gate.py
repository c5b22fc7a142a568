"""Each rule for frames, however the bytes are cut."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import for_each
from tremolo_core.deflate import longest
from tremolo_core.errors import RemoteProtocolError
from tremolo_core.frame_gate import FrameGate, is_bytes_in_one_frame

from .frame_corpus import BAD, CLOSES, COMPRESSED, GOOD, GOOD_COMPRESSED, NUL
from .framing import BINARY, CONTINUATION, MASK, PING, TEXT, close_frame, frame, masked

ONLY_UNCOMPRESSED = {f"reserved {COMPRESSED:03b} of {opcode:x}" for opcode in (TEXT, BINARY)}


def gate(*, limit: int | None = None, deflate: bool = False) -> FrameGate:
    return FrameGate(limit=limit, deflate=deflate)


def passed(gate: FrameGate, *pieces: bytes) -> bytes:
    """What the gate lets through when it is fed piece by piece."""
    through = b""
    for piece in pieces:
        gate.feed(piece)
        while (raw := gate.pass_on()) is not None:
            assert raw
            through += raw
    return through


def in_two(raw: bytes) -> list[tuple[bytes, bytes]]:
    # Long frames are cut where something may happen, and in the middle.
    places = [*range(20), len(raw) // 2, *range(len(raw) - 20, len(raw))]
    return [(raw[:at], raw[at:]) for at in sorted({p for p in places if 0 <= p <= len(raw)})]


def bytewise(raw: bytes) -> list[bytes]:
    return [raw[at : at + 1] for at in range(len(raw))]


@for_each("deflate", [False, True])
@for_each("raw", GOOD.values(), ids=GOOD)
def test_good_frames_pass_unchanged(raw: bytes, deflate: bool) -> None:
    for pieces in ([raw], bytewise(raw), *in_two(raw)):
        frames = gate(limit=0x10000, deflate=deflate)
        assert passed(frames, *pieces) == raw
        assert frames.buffered == 0
        assert not frames.close_waits


@pytest.mark.parametrize("raw", GOOD_COMPRESSED.values(), ids=GOOD_COMPRESSED)
def test_compressed_messages_pass_if_that_was_agreed_on(raw: bytes) -> None:
    for pieces in ([raw], bytewise(raw), *in_two(raw)):
        assert passed(gate(deflate=True), *pieces) == raw
        with pytest.raises(RemoteProtocolError, match="reserved bit") as caught:
            passed(gate(), *pieces)
        assert caught.value.close_code == 1002


@for_each("raw", CLOSES.values(), ids=CLOSES)
@for_each("before", [b"", frame(TEXT, b"a", fin=False)], ids=["first", "later"])
def test_a_close_waits_to_be_taken(before: bytes, raw: bytes) -> None:
    for pieces in ([before + raw], bytewise(before + raw), *in_two(before + raw)):
        frames = gate()
        assert passed(frames, *pieces) == before
        assert frames.close_waits
        assert frames.buffered == len(raw)
        # What is behind it is not looked at.
        assert passed(frames, b"\xff", b"\xff") == b""
        assert frames.pass_close() == raw
        assert frames.buffered == 2


@for_each(
    ("name", "deflate"),
    # With compression agreed on, some are not bad.
    [*((name, False) for name in BAD), *((name, True) for name in BAD.keys() - ONLY_UNCOMPRESSED)],
)
def test_bad_frames_are_refused_at_the_byte_where_it_shows(name: str, deflate: bool) -> None:
    before, bad, reason = BAD[name]
    frames = gate(deflate=deflate)
    assert passed(frames, *bytewise(before + bad[:-1])) == before
    with pytest.raises(RemoteProtocolError, match=reason):
        passed(frames, bad[-1:])


@for_each("name", BAD)
def test_bad_frames_are_refused_however_they_are_cut(name: str) -> None:
    before, bad, reason = BAD[name]
    raw = before + bad + b"\xff" * 10
    for pieces in ([raw], *in_two(raw)):
        with pytest.raises(RemoteProtocolError, match=reason) as caught:
            passed(gate(), *pieces)
        assert caught.value.close_code == 1002
        assert caught.value.status is None


# The limit.


@pytest.mark.parametrize("limit", [0, 1, 125, 126, 0xFFFF, 0x10000, 1 << 62])
def test_the_limit_is_exact_and_kept_at_the_header(limit: int) -> None:
    def header(size: int) -> bytes:
        # All that is known before the mask.
        return frame(TEXT, b"")[:1] + (
            bytes([0x80 | size])
            if size < 126
            else b"\xfe" + size.to_bytes(2)
            if size < 0x10000
            else b"\xff" + size.to_bytes(8)
        )

    assert passed(gate(limit=limit), header(limit) + MASK) == header(limit) + MASK
    for pieces in ([header(limit + 1)], bytewise(header(limit + 1))):
        with pytest.raises(RemoteProtocolError, match=f"more than {limit} bytes") as caught:
            passed(gate(limit=limit), *pieces)
        assert caught.value.close_code == 1009


def test_without_a_limit_there_is_none() -> None:
    header = b"\x82\xff" + ((1 << 63) - 1).to_bytes(8) + MASK
    assert passed(gate(), header) == header


def test_fragments_are_counted_together_and_control_frames_are_not() -> None:
    message = (
        frame(TEXT, b"aaaa", fin=False)
        + frame(PING, b"p" * 125)
        + frame(CONTINUATION, b"aaa", fin=False)
        + frame(CONTINUATION, b"aaa")
    )
    # Twice, as each message counts for itself.
    assert passed(gate(limit=10), message + message) == message + message
    frames = gate(limit=9)
    with pytest.raises(RemoteProtocolError) as caught:
        passed(frames, message)
    assert caught.value.close_code == 1009


def test_a_compressed_frame_is_no_longer_than_a_compressor_makes_it() -> None:
    most = longest(100)
    whole = frame(TEXT, bytes(most), reserved=COMPRESSED)
    assert passed(gate(limit=100, deflate=True), whole) == whole
    # What a message comes to in the end, the inflater tells.
    parts = frame(TEXT, bytes(most), reserved=COMPRESSED, fin=False) + frame(
        CONTINUATION, bytes(most)
    )
    assert passed(gate(limit=100, deflate=True), parts) == parts
    for head in (b"", frame(TEXT, b"a", reserved=COMPRESSED, fin=False)):
        longer = frame(
            CONTINUATION if head else TEXT,
            bytes(most + 1),
            reserved=0 if head else COMPRESSED,
        )
        with pytest.raises(RemoteProtocolError) as caught:
            passed(gate(limit=100, deflate=True), head + longer)
        assert caught.value.close_code == 1009


def test_an_uncompressed_message_behind_a_compressed_one_keeps_to_the_limit() -> None:
    compressed = frame(TEXT, bytes(90), reserved=COMPRESSED)
    assert passed(gate(limit=100, deflate=True), compressed, frame(TEXT, bytes(100)))
    with pytest.raises(RemoteProtocolError):
        passed(gate(limit=100, deflate=True), compressed, frame(TEXT, bytes(101)))


# What is held, and what it costs.


def test_payload_passes_as_it_comes() -> None:
    frames = gate()
    frames.feed(frame(BINARY, bytes(1_000))[:100])
    assert frames.pass_on() is not None
    assert frames.buffered == 0
    frames.feed(b"x")
    assert frames.pass_on() == b"x"


def test_compressed_payload_passes_in_small_steps() -> None:
    frames = gate(deflate=True)
    raw = frame(BINARY, bytes(3_000), reserved=COMPRESSED, fin=False) + frame(PING, b"p" * 125)
    frames.feed(raw)
    steps = list(iter(frames.pass_on, None))
    assert b"".join(steps) == raw
    assert max(map(len, steps)) <= 1_024 + 14


def test_what_is_discarded_is_gone() -> None:
    frames = gate()
    frames.feed(close_frame(1000))
    assert frames.pass_on() is None
    frames.discard()
    assert frames.buffered == 0
    assert not frames.close_waits


def test_the_work_is_linear_in_the_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    # An incomplete header is judged again with each byte, and has 14 at most.
    calls = itertools.count()
    judge = FrameGate._judge_first
    monkeypatch.setattr(
        FrameGate, "_judge_first", lambda self, first: (next(calls), judge(self, first))[1]
    )
    passed(gate(), *bytewise(frame(TEXT, bytes(0x10000))))
    assert next(calls) <= 14


@given(
    st.lists(st.sampled_from([*GOOD.values(), *GOOD_COMPRESSED.values()]), max_size=4),
    st.sampled_from([b"", *(before + bad for before, bad, _ in BAD.values())]),
    st.data(),
)
def test_the_verdict_does_not_depend_on_the_cuts(
    good: list[bytes], bad: bytes, data: st.DataObject
) -> None:
    raw = b"".join(good) + bad

    def verdict(*pieces: bytes) -> tuple[bytes, int | None, str]:
        frames = gate(limit=0x10000, deflate=True)
        through = b""
        try:
            for piece in pieces:
                frames.feed(piece)
                while (passed_on := frames.pass_on()) is not None:
                    through += passed_on
        except RemoteProtocolError as error:
            return through, error.close_code, error.reason
        return through, None, ""

    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=6)))
    pieces = [raw[a:b] for a, b in itertools.pairwise([0, *cuts, len(raw)])]
    assert verdict(*pieces) == verdict(raw)


@given(st.binary(max_size=60))
def test_garbage_passes_or_is_refused(garbage: bytes) -> None:
    frames = gate(limit=20, deflate=True)
    try:
        through = passed(frames, garbage)
    except RemoteProtocolError as error:
        assert error.close_code in (1002, 1009)
    else:
        assert garbage.startswith(through)


def test_masks_are_left_to_the_engine() -> None:
    assert masked(masked(b"abcde")) == b"abcde"
    assert passed(gate(), frame(TEXT, b"abc", mask=NUL)).endswith(b"abc")


def test_a_message_that_is_held_is_not_counted_until_it_is_whole() -> None:
    frames = gate()
    frames.holds_whole = True
    raw = frame(BINARY, bytes(1_000))
    frames.feed(raw[:400])
    assert frames.pass_on() is None
    assert frames.buffered == 0
    frames.feed(raw[400:])
    assert frames.buffered == len(raw)
    assert frames.pass_on() == raw
    frames.feed(frame(TEXT, bytes(1_000))[:400])
    assert frames.pass_on() == frame(TEXT, bytes(1_000))[:400]


def test_it_is_known_whether_a_message_may_be_next() -> None:
    frames = gate()
    noted = [frames.between]
    for piece in (
        frame(TEXT, b"ab")[:-1],
        frame(TEXT, b"ab")[-1:],
        frame(BINARY, b"a", fin=False),
        frame(PING),
        frame(CONTINUATION, b"bc")[:-1],
        frame(CONTINUATION, b"bc")[-1:],
    ):
        frames.feed(piece)
        assert frames.pass_on() == piece
        noted.append(frames.between)
    assert noted == [True, False, True, False, False, False, True]


def test_it_is_known_how_much_of_what_is_held_is_missing() -> None:
    frames = gate(limit=200_000)
    frames.holds_whole = True
    raw = frame(BINARY, bytes(100_000))
    for come in (10, 14, 70_000, len(raw) - 1):
        frames.feed(memoryview(raw)[len(frames.buffer) : come])
        assert frames.pass_on() is None
        assert frames.missing == len(raw) - come
    frames.feed(raw[-1:])
    assert frames.missing == 0
    assert frames.pass_on() == raw


@pytest.mark.parametrize("raw", GOOD.values(), ids=GOOD)
def test_messages_that_are_held_pass_unchanged_once_they_are_whole(raw: bytes) -> None:
    for pieces in ([raw], [raw[:-1], raw[-1:]], [raw[:9], raw[9:]]):
        frames = gate()
        frames.holds_whole = True
        assert passed(frames, *pieces) == raw
        assert frames.buffered == 0


def test_a_message_that_is_one_frame_is_known_by_itself() -> None:
    frames = gate(limit=200)
    raw = frame(BINARY, bytes(200))
    assert frames.whole_message(raw) == len(raw)
    assert frames.whole_message(raw + b"\x82") == len(raw)
    assert frames.whole_message(bytearray(frame(TEXT, b"a"))) == 7
    for bad in (raw[:-1], frame(BINARY, bytes(201)), frame(PING), frame(TEXT, fin=False), b"\x82"):
        assert frames.whole_message(bad) == 0
    passed(frames, frame(TEXT, b"a", fin=False))
    assert frames.whole_message(raw) == 0


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 200, 65_535])
def test_so_is_one_of_bytes_that_is_all_there_is(size: int) -> None:
    raw = frame(BINARY, bytes(size))
    assert is_bytes_in_one_frame(raw, None)
    assert is_bytes_in_one_frame(raw, size)
    assert not is_bytes_in_one_frame(raw, size - 1)
    assert gate(limit=size).whole_message(raw) == len(raw)
    others = (
        *(raw[:-1], raw + b"\x82", raw[1:], raw[:1] + bytes((raw[1] - 0x80,)) + raw[2:]),
        *(frame(TEXT, bytes(size)), frame(BINARY, bytes(size), fin=False)),
        frame(BINARY, bytes(size), reserved=0b100),
    )
    for other in others:
        assert not is_bytes_in_one_frame(other, None)


def test_a_length_in_more_bytes_than_it_needs_is_left_in_doubt() -> None:
    for size in (0, 124, 125):
        assert not is_bytes_in_one_frame(frame(BINARY, bytes(size), length_of_length=2), None)
    for size in (0, 125, 126, 65_535, 65_536):
        assert not is_bytes_in_one_frame(frame(BINARY, bytes(size), length_of_length=8), None)
    for cut in range(6):
        assert not is_bytes_in_one_frame(frame(BINARY)[:cut], None)
