"""h11 behind the seam: the same words, and nothing that has not passed the gate."""

from dataclasses import replace

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import for_each
from tremolo_core import (
    Connection,
    Data,
    EndOfMessage,
    Headers,
    InformationalResponse,
    Limits,
    RemoteProtocolError,
    Request,
    Response,
    Signal,
)
from tremolo_core.answer_head import AnswerHead, Framing
from tremolo_core.engine import OutgoingEvent
from tremolo_core.gate import Passed
from tremolo_core.h11_engine import H11Engine, _kept_response
from tremolo_core.head import Head, parse_head

from .corpus import BAD, CHUNKED, FRAGMENTS, GET, GOOD, POST, Bad, Good
from .framing import handshake
from .playing import every_byte, play

END = EndOfMessage()


def head_of(raw: bytes) -> Head:
    return parse_head(raw, Limits(head=1 << 21))


def write(made: H11Engine, event: OutgoingEvent) -> bytes:
    out = [b""]
    made.write([event], out)
    return b"".join(out)


def asked(raw: bytes = GET) -> H11Engine:
    """An engine that has read this head."""
    made = H11Engine()
    assert isinstance(made.read_head(head_of(raw)), Request)
    return made


# Reading.


def test_a_request_without_a_body() -> None:
    made = H11Engine()
    assert made.read_head(head_of(b"GET /a HTTP/1.0\r\nHost: a\r\nX-Y: Z\r\n\r\n")) == Request(
        method=b"GET",
        target=b"/a",
        headers=Headers(((b"host", b"a"), (b"x-y", b"Z"))),
        http_version=b"1.0",
    )
    assert made.read_body(b"", Passed.END) == END


def test_a_body_of_known_length() -> None:
    made = asked(POST)
    assert made.read_body(b"hel", Passed.CONTENT) == Data(data=b"hel")
    assert made.read_body(b"lo", Passed.CONTENT) == Data(data=b"lo")
    assert made.read_body(b"", Passed.END) == END


def test_a_chunked_body() -> None:
    made = asked(CHUNKED)
    pieces: list[tuple[bytes, Passed, Data | EndOfMessage | None]] = [
        (b"5;a=b\r\n", Passed.FRAMING, None),
        (b"hello", Passed.CONTENT, Data(data=b"hello")),
        (b"\r\n", Passed.FRAMING, None),
        (b"0\r\n", Passed.FRAMING, None),
        (b"X: y\r\n\r\n", Passed.END, EndOfMessage(trailers=Headers(((b"x", b"y"),)))),
    ]
    for raw, passed, event in pieces:
        assert made.read_body(raw, passed) == event


def test_what_is_read_is_made_of_bytes() -> None:
    # h11 reads from a bytearray, which neither hashes nor stays as it is.
    made = H11Engine()
    request = made.read_head(head_of(CHUNKED.replace(b"Host: a", b"Host: a\r\nX: y")))
    assert made.read_body(b"1\r\n", Passed.FRAMING) is None
    data = made.read_body(b"a", Passed.CONTENT)
    assert made.read_body(b"\r\n", Passed.FRAMING) is None
    assert made.read_body(b"0\r\n", Passed.FRAMING) is None
    end = made.read_body(b"X: y\r\n\r\n", Passed.END)
    assert len({hash(event) for event in (request, data, end)}) == 3
    assert isinstance(data, Data)
    assert isinstance(end, EndOfMessage)
    fields = (*request.headers, *end.trailers)
    parts = [request.method, request.target, request.http_version, data.data]
    assert {type(part) for part in (*parts, *(part for field in fields for part in field))} == {
        bytes
    }


def test_the_host_that_is_meant() -> None:
    request = H11Engine().read_head(head_of(b"GET http://b/ HTTP/1.1\r\nX: y\r\nHost: a\r\n\r\n"))
    assert request.target == b"http://b/"
    assert request.headers == ((b"host", b"b"), (b"x", b"y"))


def test_a_request_for_a_websocket_says_so() -> None:
    assert H11Engine().read_head(head_of(handshake())).upgrade == b"websocket"
    assert H11Engine().read_head(head_of(GET)).upgrade is None


def test_a_request_for_an_upgrade_is_a_request() -> None:
    made = asked(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n")
    assert made.read_body(b"", Passed.END) == END
    assert write(made, begun(Response(status=204))) == b"HTTP/1.1 204 \r\n\r\n"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"\0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ],
)
def test_what_h11_refuses_by_itself(raw: bytes, status: int) -> None:
    with pytest.raises(RemoteProtocolError, match="h11 refuses") as caught:
        H11Engine().read_head(replace(head_of(GET), raw=raw))
    assert caught.value.status == status
    assert isinstance(caught.value.__cause__, h11.RemoteProtocolError)


