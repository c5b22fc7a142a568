"""Heads at the gate: where they end, what is kept of them, and the short way to a request."""

import pytest

from tremolo_core import Limits, RemoteProtocolError, Request
from tremolo_core.fast_engine import FastEngine
from tremolo_core.head_gate import HeadGate
from tremolo_core.plain_fields import MOST_FIELDS, read_plainly

from .corpus import CHUNKED, GET

BODY_OF_FIVE = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"


def gate(data: bytes = b"", *, limits: Limits | None = None, fast_path: bool = True) -> HeadGate:
    made = HeadGate(limits or Limits(), fast_path=fast_path)
    if data:
        made.feed(data)
    return made


def with_head(head: bytes, behind: bytes = b"") -> HeadGate:
    made = gate(head + behind)
    assert made.head() is not None
    return made


def head_of(size: int) -> bytes:
    """A head of so many bytes."""
    start = b"GET / HTTP/1.1\r\nHost: a\r\nX: "
    return start + b"x" * (size - len(start) - 4) + b"\r\n\r\n"


def test_a_head_comes_out_when_it_is_complete() -> None:
    made = gate(GET[:-1])
    assert made.head() is None
    made.feed(GET[-1:] + b"more")
    head = made.head()
    assert head is not None
    assert head.raw == GET
    assert made.buffered == 4


def test_one_empty_line_before_a_request_is_dropped() -> None:
    made = gate(b"\r")
    assert made.head() is None
    made.feed(b"\n")
    assert made.head() is None
    assert made.buffered == 0
    made.feed(GET)
    head = made.head()
    assert head is not None
    assert head.raw == GET


@pytest.mark.parametrize(
    "pieces", [[b"\r\n\r\n" + GET], [b"\r\n", b"\r\n"], [b"\r\n", b"\r", b"\n"]]
)
def test_only_one(pieces: list[bytes]) -> None:
    made = gate()
    with pytest.raises(RemoteProtocolError, match="malformed request line"):
        for piece in pieces:
            made.feed(piece)
            made.head()


def test_one_before_each_request() -> None:
    made = with_head(b"\r\n" + GET, b"\r\n" + GET)
    made.next_message()
    assert made.head() is not None


@pytest.mark.parametrize(
    "line",
    [b"\n", b"hello\r\n", b"GET /\r\n", b"\x16\x03\x01\x02\r\n", b"GET / HTTP/1.1 \r\n"],
)
def test_a_malformed_request_line_is_refused_as_soon_as_it_ends(line: bytes) -> None:
    made = gate(line[:-1])
    assert made.head() is None
    made.feed(line[-1:])
    with pytest.raises(RemoteProtocolError, match="malformed request line"):
        made.head()


def test_a_bare_line_feed_is_refused_as_soon_as_it_comes() -> None:
    made = gate(b"GET / HTTP/1.1\r\nHost: a\r\nX: y")
    assert made.head() is None
    made.feed(b"\n")
    with pytest.raises(RemoteProtocolError, match="malformed field line"):
        made.head()


def test_a_head_like_the_last_is_found_out_once() -> None:
    made = gate(GET + GET)
    first = made.head()
    assert made._last is not None
    assert made._last[3] is not None, "by these the next is read"
    made.next_message()
    second = made.head()
    assert first is not None
    assert second == first
    assert second.headers is first.headers


@pytest.mark.parametrize("line", [b"Cookie: a", b"Authorization: a", b"Upgrade: h2c"])
def test_what_may_not_be_kept_is_found_out_again(line: bytes) -> None:
    made = gate(GET.replace(b"\r\n\r\n", b"\r\n%b\r\n\r\n" % line) * 2)
    first = made.head()
    assert made._last is None
    made.next_message()
    second = made.head()
    assert first is not None
    assert second == first
    assert second.headers is not first.headers


