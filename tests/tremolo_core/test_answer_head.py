"""The head of a final answer by itself, and what is kept of those that were judged."""

from collections.abc import Iterator

import pytest

from tremolo_core import Headers, LocalProtocolError, Response
from tremolo_core import answer_head as module
from tremolo_core.answer_head import AnswerHead, Framing, answer_head, lasting_head

Fields = tuple[tuple[bytes, bytes], ...]

LENGTH_5 = (b"content-length", b"5")
CHUNKED = (b"transfer-encoding", b"chunked")
CLOSE = (b"connection", b"close")


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[object, AnswerHead]:
    """What is kept of either kind, whose keys are different; nothing at first."""
    nothing: dict[object, AnswerHead] = {}
    monkeypatch.setattr(module, "_kept", nothing)
    monkeypatch.setattr(module, "_lasting", nothing)
    return nothing


def response(*fields: tuple[bytes, bytes], status: int = 200) -> Response:
    return Response(status=status, headers=Headers(fields))


def head(
    event: Response,
    *,
    http_version: bytes = b"1.1",
    keep_alive: bool = True,
    their_last: bool = False,
) -> AnswerHead:
    return answer_head(event, http_version, keep_alive=keep_alive, their_last=their_last)


ANSWERS: dict[str, tuple[Response, bytes, bool, bytes, Framing, int, bool]] = {
    "of known length": (
        *(response((b"X-Y", b" z "), LENGTH_5), b"1.1", True),
        b"HTTP/1.1 200 OK\r\nX-Y: z\r\nContent-Length: 5\r\n\r\n",
        *(Framing.LENGTH, 5, True),
    ),
    "of known length, with zeros before it": (
        *(response((b"Content-Length", b"005")), b"1.1", True),
        b"HTTP/1.1 200 OK\r\nContent-Length: 005\r\n\r\n",
        *(Framing.LENGTH, 5, True),
    ),
    "of unknown length": (
        *(response((b"x", b"y")), b"1.1", True),
        b"HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n",
        *(Framing.CHUNKED, 0, True),
    ),
    "that says itself that it is chunked": (
        *(response((b"TRANSFER-Encoding", b" CHUNKED"), (b"x", b"y")), b"1.1", True),
        b"HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n",
        *(Framing.CHUNKED, 0, True),
    ),
    "that says that it is the last": (
        *(response(LENGTH_5, (b"connection", b"keep-alive, Upgrade, CLOSE")), b"1.1", True),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n"
            b"Connection: upgrade\r\n\r\n"
        ),
        *(Framing.LENGTH, 5, False),
    ),
    "that is the last": (
        *(response(), b"1.1", False),
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
        *(Framing.CHUNKED, 0, False),
    ),
    "of unknown length, and not to be chunked": (
        *(response((b"Transfer-Encoding", b"Identity"), (b"x", b"y")), b"1.1", True),
        b"HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\n",
        *(Framing.CLOSE, 0, False),
    ),
    "without content, and not to be chunked": (
        *(response((b"transfer-encoding", b"identity"), status=204), b"1.1", True),
        b"HTTP/1.1 204 No Content\r\n\r\n",
        *(Framing.NONE, 0, True),
    ),
    "of unknown length, to HTTP/1.0": (
        *(response(CHUNKED), b"1.0", False),
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        *(Framing.CLOSE, 0, False),
    ),
    "of known length, to HTTP/1.0": (
        *(response(LENGTH_5), b"1.0", False),
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
        *(Framing.LENGTH, 5, False),
    ),
    "without content": (
        *(response(LENGTH_5, status=204), b"1.1", True),
        b"HTTP/1.1 204 No Content\r\n\r\n",
        *(Framing.NONE, 0, True),
    ),
    "not modified": (
        *(response(LENGTH_5, status=304), b"1.1", True),
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        *(Framing.NONE, 0, True),
    ),
    "with another phrase": (
        *(Response(status=299, headers=Headers((LENGTH_5,)), reason=b"Fine"), b"1.1", True),
        b"HTTP/1.1 299 Fine\r\nContent-Length: 5\r\n\r\n",
        *(Framing.LENGTH, 5, True),
    ),
}


@pytest.mark.parametrize(
    ("event", "http_version", "keep_alive", "raw", "framing", "length", "kept_alive"),
    ANSWERS.values(),
    ids=ANSWERS,
)
def test_an_answer(
    event: Response,
    http_version: bytes,
    keep_alive: bool,
    raw: bytes,
    framing: Framing,
    length: int,
    kept_alive: bool,
) -> None:
    for _ in range(2):
        made = head(event, http_version=http_version, keep_alive=keep_alive)
        assert made.raw == raw
        assert (made.framing, made.length, made.keep_alive) == (framing, length, kept_alive)
        assert made.response.status == event.status
        assert made.response.reason == raw.partition(b"\r\n")[0][13:]
        lines = raw.split(b"\r\n")[1:-2]
        assert [b"%b: %b" % (name.title(), value) for name, value in made.response.headers] == lines


