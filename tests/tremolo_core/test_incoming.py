"""What there is to be read in a given state, apart from what follows from it."""

import pytest

from tremolo_core import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Headers,
    Limits,
    RemoteProtocolError,
    Request,
    State,
)
from tremolo_core.head import Head
from tremolo_core.incoming import Incoming

from .corpus import CHUNKED, GET

END = EndOfMessage()
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
EXPECTING = b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"


def incoming(data: bytes = b"", *, eof: bool = False) -> Incoming:
    made = Incoming(Limits())
    if data:
        made.receive_data(data)
    made.eof = eof
    return made


def asked(data: bytes, *, eof: bool = False) -> Incoming:
    """What is behind a head that has been read."""
    made = incoming(data, eof=eof)
    assert isinstance(made.next_event(State.IDLE), Request)
    return made


def withheld(made: Incoming) -> bool:
    # As a function, because what the type checker has seen of an attribute, it goes on believing.
    return made.withheld


def head_of(made: Incoming) -> Head | None:
    return made.head


def test_before_a_request() -> None:
    made = incoming(GET[:5])
    assert made.next_event(State.IDLE) is None
    assert head_of(made) is None
    made.receive_data(GET[5:] + b"more")
    request = made.next_event(State.IDLE)
    assert request == Request(method=b"GET", target=b"/", headers=Headers(((b"host", b"a"),)))
    assert made.head is not None
    assert made.head.raw == GET
    assert made.buffered == 4
    assert made.received == len(GET) + 4


def test_in_a_body() -> None:
    made = asked(POST + b"he")
    assert made.unread == 5
    assert made.next_event(State.SEND_BODY) == Data(data=b"he")
    assert made.unread == 3
    assert made.next_event(State.SEND_BODY) is None
    made.receive_data(b"llo")
    assert made.next_event(State.SEND_BODY) == Data(data=b"llo")
    assert made.next_event(State.SEND_BODY) == END


def test_no_event_tells_of_chunk_lines() -> None:
    made = asked(CHUNKED + b"5\r\n")
    assert made.next_event(State.SEND_BODY) is None
    assert (made.buffered, made.unread) == (0, None)
    made.receive_data(b"hello\r\n0\r\nX: y\r\n\r\n")
    assert made.next_event(State.SEND_BODY) == Data(data=b"hello")
    trailers = Headers(((b"x", b"y"),))
    assert made.next_event(State.SEND_BODY) == EndOfMessage(trailers=trailers)


def test_behind_a_message_nothing_is_read() -> None:
    made = asked(GET + GET)
    assert made.next_event(State.SEND_BODY) == END
    assert made.next_event(State.DONE) is None
    assert made.buffered == len(GET)
    made.next_cycle()
    assert isinstance(made.next_event(State.IDLE), Request)
    assert made.buffered == 0


@pytest.mark.parametrize("state", [State.MUST_CLOSE, State.CLOSED])
def test_behind_the_last_message_all_is_dropped(state: State) -> None:
    made = asked(GET + b"\0")
    assert made.next_event(State.SEND_BODY) == END
    assert made.next_event(state) is None
    assert made.buffered == 0


def test_what_waits_can_be_dropped() -> None:
    made = incoming(GET)
    made.discard()
    assert made.buffered == 0
    assert made.next_event(State.IDLE) is None


@pytest.mark.parametrize("state", [State.IDLE, State.DONE, State.MUST_CLOSE, State.CLOSED])
def test_the_end_behind_whole_messages(state: State) -> None:
    made = incoming(eof=True)
    assert made.next_event(state) == ConnectionClosed()
    assert made.next_event(state) == ConnectionClosed()


def test_the_end_behind_bytes_that_are_dropped() -> None:
    made = incoming(b"\0", eof=True)
    assert made.next_event(State.MUST_CLOSE) == ConnectionClosed()


def test_the_end_waits_behind_another_request() -> None:
    made = asked(GET + GET, eof=True)
    assert made.next_event(State.SEND_BODY) == END
    assert made.next_event(State.DONE) is None
    made.next_cycle()
    assert isinstance(made.next_event(State.IDLE), Request)
    assert made.next_event(State.SEND_BODY) == END
    assert made.next_event(State.DONE) == ConnectionClosed()


def test_the_end_in_a_head() -> None:
    with pytest.raises(RemoteProtocolError, match="in the middle of a head") as caught:
        incoming(b"G", eof=True).next_event(State.IDLE)
    assert caught.value.status is None


@pytest.mark.parametrize("raw", [POST, CHUNKED, CHUNKED + b"0\r\n"])
def test_the_end_in_a_body(raw: bytes) -> None:
    made = asked(raw, eof=True)
    with pytest.raises(RemoteProtocolError, match="in the middle of a body") as caught:
        made.next_event(State.SEND_BODY)
    assert caught.value.status is None


def test_what_came_before_the_end_comes_first() -> None:
    made = asked(POST + b"hel", eof=True)
    assert made.next_event(State.SEND_BODY) == Data(data=b"hel")
    with pytest.raises(RemoteProtocolError):
        made.next_event(State.SEND_BODY)


def test_what_is_wrong_comes_before_the_end() -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        incoming(b"\0\r\n\r\n", eof=True).next_event(State.IDLE)
    assert caught.value.status == 400


def test_a_limit_of_the_body() -> None:
    made = asked(POST)
    made.limit_body(4)
    with pytest.raises(RemoteProtocolError) as caught:
        made.next_event(State.SEND_BODY)
    assert caught.value.status == 413


@pytest.mark.parametrize(
    ("raw", "kept_back"),
    [
        (GET, False),
        (POST, False),
        (EXPECTING, True),
        (EXPECTING.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked"), True),
        (EXPECTING.replace(b"Length: 5", b"Length: 0"), False),
        (EXPECTING.replace(b"HTTP/1.1", b"HTTP/1.0"), False),
    ],
)
def test_a_body_that_is_kept_back(raw: bytes, kept_back: bool) -> None:
    made = asked(raw)
    assert withheld(made) is kept_back


def test_a_body_that_is_kept_back_no_longer() -> None:
    made = asked(EXPECTING)
    assert made.next_event(State.SEND_BODY) is None
    assert withheld(made)
    made.receive_data(b"h")
    made.next_event(State.SEND_BODY)
    assert not withheld(made)
    assert made.next_event(State.SEND_BODY) is None
    assert not withheld(made)


def test_the_host_that_is_meant() -> None:
    made = incoming(b"GET http://b/ HTTP/1.1\r\nX: y\r\nHost: a\r\n\r\n")
    request = made.next_event(State.IDLE)
    assert isinstance(request, Request)
    assert request.headers == ((b"host", b"b"), (b"x", b"y"))
    assert request.target == b"http://b/"


def test_the_version_that_is_meant() -> None:
    request = incoming(GET.replace(b"1.1", b"1.7")).next_event(State.IDLE)
    assert isinstance(request, Request)
    assert request.http_version == b"1.1"
