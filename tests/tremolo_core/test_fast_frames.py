"""Which frames are read and written without wsproto, and which are left to it."""

import pytest

from tests.cases import for_each
from tremolo_core.events import BytesMessage, EndOfMessage, Event, Ping, TextMessage
from tremolo_core.fast_frames import (
    read_message,
    read_only_message,
    write_in_two,
    write_message,
)
from tremolo_core.masking import in_python

from .framing import BINARY, CONTINUATION, PING, TEXT, close_frame, frame


def read(data: bytes, *, limit: int | None = None) -> tuple[TextMessage | BytesMessage, int] | None:
    """What is read, which is the same of either kind of buffer."""
    found = read_message(data, limit=limit, unmask=in_python)
    only = found[0] if found is not None and found[1] == len(data) else None
    assert read_only_message(data, limit, in_python) == only
    buffer = bytearray(data)
    assert read_message(buffer, limit=limit, unmask=in_python) == found
    del buffer[:1]  # no view holds it
    return found


SIZES = (0, 1, 125, 126, 127, 0xFFFF, 0x10000, 70_000)


@pytest.mark.parametrize("size", SIZES)
def test_a_message_at_the_front(size: int) -> None:
    for rest in (b"", b"\x82", b"\x82\x81", frame(BINARY, b"another")):
        raw = frame(BINARY, bytes(size))
        assert read(raw + rest) == (BytesMessage(data=bytes(size)), len(raw))
        raw = frame(TEXT, b"x" * size)
        assert read(raw + rest) == (TextMessage(text="x" * size), len(raw))


def test_a_mask_is_not_taken_for_a_length() -> None:
    # All that has come would be a frame of 200 bytes, were the length told in two.
    raw = frame(BINARY, b"hello", mask=b"\x00\xc8ab")
    assert read(raw + bytes(208 - len(raw))) == (BytesMessage(data=b"hello"), len(raw))


def test_text_is_utf_8() -> None:
    raw = frame(TEXT, "\u00e9\U0001f600".encode())
    assert read(raw) == (TextMessage(text="\u00e9\U0001f600"), len(raw))


def test_at_the_limit_and_beyond() -> None:
    assert read(frame(BINARY, bytes(300)), limit=300) is not None
    assert read(frame(BINARY, bytes(301)), limit=300) is None


@pytest.mark.parametrize("size", [0, 1, 130, 0x10000])
def test_it_has_to_be_whole(size: int) -> None:
    raw = frame(BINARY, bytes(size))
    for at in {*range(20), len(raw) - 1} & {*range(len(raw))}:
        assert read(raw[:at] or b"\x00") is None


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
    assert read(raw) is None


@for_each("size", SIZES)
@for_each("below", [None, 10_000_000])
def test_a_frame_is_written(size: int, below: int | None) -> None:
    unmasked = frame(BINARY, bytes(size), mask=None)
    assert written(BytesMessage(data=bytes(size)), below) == unmasked
    unmasked = frame(TEXT, b"x" * size, mask=None)
    assert written(TextMessage(text="x" * size), below) == unmasked


def written(event: Event, below: int | None) -> bytes | None:
    """What is written in the one way or the other, and never in both."""
    one, two = write_message(event, below), write_in_two(event, below)
    assert one is None or two is None
    return one if two is None else b"".join(two)


def test_what_is_long_is_not_copied() -> None:
    payload = bytes(0x10000)
    parts = write_in_two(BytesMessage(data=payload), None)
    assert parts is not None
    assert parts[1] is payload


def test_it_is_characters_that_are_counted_beforehand() -> None:
    text = "\u00e9" * 0xFFFF
    assert write_message(TextMessage(text=text), None) == frame(TEXT, text.encode(), mask=None)


def test_what_is_large_enough_to_be_compressed_is_not() -> None:
    assert write_message(BytesMessage(data=bytes(64)), 64) is None
    assert write_message(BytesMessage(data=bytes(63)), 64) is not None
    # It is bytes that count.
    assert write_message(TextMessage(text="\u00e9" * 32), 64) is None
    for size, below in ((70_000, 70_000), (70_000, 69_999)):
        assert write_in_two(BytesMessage(data=bytes(size)), below) is None
        assert write_in_two(TextMessage(text="x" * size), below) is None
    assert write_in_two(BytesMessage(data=bytes(70_000)), 70_001) is not None


@pytest.mark.parametrize(
    "event",
    [
        BytesMessage(data=b"a", final=False),
        TextMessage(text="a", final=False),
        TextMessage(text="\ud800"),
        BytesMessage(data=bytes(70_000), final=False),
        TextMessage(text="a" * 70_000, final=False),
        TextMessage(text="\ud800" * 70_000),
        Ping(),
        EndOfMessage(),
    ],
)
def test_what_is_no_whole_message_is_left(event: Event) -> None:
    assert written(event, None) is None
