"""The fast engine by itself. That h11 would say the same is shown in `test_fast_path`."""

import pytest

from tremolo_core import (
    Data,
    EndOfMessage,
    Headers,
    InformationalResponse,
    Limits,
    Request,
    Response,
)
from tremolo_core.answer_head import answer_head
from tremolo_core.engine import OutgoingEvent
from tremolo_core.fast_engine import FastEngine
from tremolo_core.gate import Passed
from tremolo_core.head import Head, parse_head

from .corpus import CHUNKED, GET, POST
from .framing import handshake

END = EndOfMessage()


def head_of(raw: bytes) -> Head:
    return parse_head(raw, Limits())


def write(made: FastEngine, event: OutgoingEvent) -> bytes:
    out = [b""]
    made.write([event], out)
    return b"".join(out)


def asked(raw: bytes = GET) -> FastEngine:
    """An engine that has read this head."""
    made = FastEngine()
    made.read_head(head_of(raw))
    return made


# What it takes.

TAKEN = {
    "GET": GET,
    "a body": POST,
    "chunks": CHUNKED,
    "HTTP/1.2": GET.replace(b"1.1", b"1.2"),
    "HEAD": GET.replace(b"GET", b"HEAD"),
    "the server itself": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "the last": GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
    "who waits for a 100": POST.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"),
    "another upgrade": GET.replace(b"\r\n\r\n", b"\r\nUpgrade: h2c\r\n\r\n"),
}

LEFT = {
    "HTTP/1.0": GET.replace(b"1.1", b"1.0"),
    "an absolute target": GET.replace(b" / ", b" http://b/ "),
    "a handshake": handshake(),
    "a coding in capitals": CHUNKED.replace(b"chunked", b"Chunked"),
}


@pytest.mark.parametrize("raw", TAKEN.values(), ids=TAKEN)
def test_what_it_speaks(raw: bytes) -> None:
    assert head_of(raw).is_ordinary


@pytest.mark.parametrize("raw", LEFT.values(), ids=LEFT)
def test_what_it_leaves_to_h11(raw: bytes) -> None:
    assert not head_of(raw).is_ordinary


# Reading.


def test_a_head() -> None:
    head = head_of(b"GET /a?b HTTP/1.1\r\nHOST: a\r\nX-Y:  Z \r\n\r\n")
    request = FastEngine().read_head(head)
    assert request == Request(
        method=b"GET", target=b"/a?b", headers=Headers(((b"host", b"a"), (b"x-y", b"Z")))
    )
    assert request.headers is head.headers


def test_a_body_of_known_length() -> None:
    made = asked(POST)
    assert made.read_body(b"hel", Passed.CONTENT) == Data(data=b"hel")
    assert made.read_body(b"lo", Passed.CONTENT) == Data(data=b"lo")
    assert made.read_body(b"", Passed.END) == END


def test_a_chunked_body() -> None:
    made = asked(CHUNKED)
    assert made.read_body(b"5;a=b\r\n", Passed.FRAMING) is None
    assert made.read_body(b"0\r\nhe", Passed.CONTENT) == Data(data=b"0\r\nhe")
    assert made.read_body(b"\r\n", Passed.FRAMING) is None
    assert made.read_body(b"0\r\n", Passed.FRAMING) is None
    assert made.read_body(b"\r\n", Passed.END) == END


def test_trailers() -> None:
    end = asked(CHUNKED).read_body(b"X-Sum: \t1 2\t \r\nx:\r\nX: \xe9\r\n\r\n", Passed.END)
    assert end == EndOfMessage(trailers=Headers(((b"x-sum", b"1 2"), (b"x", b""), (b"x", b"\xe9"))))
    assert isinstance(end.trailers, Headers)


# Writing.

LENGTH_5 = Headers(((b"content-length", b"5"),))
FIELDS = Headers(((b"content-type", b"text/plain"), (b"host", b"a")))


def begun(response: Response, http_version: bytes = b"1.1") -> OutgoingEvent:
    old = http_version == b"1.0"
    return answer_head(response, http_version, keep_alive=not old, their_last=old)


ANSWERS: dict[str, tuple[list[OutgoingEvent], list[bytes]]] = {
    "of known length": (
        [begun(Response(status=200, headers=LENGTH_5)), Data(data=b"hello"), END],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"hello", b""],
    ),
    "in chunks": (
        [
            begun(Response(status=200)),
            Data(data=b"hello"),
            Data(data=b"x" * 26),
            EndOfMessage(trailers=FIELDS),
        ],
        [
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"5\r\nhello\r\n",
            b"1a\r\n" + b"x" * 26 + b"\r\n",
            b"0\r\nHost: a\r\nContent-Type: text/plain\r\n\r\n",
        ],
    ),
    "in chunks, without trailers": (
        [begun(Response(status=200)), END],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0\r\n\r\n"],
    ),
    "until the end": (
        [begun(Response(status=400), b"1.0"), Data(data=b"hello"), END],
        [b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", b"hello", b""],
    ),
    "with another before it": (
        [
            InformationalResponse(status=103, headers=FIELDS, reason=b"Early Hints"),
            begun(Response(status=204)),
            END,
        ],
        [
            b"HTTP/1.1 103 Early Hints\r\nHost: a\r\nContent-Type: text/plain\r\n\r\n",
            b"HTTP/1.1 204 No Content\r\n\r\n",
            b"",
        ],
    ),
}


@pytest.mark.parametrize(("events", "raw"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer(events: list[OutgoingEvent], raw: list[bytes]) -> None:
    made = asked()
    assert [write(made, event) for event in events] == raw


@pytest.mark.parametrize(
    ("fields", "body"), [(LENGTH_5, b"hello"), (Headers(), b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")]
)
def test_a_whole_answer(fields: Headers, body: bytes) -> None:
    head = answer_head(
        Response(status=200, headers=fields), b"1.1", keep_alive=True, their_last=False
    )
    assert asked().whole(head, (b"hel", b"lo")) == head.raw + body


@pytest.mark.parametrize("raw", [GET, POST])
def test_the_next_answer_is_framed_by_itself(raw: bytes) -> None:
    made = FastEngine()
    for events, written in ANSWERS.values():
        made.read_head(head_of(raw))
        assert [write(made, event) for event in events] == written


def test_an_answer_before_any_request() -> None:
    made = FastEngine()
    events, raw = ANSWERS["until the end"]
    assert [write(made, event) for event in events] == raw


def test_chunks_one_by_one() -> None:
    made = asked()
    write(made, begun(Response(status=200)))
    assert [b"".join(made.piece(b"x" * size)) for size in (5, 5, 26, 5, 65_536)] == [
        *(b"5\r\nxxxxx\r\n", b"5\r\nxxxxx\r\n", b"1a\r\n" + b"x" * 26 + b"\r\n"),
        *(b"5\r\nxxxxx\r\n", b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
    ]


@pytest.mark.parametrize("fields", [Headers(), LENGTH_5], ids=["in chunks", "of known length"])
def test_a_piece_is_not_copied(fields: Headers) -> None:
    made = asked()
    write(made, begun(Response(status=200, headers=fields)))
    data = b"hello"
    assert any(part is data for part in made.piece(data))
    assert len(made.piece(data)) == (1 if fields else 3)
