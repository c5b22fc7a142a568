"""The gate by itself: where bodies end, the limits to the byte, and how much it looks at."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tremolo_core import Limits, RemoteProtocolError
from tremolo_core.gate import Gate, Passed

from .corpus import CHUNKED, GET
from .playing import Refused, cut, every_byte, play

BODY_OF_FIVE = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"


def gate(data: bytes = b"", *, limits: Limits | None = None) -> Gate:
    made = Gate(limits or Limits(), fast_path=True)
    made.feed(data)
    return made


def with_head(head: bytes, behind: bytes = b"", *, limits: Limits | None = None) -> Gate:
    made = gate(head + behind, limits=limits)
    assert made.head() is not None
    return made


def unread(made: Gate) -> int | None:
    # As a function, because what the type checker has seen of a property, it goes on believing.
    return made.unread


def bodies(made: Gate) -> list[bytes]:
    """All that comes out of a body."""
    return list(iter(made.body, None))


def pieces_of(made: Gate) -> list[tuple[bytes, Passed]]:
    """All that comes out of a body, with what it is."""
    return [(raw, made.passed) for raw in iter(made.body, None)]


# Where things end.


def test_nothing_has_come() -> None:
    made = gate()
    assert made.head() is None
    assert (made.buffered, made.unread) == (0, None)
    assert made.body() is None


def test_a_body_of_known_length() -> None:
    made = with_head(BODY_OF_FIVE, b"he")
    assert made.unread == 5
    assert made.body() == b"he"
    assert made.passed is Passed.CONTENT
    assert made.unread == 3
    assert made.body() is None
    made.feed(b"llo" + GET)
    assert made.body() == b"llo"
    assert made.unread == 0
    assert pieces_of(made) == [(b"", Passed.END)]
    assert made.unread == 0
    assert made.body() is None
    assert made.buffered == len(GET)


def test_a_piece_of_a_body_of_known_length_passes_as_it_is() -> None:
    made = with_head(BODY_OF_FIVE.replace(b"5", b"4000"))
    for piece in (b"x" * 2_500, b"y" * 1_500):
        made.feed(piece)
        assert made.buffered == len(piece)
        assert made.body() is piece
        assert made.buffered == 0
    assert pieces_of(made) == [(b"", Passed.END)]


def test_pieces_of_a_body_that_nobody_asked_for_come_together() -> None:
    made = with_head(BODY_OF_FIVE)
    for piece in (b"h", b"e", b"ll", b"o" + GET[:1]):
        made.feed(piece)
    assert made.buffered == 6
    assert made.body() == b"hello"
    made.feed(GET[1:])
    assert pieces_of(made) == [(b"", Passed.END)]
    assert made.buffered == len(GET)


def test_a_piece_that_reaches_into_the_next_message_is_cut() -> None:
    made = with_head(BODY_OF_FIVE)
    made.feed(b"hello" + GET[:-1])
    assert bodies(made) == [b"hello", b""]
    made.next_message()
    assert made.head() is None
    made.feed(GET[-1:])
    head = made.head()
    assert head is not None
    assert head.raw == GET


def test_a_piece_that_is_awaited_passes_by_itself() -> None:
    made = with_head(BODY_OF_FIVE)
    assert made.piece() is None
    made.feed(b"he")
    assert (made.piece(), made.piece(), made.unread) == (b"he", None, 3)
    made.feed(b"llo" + GET)
    assert (made.piece(), made.piece(), unread(made), made.buffered) == (b"llo", None, 0, len(GET))
    assert made.next_message() is True


def test_what_else_waits_is_no_piece() -> None:
    assert gate(GET).piece() is None
    made = with_head(CHUNKED, b"5\r\n")
    assert made.piece() is None
    assert made.body() == b"5\r\n"
    made.feed(b"hello")
    assert made.piece() is None
    made = with_head(BODY_OF_FIVE)
    made.feed(memoryview(b"he"))
    assert made.piece() is None


def test_a_piece_does_not_pass_a_limit_by_itself() -> None:
    for limit, piece in ((5, b"hello"), (4, None)):
        made = with_head(BODY_OF_FIVE, b"hello", limits=Limits(body=limit))
        assert made.piece() == piece
    with pytest.raises(RemoteProtocolError, match="more than 4 bytes"):
        made.body()


def test_a_piece_that_may_still_be_changed_is_copied() -> None:
    made = with_head(BODY_OF_FIVE)
    piece: Any = bytearray(b"hello")
    made.feed(piece)
    piece[:] = b"HELLO"
    assert bodies(made) == [b"hello", b""]


def test_a_piece_is_dropped_like_all_else() -> None:
    made = with_head(BODY_OF_FIVE)
    made.feed(b"he")
    made.discard()
    assert made.buffered == 0
    assert made.body() is None


def test_an_end_without_bytes_can_be_skipped_once_all_before_it_came_out() -> None:
    for made in (with_head(GET), with_head(BODY_OF_FIVE, b"hello")):
        for raw in iter(made.body, b""):
            assert raw == b"hello"
        assert not made.skip_end(), "it came out"
    made = with_head(GET, b"x")
    assert made.skip_end()
    assert not made.skip_end()
    assert made.body() is None
    assert made.unread == 0
    made = with_head(BODY_OF_FIVE, b"hel")
    assert not made.skip_end()
    assert made.body() == b"hel"
    assert not made.skip_end()
    made.feed(b"lo")
    assert made.body() == b"lo"
    assert made.skip_end()
    assert made.body() is None
    made = with_head(CHUNKED, b"0\r\n\r\n")
    assert not made.skip_end()
    assert made.body() == b"0\r\n"
    assert not made.skip_end()


def test_no_body() -> None:
    made = with_head(GET, b"x")
    assert made.unread == 0
    assert pieces_of(made) == [(b"", Passed.END)]
    assert made.unread == 0
    assert made.body() is None
    assert made.buffered == 1


def test_each_piece_of_a_body_says_what_it_is() -> None:
    made = with_head(CHUNKED, b"2\r\nab\r\n0\r\nX: y\r\n\r\n" + GET)
    assert pieces_of(made) == [
        (b"2\r\n", Passed.FRAMING),
        (b"ab", Passed.CONTENT),
        (b"\r\n", Passed.FRAMING),
        (b"0\r\n", Passed.FRAMING),
        (b"X: y\r\n\r\n", Passed.END),
    ]
    made = with_head(CHUNKED, b"0\r\n\r\n")
    assert pieces_of(made) == [(b"0\r\n", Passed.FRAMING), (b"\r\n", Passed.END)]
    made = with_head(BODY_OF_FIVE, b"hello")
    assert pieces_of(made) == [(b"hello", Passed.CONTENT), (b"", Passed.END)]


def test_a_chunked_body_comes_out_as_it_is() -> None:
    body = b"5;a=b\r\nhello\r\n00\r\nX: y\r\n\r\n"
    made = with_head(CHUNKED, body + GET)
    assert unread(made) is None
    assert bodies(made) == [b"5;a=b\r\n", b"hello", b"\r\n", b"00\r\n", b"X: y\r\n\r\n"]
    assert unread(made) == 0
    assert made.buffered == len(GET)


def test_a_line_end_comes_out_as_soon_as_it_is_there() -> None:
    made = with_head(CHUNKED, b"1\r\na\r\n")
    assert bodies(made) == [b"1\r\n", b"a", b"\r\n"]
    made.feed(b"0\r\n\r\n")
    assert bodies(made) == [b"0\r\n", b"\r\n"]
    assert made.buffered == 0


def test_a_chunk_comes_out_in_the_pieces_in_which_it_came() -> None:
    made = with_head(CHUNKED, b"5\r\nhe")
    assert bodies(made) == [b"5\r\n", b"he"]
    made.feed(b"l")
    assert bodies(made) == [b"l"]
    made.feed(b"lo\r")
    assert bodies(made) == [b"lo"]
    assert unread(made) is None
    made.feed(b"\n0\r\n\r")
    assert bodies(made) == [b"\r\n", b"0\r\n"]
    made.feed(b"\n")
    assert bodies(made) == [b"\r\n"]


@pytest.mark.parametrize("line", [b"x\r\n", b" 5\r\n", b"5\n", b"5;a\0b\r\n", b"\r\n", b"\n"])
def test_a_malformed_chunk_line(line: bytes) -> None:
    made = with_head(CHUNKED, line)
    with pytest.raises(RemoteProtocolError, match="malformed chunk line"):
        made.body()


@pytest.mark.parametrize("behind", [b"!", b"\n", b"\r!", b"0"])
def test_a_chunk_that_is_longer_than_it_said(behind: bytes) -> None:
    made = with_head(CHUNKED, b"5\r\nhello" + behind)
    assert [made.body(), made.body()] == [b"5\r\n", b"hello"]
    with pytest.raises(RemoteProtocolError, match="longer than its announced size"):
        made.body()


def test_the_next_message_begins_behind_this_one() -> None:
    made = with_head(BODY_OF_FIVE, b"hello" + GET)
    assert made.body() == b"hello"
    made.next_message()
    assert unread(made) is None
    assert made.body() is None
    head = made.head()
    assert head is not None
    assert head.raw == GET


def test_a_message_is_skipped_once_only_its_end_has_not_come_out() -> None:
    made = with_head(BODY_OF_FIVE, b"hello")
    assert made.next_message() is None, "its body has not come out"
    assert made.body() == b"hello"
    assert made.next_message() is False
    assert made.head() is None
    made = with_head(GET, GET)
    assert made.next_message() is True
    assert made.head() is not None
    assert made.body() == b""
    assert made.next_message() is False, "its end has come out"


# The limits. What is allowed comes through, and one byte more is refused, however it was cut.


def head_of(size: int) -> bytes:
    """A head of so many bytes."""
    start = b"GET / HTTP/1.1\r\nHost: a\r\nX: "
    return start + b"x" * (size - len(start) - 4) + b"\r\n\r\n"


def head_with(fields: int) -> bytes:
    """A head with so many fields."""
    return b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * (fields - 1) + b"\r\n"


def head_with_line(size: int) -> bytes:
    """A head with a request line of so many bytes, its line end not counted."""
    return b"GET /" + b"x" * (size - 14) + b" HTTP/1.1\r\nHost: a\r\n\r\n"


def chunk_line_of(size: int) -> bytes:
    """A chunked request whose first chunk line has so many bytes, with its line end."""
    return CHUNKED + b"1;" + b"x" * (size - 4) + b"\r\na\r\n0\r\n\r\n"


def trailers_of(size: int) -> bytes:
    """A chunked request whose trailers have so many bytes, with the empty line."""
    return CHUNKED + b"0\r\nX: " + b"x" * (size - 7) + b"\r\n\r\n"


def trailers_with(fields: int) -> bytes:
    """A chunked request with so many trailers."""
    return CHUNKED + b"0\r\n" + b"X: y\r\n" * fields + b"\r\n"


def body_of(size: int) -> bytes:
    """A request whose body has a length of so many bytes."""
    return b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size


def chunks_of(size: int) -> bytes:
    """A request whose body has so many bytes in chunks of three, and a rest."""
    whole, rest = divmod(size, 3)
    last = b"%x\r\n%b\r\n" % (rest, b"x" * rest) if rest else b""
    return CHUNKED + b"3\r\nabc\r\n" * whole + last + b"0\r\n\r\n"


LIMITED: dict[str, tuple[Callable[[int], bytes], int, Limits, int]] = {
    "request line": (head_with_line, 100, Limits(request_line=100), 414),
    "request line, of the least head": (
        head_with_line,
        100,
        Limits(request_line=100, head=114),
        414,
    ),
    "head": (head_of, 100, Limits(head=100), 431),
    "fields": (head_with, 7, Limits(fields=7), 431),
    "chunk line": (chunk_line_of, 40, Limits(chunk_line=40), 400),
    "trailers": (trailers_of, 50, Limits(trailers=50), 431),
    "fields of trailers": (trailers_with, 7, Limits(fields=7), 431),
    "body by its length": (body_of, 20, Limits(body=20), 413),
    "body in chunks": (chunks_of, 20, Limits(body=20), 413),
    "the default request line": (head_with_line, 8_190, Limits(), 414),
    "the default head": (head_of, 64 * 1024, Limits(), 431),
    "the default fields": (head_with, 128, Limits(), 431),
    "the default trailers": (trailers_of, 8 * 1024, Limits(), 431),
    "the default fields of trailers": (trailers_with, 128, Limits(), 431),
    "the default chunk line": (chunk_line_of, 256, Limits(), 400),
}
"""What makes a message of some size, the most that is allowed, and what more of it gets."""


@pytest.mark.usefixtures("fast_path")
@pytest.mark.parametrize(("make", "most", "limits", "status"), LIMITED.values(), ids=LIMITED)
def test_a_limit_is_exact_however_the_bytes_were_cut(
    make: Callable[[int], bytes], most: int, limits: Limits, status: int
) -> None:
    for size, accepted in ((most - 1, True), (most, True), (most + 1, False)):
        raw = make(size)
        for pieces in ([raw], every_byte(raw), cut(raw, *range(1000, len(raw), 1000))):
            heard = play(pieces, limits=limits)
            assert (heard[-1] != Refused(status=status)) is accepted
            assert accepted is not any(isinstance(happening, Refused) for happening in heard)


@pytest.mark.usefixtures("fast_path")
@pytest.mark.parametrize(("make", "most", "limits", "status"), LIMITED.values(), ids=LIMITED)
def test_far_beyond_a_limit_is_the_same_however_the_bytes_were_cut(
    make: Callable[[int], bytes], most: int, limits: Limits, status: int
) -> None:
    raw = make(3 * most)
    for pieces in ([raw], every_byte(raw), cut(raw, *range(1000, len(raw), 1000))):
        assert play(pieces, limits=limits)[-1] == Refused(status=status)


@pytest.mark.usefixtures("fast_path")
def test_30_kilobytes_of_head_get_the_same_answer_dribbled_or_at_once() -> None:
    raw = head_of(30_000)
    assert play([raw]) == play(every_byte(raw))
    assert not any(isinstance(happening, Refused) for happening in play([raw]))
    tight = Limits(head=20_000)
    assert play([raw], limits=tight) == play(every_byte(raw), limits=tight) == [Refused(status=431)]


def test_what_is_too_long_is_refused_before_it_ends() -> None:
    limits = Limits(request_line=100, head=200, trailers=50, chunk_line=40)
    for data, status in [
        (b"x" * 101, 414),
        (b"GET / HTTP/1.1\r\n" + b"x" * 184, 431),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 181, 431),
    ]:
        made = gate(data, limits=limits)
        with pytest.raises(RemoteProtocolError) as caught:
            made.head()
        assert caught.value.status == status
        assert gate(data[:-1], limits=limits).head() is None
    for data, status in [(b"1;" + b"x" * 38, 400), (b"0\r\nX: " + b"x" * 47, 431)]:
        made = with_head(CHUNKED, data, limits=limits)
        with pytest.raises(RemoteProtocolError) as caught:
            bodies(made)
        assert caught.value.status == status
        bodies(with_head(CHUNKED, data[:-1], limits=limits))


def test_a_body_is_refused_by_its_announcement() -> None:
    made = with_head(body_of(21), limits=Limits(body=20))
    with pytest.raises(RemoteProtocolError, match="more than 20 bytes"):
        made.body()
    made = with_head(CHUNKED, b"15\r\n", limits=Limits(body=20))
    with pytest.raises(RemoteProtocolError, match="more than 20 bytes"):
        made.body()


def test_another_body_limit_is_for_this_message_only() -> None:
    limits = Limits(body=20)
    for behind in (body_of(30), CHUNKED + b"1e\r\n"):
        made = with_head(body_of(30), behind, limits=limits)
        made.body_limit = 30
        assert made.body() == b"x" * 30
        made.next_message()
        assert made.head() is not None
        with pytest.raises(RemoteProtocolError, match="more than 20 bytes"):
            made.body()


@pytest.mark.parametrize("body_limit", [0, 4])
def test_a_body_limit_that_comes_late_still_counts(body_limit: int) -> None:
    made = with_head(CHUNKED, b"5\r\nhe")
    assert bodies(made) == [b"5\r\n", b"he"]
    made.body_limit = body_limit
    made.feed(b"llo")
    with pytest.raises(RemoteProtocolError) as caught:
        made.body()
    assert caught.value.status == 413


@pytest.mark.usefixtures("fast_path")
def test_the_body_of_the_next_message_is_counted_from_zero() -> None:
    two = chunks_of(20) + chunks_of(20)
    assert not any(isinstance(each, Refused) for each in play([two], limits=Limits(body=20)))


# How much it looks at.


class Counting(bytearray):
    """A buffer that counts the bytes of it that are searched or copied."""

    def __init__(self) -> None:
        super().__init__()
        self.examined = 0

    def find(self, sub: Any, start: Any = None, end: Any = None, /) -> int:
        found = super().find(sub, start, end)
        first, last, _ = slice(start, end).indices(len(self))
        self.examined += max(0, (last if found < 0 else found + len(sub)) - first)
        return found

    def startswith(self, prefix: Any, start: Any = None, end: Any = None, /) -> bool:
        self.examined += len(prefix)
        return super().startswith(prefix, start, end)

    def __getitem__(self, key: Any) -> Any:
        self.examined += len(range(*key.indices(len(self)))) if isinstance(key, slice) else 1
        return super().__getitem__(key)

    def __bytes__(self) -> bytes:
        self.examined += len(self)
        return bytes(memoryview(self))

    def _fail(self, *_: Any) -> Any:
        raise AssertionError("this way to search must be counted too")

    _uncounted: Any = _fail
    __contains__ = __iter__ = count = decode = endswith = index = partition = _uncounted
    rfind = rindex = rpartition = rsplit = split = splitlines = strip = lstrip = _uncounted


def examined(pieces: Iterable[bytes | memoryview], limits: Limits) -> int:
    """How many bytes a gate looks at, until all of a message has passed."""
    made = Gate(limits, fast_path=True)
    made._buffer = counting = Counting()
    begun = False
    for piece in pieces:
        made.feed(piece)
        if made._piece and not begun:
            # As bytes cannot count: it is searched for a head's end, and passed on as it is.
            counting.examined += len(bytes(piece).partition(b"\r\n\r\n")[0])
        begun = begun or made.head() is not None
        if begun:
            bodies(made)
    assert made._buffer is counting
    assert begun
    assert (made.unread, made.buffered) == (0, 0)
    return counting.examined


HUGE = 64 * 1024

WORK: dict[str, tuple[bytes, Limits]] = {
    "a head of one long field": (head_of(HUGE), Limits()),
    "a head of many fields": (head_with(HUGE // 6), Limits(fields=HUGE, head=2 * HUGE)),
    "a long request line": (head_with_line(HUGE), Limits(request_line=HUGE, head=2 * HUGE)),
    "a long chunk line": (chunk_line_of(HUGE), Limits(chunk_line=HUGE)),
    "many chunks": (chunks_of(HUGE * 3 // 8), Limits()),
    "trailers of one long field": (trailers_of(HUGE), Limits(trailers=HUGE)),
    "many trailers": (trailers_with(HUGE // 6), Limits(fields=HUGE, trailers=2 * HUGE)),
    "a body of known length": (body_of(HUGE), Limits()),
}


@pytest.mark.parametrize(("raw", "limits"), WORK.values(), ids=WORK)
def test_the_work_is_linear_however_the_bytes_were_cut(raw: bytes, limits: Limits) -> None:
    # As a view, for what comes as bytes is passed on without ever being in the buffer.
    at_once = examined([memoryview(raw)], limits)
    assert at_once <= 3 * len(raw) + 100
    assert examined([raw], limits) <= at_once
    assert examined(every_byte(raw), limits) <= 2 * at_once + 100
    assert examined(cut(raw, *range(0, len(raw), 1000)), limits) <= 2 * at_once + 100


def test_the_count_would_notice() -> None:
    counting = Counting()
    counting += b"a" * 100
    assert counting.find(b"b", 20) == -1
    assert counting.examined == 80
    assert counting.find(b"aa", 10, 50) == 10
    assert counting.examined == 82
    assert bytes(counting[90:]) == b"a" * 10
    assert counting.examined == 92
    assert bytes(counting) == b"a" * 100
    assert counting.examined == 192
    with pytest.raises(AssertionError, match="counted"):
        counting.index(b"a")
