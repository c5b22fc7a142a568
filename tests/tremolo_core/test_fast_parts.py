"""Messages whose only frame comes in pieces, next to what wsproto makes of the same pieces."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tremolo_core.engine import IncomingFrame
from tremolo_core.errors import RemoteProtocolError
from tremolo_core.events import BytesMessage, TextMessage
from tremolo_core.fast_parts import in_pieces
from tremolo_core.masking import in_python
from tremolo_core.wsproto_engine import WsprotoEngine

from .framing import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

Told = list[IncomingFrame | int]
"""The events, and the close code at the end if there was an error."""

HEADERS = {0: 6, 1: 6, 125: 6, 126: 8, 65_535: 8, 65_536: 14}
"""How long the header of a payload is."""


def told_of(read: Callable[[bytes], IncomingFrame | None], pieces: list[bytes]) -> Told:
    told: Told = []
    for piece in pieces:
        try:
            event = read(piece)
        except RemoteProtocolError as error:
            assert error.status is None
            assert error.reason == "text that is not UTF-8"
            return [*told, error.close_code or 0]
        if event is not None:
            told.append(event)
    return told


def by_us(pieces: list[bytes]) -> Told:
    reader = in_pieces(pieces[0], in_python)
    assert reader is not None
    return told_of(reader.read, pieces)


def by_wsproto(pieces: list[bytes]) -> Told:
    return told_of(WsprotoEngine(deflate=None, limit=None).read, pieces)


@given(
    st.sampled_from([TEXT, BINARY]),
    st.one_of(st.text(min_size=1, max_size=40).map(str.encode), st.binary(min_size=1)),
    st.lists(st.integers(1, 20), max_size=8),
)
def test_pieces_are_told_as_wsproto_would(opcode: int, payload: bytes, sizes: list[int]) -> None:
    raw = frame(opcode, payload)
    ends = [6 if len(payload) < 126 else 8]
    for size in sizes:
        ends.append(ends[-1] + size)
    cuts = [end for end in ends if end < len(raw)]
    pieces = [raw[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    # The first has a whole header, and may have nothing else.
    for several in (pieces, [pieces[0] + pieces[1], *pieces[2:]] if len(pieces) > 1 else [raw]):
        assert by_us(several) == by_wsproto(several)


@pytest.mark.parametrize(("size", "header"), HEADERS.items())
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_headers_of_every_length(opcode: int, size: int, header: int) -> None:
    payload = (b"01234567" * (size // 8 + 1))[:size]
    raw = frame(opcode, payload)
    made = TextMessage(text=payload.decode()) if opcode == TEXT else BytesMessage(data=payload)
    assert by_us([raw]) == [made]
    if size:
        assert by_us([raw[:header], raw[header:]]) == [made]
        last = by_us([raw[:-1], raw[-1:]])[-1]
        assert isinstance(last, TextMessage | BytesMessage)
        assert last.final
        assert (last.text.encode() if isinstance(last, TextMessage) else last.data) == payload[-1:]


@pytest.mark.parametrize(
    ("payload", "cut", "told"),
    [
        # As soon as it cannot become any.
        (b"a\xffb", 2, [1007]),
        (b"ab\xff", 2, [TextMessage(text="ab", final=False), 1007]),
        (b"a\xe2\x82\xac", 2, [TextMessage(text="a", final=False), TextMessage(text="€")]),
        (b"a\xe2\x82\xac", 1, [TextMessage(text="a", final=False), TextMessage(text="€")]),
        (b"a\xe2\x82", 2, [TextMessage(text="a", final=False), 1007]),
        (b"\xe2\x82\xac", 1, [TextMessage(text="", final=False), TextMessage(text="€")]),
    ],
)
def test_text_is_judged_as_it_comes(payload: bytes, cut: int, told: Told) -> None:
    raw = frame(TEXT, payload)
    pieces = [raw[: 6 + cut], raw[6 + cut :]]
    assert by_us(pieces) == told
    assert by_wsproto(pieces) == told


def test_what_is_not_the_only_frame_of_a_message_is_left() -> None:
    for raw in (
        *(frame(opcode) for opcode in (PING, PONG, CLOSE, CONTINUATION)),
        *(frame(opcode, fin=False) for opcode in (TEXT, BINARY)),
        *(frame(opcode, reserved=0b100) for opcode in (TEXT, BINARY)),
    ):
        assert in_pieces(raw, in_python) is None
