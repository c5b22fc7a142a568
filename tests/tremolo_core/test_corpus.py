"""The whole corpus: what is heard, and that no cut changes it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import for_each
from tremolo_core import ConnectionClosed, Limits

from .corpus import BAD, BREAKING_OFF, CHUNKED, FRAGMENTS, GET, GOOD, POST, Bad, Good
from .playing import Happening, Refused, cut, every_byte, play

pytestmark = pytest.mark.usefixtures("fast_path")

EXPECTED: dict[str, tuple[bytes, list[Happening]]] = {
    **{name: (good.raw, list(good.events)) for name, good in GOOD.items()},
    **{
        name: (bad.raw + GET, [*bad.events, Refused(status=bad.status)])
        for name, bad in BAD.items()
    },
}
SHORT = {name: raw for name, (raw, _) in EXPECTED.items() if len(raw) < 1_000}


@for_each("good", GOOD.values(), ids=GOOD)
def test_a_good_message_is_told_as_events(good: Good) -> None:
    assert play([good.raw]) == list(good.events)


@for_each("bad", BAD.values(), ids=BAD)
def test_a_bad_message_is_refused_whatever_follows(bad: Bad) -> None:
    expected = [*bad.events, Refused(status=bad.status)]
    for behind in (b"", GET, b"\r\n\r\n", b"\0" * 100):
        assert play([bad.raw + behind]) == expected


@pytest.mark.parametrize("raw", BREAKING_OFF.values(), ids=BREAKING_OFF)
def test_a_message_that_breaks_off_cannot_be_answered(raw: bytes) -> None:
    for pieces in ([raw], every_byte(raw)):
        assert play(pieces)[-1] == Refused(status=None)


@for_each("name", SHORT)
def test_a_cut_changes_nothing(name: str) -> None:
    raw, expected = EXPECTED[name]
    for at in range(1, len(raw)):
        assert play(cut(raw, at)) == expected, at
    assert play(every_byte(raw)) == expected


@for_each("name", [name for name, raw in SHORT.items() if b"xpect" not in raw])
def test_answering_early_changes_nothing_of_what_is_heard(name: str) -> None:
    # Where a client waits for 100, whether it goes on depends on what came first.
    raw, expected = EXPECTED[name]
    assert play([raw], early=True) == expected
    assert play(every_byte(raw), early=True) == expected


def test_eof_at_every_point_of_a_conversation() -> None:
    parts = (b"\r\n", POST + b"hello", CHUNKED + b"2\r\nab\r\n0\r\nX: y\r\n\r\n", GET)
    raw = b"".join(parts)
    ends = {0, *itertools.accumulate(map(len, parts))}
    for at in range(len(raw) + 1):
        last = ConnectionClosed() if at in ends else Refused(status=None)
        assert play([raw[:at]])[-1] == last, at
        assert play(every_byte(raw[:at])) == play([raw[:at]]), at


TIGHT = Limits(head=300, request_line=60, fields=5, trailers=64, chunk_line=16, body=100)

# Each is a list of positions as fractions of the whole, for want of knowing its length.
CUTS = st.lists(st.floats(min_value=0, max_value=1), max_size=6)


def pieces(raw: bytes, cuts: list[float]) -> list[bytes]:
    return cut(raw, *(int(at * len(raw)) for at in cuts))


@given(names=st.lists(st.sampled_from(sorted(SHORT)), max_size=4), cuts=CUTS)
def test_messages_behind_each_other_are_the_same_however_they_were_cut(
    names: list[str], cuts: list[float]
) -> None:
    raw = b"".join(EXPECTED[name][0] for name in names)
    heard = play([raw])
    assert play(pieces(raw, cuts)) == heard
    assert play(every_byte(raw)) == heard


@given(parts=st.lists(st.sampled_from(FRAGMENTS), max_size=9), cuts=CUTS)
def test_fragments_of_messages_are_the_same_however_they_were_cut(
    parts: list[bytes], cuts: list[float]
) -> None:
    # Anything but a RemoteProtocolError would come out of here.
    raw = b"".join(parts)
    heard = play([raw], limits=TIGHT)
    assert play(pieces(raw, cuts), limits=TIGHT) == heard
    assert play(every_byte(raw), limits=TIGHT) == heard


@given(before=st.sampled_from([b"", GET, GET[:-2], POST, CHUNKED]), garbage=st.binary(), cuts=CUTS)
def test_garbage_is_refused_and_nothing_worse(
    before: bytes, garbage: bytes, cuts: list[float]
) -> None:
    raw = before + garbage
    assert play(pieces(raw, cuts)) == play([raw])


@given(
    name=st.sampled_from(sorted(SHORT)),
    at=st.floats(min_value=0, max_value=1, exclude_max=True),
    byte=st.binary(min_size=1, max_size=1),
)
def test_one_wrong_byte_is_the_same_wrong_byte_however_it_came(
    name: str, at: float, byte: bytes
) -> None:
    raw = bytearray(EXPECTED[name][0])
    if raw:
        raw[int(at * len(raw))] = byte[0]
    assert play(every_byte(bytes(raw))) == play([bytes(raw)])
