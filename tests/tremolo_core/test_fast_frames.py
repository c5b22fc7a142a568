"""Which frames are read and written without wsproto, and which are left to it."""

import pytest

from tremolo_core import fast_frames
from tremolo_core.events import BytesMessage, TextMessage
from tremolo_core.fast_frames import write_message
from tremolo_core.frame_gate import FrameGate
from tremolo_core.masking import unmask_at_once

from .framing import BINARY, CONTINUATION, PING, TEXT, close_frame, frame


def gate(*pieces: bytes, limit: int | None = None) -> FrameGate:
    made = FrameGate(limit=limit, deflate=True)
    for piece in pieces:
        made.feed(piece)
    return made


def read_message(gate: FrameGate) -> TextMessage | BytesMessage | None:
    return fast_frames.read_message(gate, unmask_at_once)


SIZES = (0, 1, 125, 126, 127, 0xFFFF, 0x10000, 70_000)


@pytest.mark.parametrize("size", SIZES)
def test_a_message_is_taken_out(size: int) -> None:
    made = gate(frame(BINARY, bytes(size)), frame(TEXT, b"x" * size), b"\x82")
    assert read_message(made) == BytesMessage(data=bytes(size))
    assert read_message(made) == TextMessage(text="x" * size)
    assert read_message(made) is None
    assert made.buffer == b"\x82"


def test_text_is_utf_8() -> None:
    assert read_message(gate(frame(TEXT, "\u00e9\U0001f600".encode()))) == TextMessage(
        text="\u00e9\U0001f600"
    )


def test_at_the_limit_and_beyond() -> None:
    assert read_message(gate(frame(BINARY, bytes(300)), limit=300)) is not None
    assert read_message(gate(frame(BINARY, bytes(301)), limit=300)) is None


def test_it_may_take_any_number_of_pieces_to_be_whole() -> None:
    raw = frame(BINARY, bytes(130))
    made = gate()
    for at in range(len(raw) - 1):
        made.feed(raw[at : at + 1])
        assert read_message(made) is None
    made.feed(raw[-1:])
    assert read_message(made) == BytesMessage(data=bytes(130))


LEFT = {
    "nothing": b"",
    "a part of a message": frame(TEXT, b"a", fin=False),
    "a continuation": frame(CONTINUATION, b"a"),
    "a Ping": frame(PING, b"a"),
    "a Close": close_frame(1000),
    "a compressed message": b"\xc1" + frame(TEXT, b"a")[1:],
    "a reserved bit": b"\xa1" + frame(TEXT, b"a")[1:],
    "an unknown opcode": b"\x83" + frame(TEXT, b"a")[1:],
    "no mask": b"\x81\x05hello",
    "no UTF-8": frame(TEXT, b"\xff"),
    "text that ends in a character": frame(TEXT, b"a\xc3"),
    "two bytes of length for one": b"\x82\xfe\x00\x7d" + bytes(4 + 125),
    "eight bytes of length for two": b"\x82\xff" + (0xFFFF).to_bytes(8) + bytes(4 + 0xFFFF),
    "a length with its highest bit set": b"\x82\xff\x80" + bytes(100),
}


@pytest.mark.parametrize("raw", LEFT.values(), ids=LEFT)
def test_what_is_left_to_wsproto_or_the_gate(raw: bytes) -> None:
    made = gate(raw)
    assert read_message(made) is None
    assert made.buffer == raw


def test_so_is_what_comes_inside_a_message() -> None:
    made = gate(frame(BINARY, bytes(1_000))[:500])
    assert made.pass_on() is not None
    made.feed(frame(BINARY, b"no frame, but payload"))
    assert not made.between
    assert read_message(made) is None


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("below", [None, 10_000_000])
def test_a_frame_is_written(size: int, below: int | None) -> None:
    unmasked = frame(BINARY, bytes(size), mask=None)
    assert write_message(BytesMessage(data=bytes(size)), below=below) == unmasked
    unmasked = frame(TEXT, b"x" * size, mask=None)
    assert write_message(TextMessage(text="x" * size), below=below) == unmasked


def test_what_is_large_enough_to_be_compressed_is_not() -> None:
    assert write_message(BytesMessage(data=bytes(64)), below=64) is None
    assert write_message(BytesMessage(data=bytes(63)), below=64) is not None
    # It is bytes that count.
    assert write_message(TextMessage(text="\u00e9" * 32), below=64) is None