def test_the_last_head_can_be_forgotten() -> None:
    made = gate(GET + GET)
    first = made.head()
    made.next_message()
    made.forget()
    second = made.head()
    assert first is not None
    assert second == first
    assert second.headers is not first.headers


def test_what_waits_can_be_dropped() -> None:
    made = gate(b"abc")
    assert made.buffered == 3
    made.discard()
    assert made.buffered == 0


def test_a_request_line_that_could_just_end() -> None:
    limits = Limits(request_line=100)
    line = b"GET /" + b"x" * 86 + b" HTTP/1.1\r"
    made = gate(line, limits=limits)
    assert line.endswith(b"1.1\r")
    assert made.head() is None
    made.feed(b"\r")
    with pytest.raises(RemoteProtocolError) as caught:
        made.head()
    assert caught.value.status == 414


def test_the_last_meaning_can_be_forgotten() -> None:
    made = gate()
    before = made.meaning
    made.feed(GET.replace(b"Host", b"Connection: close\r\nHost"))
    assert made.head() is not None
    assert not made.meaning.keep_alive
    made.forget()
    assert made.meaning is before
    assert before.keep_alive


# The short way.


def state_of(made: HeadGate) -> dict[str, object]:
    """All but what is kept for the next head, and of that what the fields were."""
    state = {name: getattr(made, name) for name in HeadGate.__slots__ if name != "_names"}
    return state | {"_last": None if made._last is None else made._last[:3]}


OPENINGS = {
    "a head": GET,
    "and what is behind it": GET + GET[:7],
    "most of it": GET[:-1],
    "a body": BODY_OF_FIVE + b"he",
    "a body and more": BODY_OF_FIVE + b"hello" + GET,
    "chunks": CHUNKED + b"1\r\n",
    "a secret": GET.replace(b"Host", b"Cookie: a=b\r\nHost"),
    "another version": GET.replace(b"1.1", b"1.0"),
    "two empty lines": b"\r\n\r\n" + GET,
    "one": b"\r\n" + GET,
    "half of one": b"\r",
    "as long as it may be": head_of(100),
    "longer": head_of(101),
    "much longer, and more": head_of(300) + GET,
    "no request": b"hello\r\n\r\n",
    "nothing": b"",
}


def passed(data: bytes, limits: Limits) -> tuple[Request, HeadGate] | None:
    """What an engine makes of the first head in `data`, and how the gate stands behind it."""
    made = gate(data, limits=limits)
    try:
        head = made.head()
    except RemoteProtocolError:
        return None
    return None if head is None else (FastEngine().read_head(head), made)


@pytest.mark.parametrize("before", [b"", b"\r", b"\r\n", GET[:5], BODY_OF_FIVE[:-1]])
@pytest.mark.parametrize("data", OPENINGS.values(), ids=OPENINGS)
def test_a_head_by_itself_is_the_same_the_short_way(before: bytes, data: bytes) -> None:
    limits = Limits(head=100)
    made = gate(before, limits=limits)
    assert made.head() is None
    stood = state_of(made)
    request = made.read_plainly(data)
    if request is None:
        assert state_of(made) == stood
        return
    whole = passed(data, limits)
    assert whole is not None
    assert request == whole[0]
    assert state_of(made) == state_of(whole[1])


TAKEN = {
    "a head": GET,
    "and what is behind it": GET + GET[:7],
    "a body": BODY_OF_FIVE + b"hello" + GET,
    "a body to come": BODY_OF_FIVE,
    "a secret": GET.replace(b"Host", b"Cookie: a=b\r\nHost"),
    "an end": GET.replace(b"Host", b"Connection: close\r\nHost"),
    "as long as it may be": head_of(8_190),
}

LEFT = {
    "no end": GET[:-1],
    "longer": head_of(8_191),
    "an empty line": b"\r\n" + GET,
    "another version": GET.replace(b"1.1", b"1.0"),
    "another target": GET.replace(b" / ", b" http://a/ "),
    "a tunnel": GET.replace(b"GET /", b"CONNECT /"),
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "chunks": CHUNKED,
    "no request": b"hello\r\n\r\n",
}