def test_what_h11_refuses_of_a_body() -> None:
    with pytest.raises(RemoteProtocolError, match="h11 refuses") as caught:
        asked(CHUNKED).read_body(b"x\r\n", Passed.FRAMING)
    assert caught.value.status == 400
    assert isinstance(caught.value.__cause__, h11.RemoteProtocolError)


def test_how_much_h11_holds_is_not_limited_by_h11() -> None:
    asked(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n")
    made = asked(CHUNKED)
    assert made.read_body(b"0\r\n", Passed.FRAMING) is None
    assert made.read_body(b"X: " + b"x" * 1_000_000, Passed.FRAMING) is None
    assert isinstance(made.read_body(b"\r\n\r\n", Passed.END), EndOfMessage)


# Writing.


def begun(response: Response, *, may_be_kept: bool = True) -> AnswerHead:
    """The head as it comes to an engine, of which h11 is to write what it says itself."""
    return AnswerHead(
        response=response,
        raw=b"not what h11 writes",
        framing=Framing.NONE,
        length=0,
        keep_alive=True,
        may_be_kept=may_be_kept,
    )


FIELDS = Headers(((b"content-type", b"text/plain"), (b"x-y", b"Z")))
LENGTH_5 = Headers(((b"content-length", b"5"),))
CHUNKS = Headers(((b"transfer-encoding", b"chunked"),))

ANSWERS: dict[str, tuple[list[OutgoingEvent], bytes]] = {
    "of known length": (
        [begun(Response(status=200, headers=LENGTH_5, reason=b"OK")), Data(data=b"hello"), END],
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ),
    "in chunks": (
        [
            begun(Response(status=200, headers=CHUNKS)),
            Data(data=b"hello"),
            Data(data=b"x" * 16),
            EndOfMessage(trailers=FIELDS),
        ],
        b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n10\r\n"
        + b"x" * 16
        + b"\r\n0\r\nContent-Type: text/plain\r\nX-Y: Z\r\n\r\n",
    ),
    "with another before it": (
        [
            InformationalResponse(status=103, headers=FIELDS, reason=b"Early Hints"),
            begun(Response(status=204, headers=FIELDS, reason=b"No Content")),
            END,
        ],
        (
            b"HTTP/1.1 103 Early Hints\r\nContent-Type: text/plain\r\nX-Y: Z\r\n\r\n"
            b"HTTP/1.1 204 No Content\r\nContent-Type: text/plain\r\nX-Y: Z\r\n\r\n"
        ),
    ),
}


@pytest.mark.parametrize(("events", "raw"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer(events: list[OutgoingEvent], raw: bytes) -> None:
    made = asked()
    assert b"".join(write(made, event) for event in events) == raw


@pytest.mark.parametrize(
    ("fields", "body"), [(LENGTH_5, b"hello"), (CHUNKS, b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")]
)
def test_a_whole_answer(fields: Headers, body: bytes) -> None:
    head = begun(Response(status=200, headers=fields, reason=b"OK"))
    raw = asked().whole(head, (b"hel", b"lo"))
    assert raw.startswith(b"HTTP/1.1 200 OK\r\n")
    assert raw.partition(b"\r\n\r\n")[2] == body


def test_chunks_one_by_one() -> None:
    made = asked()
    write(made, begun(Response(status=200, headers=CHUNKS)))
    assert b"".join(made.piece(b"xxxxx")) == b"5\r\nxxxxx\r\n"
    assert b"".join(made.piece(b"x" * 26)) == b"1a\r\n" + b"x" * 26 + b"\r\n"
    assert write(made, END) == b"0\r\n\r\n"


def test_a_body_that_ends_with_the_connection() -> None:
    made = asked()
    close = Headers(((b"connection", b"close"),))
    head = replace(begun(Response(status=200, headers=close, reason=b"OK")), framing=Framing.CLOSE)
    assert write(made, head) == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    assert write(made, Data(data=b"hello")) == b"hello"
    assert write(made, END) == b""


def test_h11_counts_what_is_written_elsewhere() -> None:
    made = asked()
    write(made, begun(Response(status=200, headers=LENGTH_5)))
    made.send_elsewhere(4)
    assert write(made, Data(data=b"o")) == b"o"
    assert write(made, END) == b""


def test_an_answer_before_any_request() -> None:
    made = H11Engine()
    close = Headers(((b"connection", b"close"),))
    raw = write(made, begun(Response(status=400, headers=close, reason=b"Bad Request")))
    assert raw == b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
    assert write(made, Data(data=b"no")) == b"no"
    assert write(made, END) == b""


# Everything h11 is given has passed the gate.


class Recording(h11.Connection):
    """An h11 that remembers what it was given, over all cycles."""

    given = bytearray()

    def receive_data(self, data: bytes) -> None:
        self.given.extend(data)
        super().receive_data(data)


@pytest.fixture
def given_to_h11(monkeypatch: pytest.MonkeyPatch) -> bytearray:
    monkeypatch.setattr(Recording, "given", bytearray())
    monkeypatch.setattr(h11, "Connection", Recording)
    return Recording.given


@pytest.mark.parametrize("good", GOOD.values(), ids=GOOD)
def test_of_a_good_message_h11_is_given_all(good: Good, given_to_h11: bytearray) -> None:
    for pieces in ([good.raw], every_byte(good.raw)):
        given_to_h11.clear()
        play(pieces, fast_path=False)
        assert given_to_h11 == good.passed


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_of_a_bad_message_h11_is_given_what_is_good(bad: Bad, given_to_h11: bytearray) -> None:
    for pieces in ([bad.raw + GET], every_byte(bad.raw + GET)):
        given_to_h11.clear()
        play(pieces, fast_path=False)
        assert given_to_h11 == bad.passed


def reason(raw: bytes) -> str | None:
    """Why the first message in `raw` is refused; None if it is not."""
    connection = Connection(fast_path=False)
    connection.receive_data(raw)
    try:
        while not isinstance(connection.next_event(), Signal | EndOfMessage):
            pass
    except RemoteProtocolError as error:
        return error.reason
    return None


@for_each("bad", BAD.values(), ids=BAD)
def test_what_is_refused_is_refused_by_the_gate(bad: Bad) -> None:
    why = reason(bad.raw)
    assert why is not None
    assert "h11" not in why


@given(parts=st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=3), max_size=9))
def test_what_has_passed_the_gate_h11_understands(parts: list[bytes]) -> None:
    assert "h11" not in (reason(b"".join(parts)) or "")


# What h11 0.16 lets through, so that the gate is needed. If h11 refuses one of
# these some day, its row may go; what we answer has its place in the corpus.

LET_THROUGH: dict[str, int] = {
    "a length and a coding": 400,
    "chunked in HTTP/1.0": 400,
    "a length twice": 400,
    "a list of one length": 400,
    "a folded line": 400,
    "a head of bare LFs": 400,
    "a bare LF behind the request line": 400,
    "a bare LF behind a field": 400,
    "a bare LF behind the trailers": 400,
    "a bare LF for no trailers": 400,
    "a bare CR in an extension": 400,
    "20,000 bytes of extension": 400,
    "the control byte 0x01 in a value": 400,
    "the control byte 0x1f in a value": 400,
    "the control byte 0x7f in a value": 400,
    "content-length among the trailers": 400,
    "HOST among the trailers": 400,
    "a target of only an authority": 400,
    "* with GET": 400,
    "a relative target": 400,
    "a fragment in the target": 400,
    "HTTP/2.0": 505,
    "the preface of HTTP/2": 505,
    "CONNECT": 501,
    "an empty Host": 400,
    "a Host with a path": 400,
    "a Host with a port of letters": 400,
    "a space behind a size": 400,
    "an expectation that nobody knows": 417,
}


@for_each(("name", "status"), LET_THROUGH.items(), ids=LET_THROUGH)
def test_what_h11_lets_through_the_gate_does_not(name: str, status: int) -> None:
    alone = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    alone.receive_data(BAD[name].raw)
    assert isinstance(alone.next_event(), h11.Request)
    while (event := alone.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
        assert isinstance(event, h11.Data | h11.EndOfMessage)
    assert BAD[name].status == status


def test_h11_would_take_any_number_of_fields() -> None:
    raw = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 5_000 + b"\r\n"
    alone = h11.Connection(h11.SERVER)
    alone.receive_data(raw)
    assert isinstance(alone.next_event(), h11.Request), "its limit depends on the cuts"
    assert reason(raw) == "more than 128 fields"


def test_h11_would_refuse_an_empty_line_before_a_request() -> None:
    alone = h11.Connection(h11.SERVER)
    alone.receive_data(b"\r\n" + GET)
    with pytest.raises(h11.RemoteProtocolError):
        alone.next_event()
    assert reason(b"\r\n" + GET) is None


def test_what_may_be_kept_is_judged_once_and_nothing_else_is_kept() -> None:
    response = Response(status=200, headers=Headers(((b"x-only-here", b"y"),)), reason=b"OK")
    for may_be_kept, more in [(False, 0), (True, 1), (True, 0), (False, 0)]:
        before = _kept_response.cache_info()
        out: list[bytes] = []
        asked().write([begun(response, may_be_kept=may_be_kept)], out)
        assert b"X-Only-Here: y\r\n" in b"".join(out)
        after = _kept_response.cache_info()
        assert after.misses - before.misses == more
        assert after.hits - before.hits == (may_be_kept and not more)
