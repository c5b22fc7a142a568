"""The short way to an answer's head: what it takes, what it declines, and that it is the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import for_each
from tremolo_core import Headers, LocalProtocolError, Response, plain_heads
from tremolo_core.answer_head import AnswerHead, _make, _make_plainly
from tremolo_core.plain_heads import PlainHead, write_plainly


def plain(*fields: tuple[bytes, bytes], status: int = 200, reason: bytes = b"") -> PlainHead | None:
    return write_plainly(Response(status=status, headers=Headers(fields), reason=reason))


def test_a_head_of_known_length() -> None:
    assert plain((b"x-y", b"a b"), (b"content-length", b"05"), (b"empty", b"")) == PlainHead(
        raw=b"HTTP/1.1 200 OK\r\nX-Y: a b\r\nContent-Length: 05\r\nEmpty: \r\n",
        length=5,
        may_be_kept=True,
    )


def test_a_head_of_unknown_length() -> None:
    assert plain(status=404) == PlainHead(
        raw=b"HTTP/1.1 404 Not Found\r\n", length=None, may_be_kept=True
    )


@pytest.mark.parametrize("name", [b"set-cookie", b"cookie", b"authorization"])
def test_secrets_are_noted(name: bytes) -> None:
    for _ in range(2):
        made = plain((b"a", b"b"), (name, b"secret"), (b"c", b"d"))
        assert made is not None
        assert not made.may_be_kept


DECLINED: dict[str, tuple[tuple[bytes, bytes], ...]] = {
    "a name in capitals": ((b"X", b"y"),),
    "a name that is no token": ((b"a b", b"y"),),
    "an empty name": ((b"", b"y"),),
    "a long name": ((b"x" * 65, b"y"),),
    "white space before a value": ((b"x", b" y"),),
    "white space behind a value": ((b"x", b"y\t"),),
    "only white space": ((b"x", b" "),),
    "a line end in a value": ((b"x", b"y\r\nset-cookie: z"),),
    "a line end that no line is missing for": ((b"x", b"y\r\nz: 1"), (b"a", b"b")),
    "a line feed": ((b"x", b"y\nz"),),
    "a carriage return": ((b"x", b"y\rz"),),
    "NUL": ((b"x", b"y\0"),),
    "two lengths": ((b"content-length", b"5"), (b"content-length", b"5")),
    "a length that is none": ((b"content-length", b"+5"),),
    "an empty length": ((b"content-length", b""),),
    "a long length": ((b"content-length", b"1" * 19),),
    "a coding": ((b"transfer-encoding", b"chunked"),),
    "what is said of the connection": ((b"connection", b"close"),),
    "a field that h11 puts first": ((b"x", b"y"), (b"host", b"z")),
}


@for_each("fields", DECLINED.values(), ids=DECLINED)
def test_what_is_declined(fields: tuple[tuple[bytes, bytes], ...]) -> None:
    assert plain(*fields) is None
    assert plain((b"x", b"y"), *fields) is None


@pytest.mark.parametrize("status", [100, 199, 204, 304, 299, 600, 0])
def test_which_status_is_declined(status: int) -> None:
    assert plain((b"x", b"y"), status=status) is None


def test_a_reason_is_declined() -> None:
    assert plain((b"x", b"y"), reason=b"Fine") is None


def test_a_long_length_that_still_counts() -> None:
    made = plain((b"content-length", b"9" * 18))
    assert made is not None
    assert made.length == 10**18 - 1


def test_only_so_many_names_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    names: dict[bytes, tuple[bytes, int]] = {}
    monkeypatch.setattr(plain_heads, "_names", names)
    for number in range(1_500):
        assert plain((b"x-%d" % number, b"y")) is not None
        assert len(names) <= 512
    before = len(names)
    assert plain((b"x" * 64, b"y")) is not None
    assert plain((b"x" * 65, b"y")) is None
    assert len(names) == before + 1


NAMES = st.sampled_from(
    (
        *(b"x", b"content-type", b"content-length", b"transfer-encoding", b"connection"),
        *(b"set-cookie", b"host", b"X-Y", b"a b", b"a:b", b""),
    )
)
VALUES = st.one_of(
    st.sampled_from([b"5", b"close", b"chunked", b"identity", b"a b", b"", b"a\r\nb: c", b"5 "]),
    st.binary(max_size=6),
)


def judged(event: Response) -> AnswerHead | None:
    """What the long way makes of it; None for what may not be sent."""
    try:
        return _make(event, b"1.1", keep_alive=True, their_last=False)
    except LocalProtocolError:
        return None


@given(
    st.lists(st.tuples(NAMES, VALUES), max_size=4),
    st.integers(198, 602) | st.sampled_from([200, 204, 304, 404]),
)
def test_it_is_as_the_long_way_makes_it(fields: list[tuple[bytes, bytes]], status: int) -> None:
    event = Response(status=status, headers=Headers(fields))
    made = _make_plainly(event)
    assert made is None or made == judged(event)
