"""Bodies in, events out, however they are cut."""

import itertools
from collections.abc import Iterable

import pytest

from tremolo import multipart_decoder
from tremolo.exceptions import BadRequest
from tremolo.form_heads import PartHead
from tremolo.multipart_decoder import Mark, MultipartDecoder, MultipartEvent, require_multipart

from .multipart_bodies import BOUNDARY, END, MIXED, SMALL, part


def decode(pieces: Iterable[bytes]) -> list[MultipartEvent]:
    """All events of a whole body, adjacent data joined."""
    decoder = MultipartDecoder(BOUNDARY)
    events: list[MultipartEvent] = []
    rest = iter(pieces)
    while True:
        event = decoder.next_event()
        if event is Mark.NEED_DATA:
            data = next(rest, None)
            if data is None:
                decoder.receive_eof()
            else:
                decoder.receive_data(data)
        elif isinstance(event, bytes) and events and isinstance(events[-1], bytes):
            events[-1] += event
        else:
            events.append(event)
            if event is Mark.END_OF_FORM:
                return events


def head(name: str, filename: str | None = None, content_type: str | None = None) -> PartHead:
    disposition = f'form-data; name="{name}"'
    if filename is not None:
        disposition += f'; filename="{filename}"'
    headers: tuple[tuple[str, str], ...] = (("Content-Disposition", disposition),)
    if content_type is not None:
        headers += (("Content-Type", content_type),)
    return PartHead(name=name, filename=filename, content_type=content_type, headers=headers)


EVENTS_OF_MIXED: list[MultipartEvent] = [
    head("text"),
    "grün".encode(),
    Mark.END_OF_PART,
    head("empty"),
    Mark.END_OF_PART,
    head("file", "a.bin", "image/png"),
    b"\r\n--Xb\r\n-\r",
    Mark.END_OF_PART,
    head("file", "", "application/octet-stream"),
    Mark.END_OF_PART,
    Mark.END_OF_FORM,
]


def test_a_small_form_in_one_piece() -> None:
    assert decode([SMALL]) == [head("a"), b"1", Mark.END_OF_PART, Mark.END_OF_FORM]


def test_a_form_in_one_piece() -> None:
    assert decode([MIXED]) == EVENTS_OF_MIXED


def test_a_form_byte_by_byte() -> None:
    assert decode(bytes([byte]) for byte in MIXED) == EVENTS_OF_MIXED


@pytest.mark.parametrize("preamble", [b"", b"\r\n", b"to be ignored\r\n"])
@pytest.mark.parametrize("epilogue", [b"", b"ignored, too"])
def test_a_form_cut_in_two_anywhere(preamble: bytes, epilogue: bytes) -> None:
    body = preamble + MIXED + epilogue
    for cut in range(1, len(body)):
        assert decode([body[:cut], body[cut:]]) == EVENTS_OF_MIXED, cut


def test_a_form_without_parts() -> None:
    assert decode([END]) == [Mark.END_OF_FORM]


def test_the_line_end_behind_the_last_boundary_may_be_missing() -> None:
    assert decode([MIXED.removesuffix(b"\r\n")]) == EVENTS_OF_MIXED


def test_every_beginning_of_a_form_is_malformed() -> None:
    for length in range(len(MIXED) - len(b"\r\n")):
        with pytest.raises(BadRequest, match="malformed"):
            decode([MIXED[:length]] if length else [])


@pytest.mark.parametrize(
    "body",
    [
        b"no boundary",
        MIXED.replace(b"XbX", b"XbY"),
        b"--XbX\r\nContent-Disposition: form-data; name=a\n\r\n1\r\n" + END,
        b"--XbX\r\n\r\n1\r\n" + END,
        b"--XbX\r\nContent-Disposition form-data; name=a\r\n\r\n1\r\n" + END,
        b"--XbX\r\nContent-Disposition: form-data; name=\xff\r\n\r\n1\r\n" + END,
        part(b"name=a", b"1", b"Content-Length: 5") + END,
    ],
)
def test_what_is_malformed_is_so_again_each_time(body: bytes) -> None:
    decoder = MultipartDecoder(BOUNDARY)
    decoder.receive_data(body)
    for _ in range(2):
        with pytest.raises(BadRequest, match="malformed"):
            while decoder.next_event() is not Mark.END_OF_FORM:
                decoder.receive_eof()


@pytest.mark.parametrize("size", [8_192, 8_193])
@pytest.mark.parametrize("piece", [100, 100_000])
def test_a_field_of_a_head_is_bounded(size: int, piece: int) -> None:
    line = b"X-Long: ".ljust(size, b"x")
    body = part(b"name=a", b"1", line) + END
    pieces = [body[at : at + piece] for at in range(0, len(body), piece)]
    if size == 8_192:
        assert Mark.END_OF_FORM in decode(pieces)
    else:
        with pytest.raises(BadRequest):
            decode(pieces)


@pytest.mark.parametrize("count", [7, 8])
def test_the_fields_of_a_head_are_counted(count: int) -> None:
    body = part(b"name=a", b"1", *itertools.repeat(b"X-A: b", count)) + END
    if count == 7:
        assert Mark.END_OF_FORM in decode([body])
    else:
        with pytest.raises(BadRequest):
            decode([body])


def test_an_endless_head_is_refused_before_it_ends() -> None:
    decoder = MultipartDecoder(BOUNDARY)
    decoder.receive_data(b"--XbX\r\nX-Long: ")
    taken = 0
    with pytest.raises(BadRequest):
        while decoder.next_event() is Mark.NEED_DATA:
            decoder.receive_data(b"x" * 1_000)
            taken += 1_000
    assert taken < 10_000


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    require_multipart()
    monkeypatch.setattr(multipart_decoder, "_multipart", None)
    with pytest.raises(RuntimeError, match=r"pip install 'tremolo-anyio\[forms\]'"):
        MultipartDecoder(BOUNDARY)