@pytest.mark.parametrize("data", TAKEN.values(), ids=TAKEN)
def test_what_goes_the_short_way(data: bytes) -> None:
    made = gate()
    for _ in range(2):
        request = made.read_plainly(data)
        whole = passed(data, Limits())
        assert whole is not None
        assert request == whole[0]
        assert state_of(made) == state_of(whole[1])
        made.discard()
        made.next_message()


@pytest.mark.parametrize("data", LEFT.values(), ids=LEFT)
def test_what_goes_the_long_way(data: bytes) -> None:
    assert gate().read_plainly(data) is None


def test_what_waits_is_not_passed_over() -> None:
    assert gate(b"x").read_plainly(GET) is None
    made = gate(GET + GET[:5])
    made.head()
    made.next_message()
    assert made.read_plainly(GET) is None
    assert made.buffered == 5


@pytest.mark.parametrize(
    ("limits", "taken"),
    [
        (Limits(head=len(GET), request_line=len(GET)), True),
        (Limits(head=len(GET) - 1), False),
        (Limits(request_line=len(GET) - 1), False),
        (Limits(fields=MOST_FIELDS), True),
        (Limits(fields=MOST_FIELDS - 1), False),
    ],
)
def test_no_limit_can_be_passed_the_short_way(limits: Limits, taken: bool) -> None:
    assert (gate(limits=limits).read_plainly(GET) is not None) is taken


def test_without_the_fast_path_there_is_no_short_way() -> None:
    assert gate(fast_path=False).read_plainly(GET) is None


def test_fields_like_the_last_are_found_out_once_the_short_way_too() -> None:
    made = gate()
    requests = []
    for line in (b"GET / HTTP/1.1", b"PUT /x HTTP/1.1", b"GET / HTTP/1.1"):
        requests.append(made.read_plainly(GET.replace(b"GET / HTTP/1.1", line)))
        made.next_message()
    first, second, third = requests
    assert first is not None
    assert second is not None
    assert first == third
    assert (second.method, second.target) == (b"PUT", b"/x")
    assert second.headers is first.headers
    other = made.read_plainly(GET.replace(b"Host: a", b"Host: A"))
    assert other is not None
    assert other.headers == ((b"host", b"A"),)


EXPECTING = BODY_OF_FIVE.replace(b"Host", b"Expect: 100-continue\r\nHost")


@pytest.mark.parametrize("data", [EXPECTING, CHUNKED.replace(b"chunked", b"Chunked")])
def test_what_is_out_of_the_ordinary_goes_the_long_way_again_and_again(data: bytes) -> None:
    made = gate()
    for _ in range(2):
        assert made.read_plainly(data) is None
        made.feed(data)
        assert made.head() is not None
        made.next_message()


def test_chunks_like_those_before_go_the_short_way() -> None:
    made = with_head(CHUNKED)
    made.next_message()
    request = made.read_plainly(CHUNKED + b"1\r\n")
    whole = passed(CHUNKED + b"1\r\n", Limits())
    assert whole is not None
    assert request == whole[0]
    assert state_of(made) == state_of(whole[1])


def test_what_names_the_last_fields_had_is_remembered_until_all_is_forgotten() -> None:
    made = gate()
    for data in (GET, TAKEN["a secret"]):
        made.read_plainly(data)
        made.next_message()
        fields = read_plainly(data.partition(b"\r\n")[2], None)
        assert fields is not None
        assert made._names is fields[3] is not None
    made.forget()
    assert made._names is None


def test_what_may_not_be_kept_is_not_kept_the_short_way() -> None:
    made = gate()
    made.read_plainly(GET)
    assert made._last is not None
    made.next_message()
    made.read_plainly(TAKEN["a secret"])
    assert made._last is None
