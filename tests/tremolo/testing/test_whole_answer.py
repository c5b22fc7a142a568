import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tremolo.testing.response_reader import ResponseReader
from tremolo.testing.whole_answer import read_whole_answer
from tremolo_core import Data, EndOfMessage, Headers, Request, Response, Signal
from tremolo_core.h11_client import H11Client, HttpEvent

HELLO = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; a=b\r\nContent-Length: 5\r\n\r\nHello"


def test_one_and_what_stands_behind_it() -> None:
    answer = read_whole_answer(HELLO + b"HTTP/1.1 404 ")
    assert answer is not None
    head = Headers(((b"content-type", b"text/plain; a=b"), (b"content-length", b"5")))
    assert answer.events == (
        Response(status=200, headers=head, reason=b"OK"),
        Data(data=b"Hello"),
        EndOfMessage(),
    )
    assert answer.rest == b"HTTP/1.1 404 "


def test_one_without_a_body() -> None:
    answer = read_whole_answer(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    assert answer is not None
    assert [type(event) for event in answer.events] == [Response, EndOfMessage]


DOUBTFUL = [
    b"",
    HELLO[:-1],
    HELLO[:40],
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na",
    b"HTTP/1.1 200 OK\r\nContent-Length: 00\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n folded\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: \xe9\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: a\rb\r\n\r\n",
    b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
]


@pytest.mark.parametrize("data", DOUBTFUL)
def test_what_is_in_doubt_is_left_to_h11(data: bytes) -> None:
    assert read_whole_answer(data) is None


def read_by_h11(data: bytes) -> tuple[list[HttpEvent], bytes, bool]:
    parser = H11Client()
    parser.send(Request(method=b"GET", target=b"/", headers=Headers(((b"host", b"-"),))))
    parser.send(EndOfMessage())
    parser.receive_data(data)
    events: list[HttpEvent] = []
    while not events or not isinstance(events[-1], EndOfMessage):
        event = parser.next_event()
        assert not isinstance(event, Signal), "h11 sees no end"
        events.append(event)
    return events, parser.rest, parser.may_go_on


LINES = [
    *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 599 X-Y 'z'\r\n", b"HTTP/1.1 404  \r\n", b"\r\n", b" "),
    *(b"Content-Length: 3\r\n", b"content-LENGTH: 0\r\n", b"Content-Length:3\r\n", b"A: b c\r\n"),
    *(b"A:\r\n", b"A-1: \t\r\n", b"Connection: close\r\n", b"Upgrade: x\r\n", b"abc", b"\n", b"\0"),
]
PIECES = st.sampled_from(LINES)


@given(st.lists(PIECES, max_size=8).map(b"".join))
@example(HELLO)
@example(HELLO * 2)
def test_what_is_read_is_what_h11_reads(data: bytes) -> None:
    """h11 is the judge: all that is taken here, it takes too, and reads the same in it."""
    answer = read_whole_answer(data)
    if answer is not None:
        assert (list(answer.events), answer.rest, True) == read_by_h11(data)


@given(st.integers(min_value=0, max_value=len(HELLO) - 1), st.integers(0, 255))
def test_nor_does_a_byte_that_is_changed_make_a_difference(at: int, byte: int) -> None:
    data = HELLO[:at] + bytes([byte]) + HELLO[at + 1 :]
    answer = read_whole_answer(data)
    if answer is not None:
        assert (list(answer.events), answer.rest, True) == read_by_h11(data)


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_an_answer_to_head_is_none(method: str) -> None:
    reader = ResponseReader(method)
    reader.receive_data(HELLO)
    assert isinstance(reader.next_event(), Response)
    assert isinstance(reader.next_event(), EndOfMessage if method == "HEAD" else Data)