BAD: dict[str, tuple[Response, str]] = {
    "an informational status": (response(status=199), "200 to 599, not 199"),
    "no status": (response(status=600), "200 to 599, not 600"),
    "two lengths": (response(LENGTH_5, LENGTH_5), "one number of bytes"),
    "no length": (response((b"content-length", b"-1")), "one number of bytes"),
    "another coding": (response((b"transfer-encoding", b"gzip")), "one chunked"),
    "two codings": (response(CHUNKED, CHUNKED), "one chunked"),
    "a length and a coding": (response(LENGTH_5, CHUNKED), "not both"),
    "a bad name": (response((b"a b", b"")), "is not a field name"),
    "a bad value": (response((b"a", b"b\r\nc: d")), "control byte"),
    "a bad phrase": (Response(status=200, reason=b"\n"), "control byte"),
}


@pytest.mark.parametrize(("event", "reason"), BAD.values(), ids=BAD)
def test_what_may_not_be_sent(event: Response, reason: str, kept: dict[object, AnswerHead]) -> None:
    for _ in range(2):
        with pytest.raises(LocalProtocolError, match=reason):
            head(event)
    assert not kept


def test_what_frames_comes_before_an_end_that_the_client_has_announced() -> None:
    made = head(response((b"x", b"y")), keep_alive=False, their_last=True)
    assert made.response.headers == ((b"x", b"y"), CHUNKED, CLOSE)
    assert not made.keep_alive
    made = head(response((b"x", b"y")), keep_alive=False)
    assert made.response.headers == ((b"x", b"y"), CLOSE, CHUNKED)
    assert not made.keep_alive


# What is kept.


def test_an_answer_like_another_is_not_judged_again() -> None:
    first = head(response((b"x", b"y")))
    assert head(response((b"x", b"y"))) is first


def different() -> Iterator[AnswerHead]:
    """Heads of which every two differ in one thing at least."""
    yield head(response((b"x", b"y")))
    yield head(response((b"x", b"z")))
    yield head(response((b"y", b"y")))
    yield head(response((b"x", b"y"), (b"x", b"y")))
    yield head(response((b"x", b"y"), status=201))
    yield head(Response(status=200, headers=Headers(((b"x", b"y"),)), reason=b"Fine"))
    yield head(response((b"x", b"y")), keep_alive=False)
    yield head(response((b"x", b"y")), keep_alive=False, their_last=True)
    yield head(response((b"x", b"y")), http_version=b"1.0", keep_alive=False, their_last=True)


def test_what_differs_in_anything_is_another_answer() -> None:
    assert len({made.raw for made in different()}) == 9
    first, again = [made.raw for made in different()], [made.raw for made in different()]
    assert first == again


def test_only_so_many_are_kept(kept: dict[object, AnswerHead]) -> None:
    for number in range(1_000):
        head(response((b"x", b"%d" % number)))
        assert len(kept) <= 256
    assert kept, "whatever was used lately"


@pytest.mark.parametrize("name", [b"authorization", b"Cookie", b"SET-COOKIE"])
def test_what_is_for_one_client_alone_is_not_kept(
    name: bytes, kept: dict[object, AnswerHead]
) -> None:
    made = head(response((b"x", b"y"), (name, b"secret"), LENGTH_5))
    assert b": secret\r\n" in made.raw
    assert not kept


def test_what_is_long_is_not_kept(kept: dict[object, AnswerHead]) -> None:
    around = len(head(response((b"x", b""), LENGTH_5)).raw)
    kept.clear()
    assert len(head(response((b"x", b"y" * (2_049 - around)), LENGTH_5)).raw) == 2_049
    assert not kept
    head(response((b"x", b"y" * (2_048 - around)), LENGTH_5))
    assert len(kept) == 1


def test_what_is_long_only_by_its_white_space_is_not_kept(kept: dict[object, AnswerHead]) -> None:
    head(response((b"x", b" " * 10_000), LENGTH_5))
    assert not kept


# The long way, which every answer goes that is a connection's last.


@pytest.mark.parametrize("keep_alive", [True, False])
def test_the_highest_status_and_one_beyond(*, keep_alive: bool) -> None:
    assert head(response(LENGTH_5, status=599), keep_alive=keep_alive).raw.startswith(
        b"HTTP/1.1 599 \r\n"
    )
    with pytest.raises(LocalProtocolError):
        head(response(LENGTH_5, status=600), keep_alive=keep_alive)


def test_an_older_client_gets_no_chunks_even_if_it_stays() -> None:
    made = head(response((b"x", b"y")), http_version=b"1.0")
    assert (made.framing, made.keep_alive) == (Framing.CLOSE, False)


def test_what_is_long_or_secret_is_not_kept_there_either(kept: dict[object, AnswerHead]) -> None:
    around = len(head(response((b"x", b""), LENGTH_5), keep_alive=False).raw)
    kept.clear()
    head(response((b"x", b"y" * (2_049 - around)), LENGTH_5), keep_alive=False)
    head(response((b"set-cookie", b"secret"), LENGTH_5), keep_alive=False)
    assert not kept
    head(response((b"x", b"y" * (2_048 - around)), LENGTH_5), keep_alive=False)
    assert len(kept) == 1


def test_where_another_request_may_follow_it_is_the_same_head() -> None:
    for event in (response(LENGTH_5), response(CHUNKED), response((b"x", b"y"))):
        for _ in range(2):
            assert lasting_head(event) == head(event)
    # What is of one client alone is not held until the next.
    event = response((b"set-cookie", b"secret"), LENGTH_5)
    assert lasting_head(event) == head(event)
    assert lasting_head(event) is not lasting_head(event)
