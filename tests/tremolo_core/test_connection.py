"""The whole connection, as a driver sees it: bytes in, events out; events in, bytes out."""

import gc
import itertools
import re
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import get_args

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import for_each
from tremolo_core import (
    AcceptWebSocket,
    BytesMessage,
    CloseWebSocket,
    Closing,
    Connection,
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    Headers,
    InformationalResponse,
    Limits,
    LocalProtocolError,
    Ping,
    Pong,
    RemoteProtocolError,
    Request,
    Response,
    Signal,
    State,
    TextMessage,
    Timeouts,
)

from .corpus import BAD, BREAKING_OFF, GET, Bad
from .framing import handshake
from .playing import NO_CONTENT
from .scenes import (
    CHUNKED,
    CONTINUE,
    END,
    EXPECTING,
    EXPECTING_CHUNKS,
    HEAD,
    HINTS,
    LAST_GET,
    OLD_GET,
    POST,
    answered,
    asked,
    asked_whole,
    begun,
    closing,
    connection,
    left,
    of_length,
    pair,
    ready_again,
    response,
    sent,
)

pytestmark = pytest.mark.usefixtures("fast_path")


def refused(made: Connection) -> RemoteProtocolError:
    with pytest.raises(RemoteProtocolError) as caught:
        made.next_event()
    return caught.value


def awaits(made: Connection) -> bool:
    return made.they_await_continue


def in_chunks(made: Connection) -> bool:
    return made.sends_chunks


def refusal(made: Connection) -> RemoteProtocolError | None:
    return made.refusal


def understood(raw: bytes, *, method: str = "GET", closed: bool = False) -> list[h11.Event]:
    """What a client reads in `raw` that has asked for something, up to the end of the answer."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
    client.send(h11.EndOfMessage())
    client.receive_data(raw)
    if closed:
        client.receive_data(b"")
    events: list[h11.Event] = []
    while not (events and isinstance(events[-1], h11.EndOfMessage)):
        event = client.next_event()
        assert not isinstance(event, type), f"{event} behind {events}"
        events.append(event)
    assert client.trailing_data[0] == b"", "nothing stands behind the answer"
    return events


def body_of(events: list[h11.Event]) -> bytes:
    return b"".join(bytes(event.data) for event in events if isinstance(event, h11.Data))


# A refusal.


@for_each("bad", BAD.values(), ids=BAD)
def test_a_refusal_is_answered_and_ends_the_connection(bad: Bad) -> None:
    made = connection(bad.raw + GET)
    for _ in bad.events:
        made.next_event()
    error = refused(made)
    assert (error.status, error.close_code if hasattr(error, "close_code") else None) == (
        bad.status,
        None,
    )
    assert closing(made) is Closing.NO, "the answer is still to be written"
    answer = made.data_to_send()
    head, *body, end = understood(answer)
    assert isinstance(head, h11.Response)
    assert head.status_code == bad.status
    assert (b"connection", b"close") in head.headers
    assert (b"content-type", b"text/plain; charset=utf-8") in head.headers
    assert body_of(body) == f"{bad.status} {error.reason}\n".encode("ascii")
    assert isinstance(end, h11.EndOfMessage)
    assert closing(made) is Closing.LINGER
    assert pair(made) == (State.ERROR, State.MUST_CLOSE)
    # What follows is not even kept, let alone read.
    made.receive_data(GET)
    assert refused(made) is error
    assert made.buffered == 0
    assert made.data_to_send() == b""
    made.receive_eof()
    assert refused(made) is error
    assert closing(made) is Closing.NOW


def test_a_refusal_does_not_repeat_what_the_peer_said() -> None:
    for raw in (
        b"SECRET(/ HTTP/1.1\r\n\r\n",
        b"GET SECRET HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /SECRET HTTP/2.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: SECRET/\r\n\r\n",
        b"GET / HTTP/1.1\r\nSECRET : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: SECRET\0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nExpect: SECRET\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: SECRET\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: SECRET\r\n\r\n",
        CHUNKED + b"SECRET\r\n",
        CHUNKED + b"0\r\nSECRET : a\r\n\r\n",
    ):
        made = connection(raw)
        if raw.startswith(CHUNKED):
            made.next_event()
        error = refused(made)
        assert "SECRET" not in f"{error} {error.reason} {error.__cause__}"
        assert b"SECRET" not in made.data_to_send()


def test_the_same_error_each_time() -> None:
    made = connection(b"\0\r\n\r\n")
    error = refused(made)
    lengths = set()
    for _ in range(3):
        assert refused(made) is error
        traceback, length = error.__traceback__, 0
        while traceback is not None:
            traceback, length = traceback.tb_next, length + 1
        lengths.add(length)
    assert len(lengths) == 1, "nothing piles up"


def test_the_answer_to_a_refusal_can_be_replaced() -> None:
    made = connection(b"\0\r\n\r\n")
    error = refused(made)
    assert refusal(made) is error
    answer = sent(made, of_length(6), Data(data=b"Nope!\n"), END)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body_of(understood(answer)) == b"Nope!\n"
    assert b"Connection: close\r\n" in answer
    assert refusal(made) is None
    assert made.data_to_send() == b""
    assert closing(made) is Closing.LINGER


def test_the_answer_to_a_refusal_can_be_replaced_in_parts() -> None:
    made = connection(b"\0\r\n\r\n")
    refused(made)
    assert sent(made, response(status=400)).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert refusal(made) is None
    assert closing(made) is Closing.NO
    assert sent(made, Data(data=b"no")) == b"no"
    assert sent(made, END) == b""
    assert closing(made) is Closing.LINGER


def test_a_replacement_that_is_not_allowed_replaces_nothing() -> None:
    made = connection(b"\0\r\n\r\n")
    error = refused(made)
    with pytest.raises(LocalProtocolError):
        made.send(response((b"x", b"\0")))
    assert refusal(made) is error
    assert made.data_to_send().startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_a_refusal_behind_interim_answers() -> None:
    made = asked(CHUNKED + b"x\r\n")
    made.send(HINTS)
    refused(made)
    made.send(HINTS)
    raw = made.data_to_send()
    assert raw.count(b"HTTP/1.1 103 Early Hints\r\n") == 2
    assert b"HTTP/1.1 400 Bad Request\r\n" in raw


def test_a_refusal_of_what_is_behind_an_answer_that_has_begun() -> None:
    made = asked(CHUNKED + b"x\r\n")
    made.send(response(), Data(data=b"a"))
    refused(made)
    assert refusal(made) is None
    assert closing(made) is Closing.NO
    raw = made.data_to_send() + sent(made, Data(data=b"b"), END)
    assert body_of(understood(raw)) == b"ab"
    assert pair(made) == (State.ERROR, State.MUST_CLOSE)
    assert closing(made) is Closing.LINGER


def test_a_refusal_behind_a_complete_answer() -> None:
    made = asked(CHUNKED + b"x\r\n")
    made.send(*NO_CONTENT)
    refused(made)
    assert refusal(made) is None
    assert closing(made) is Closing.LINGER


def test_leaving_in_place_of_an_answer_to_a_refusal() -> None:
    made = connection(b"\0\r\n\r\n")
    refused(made)
    assert sent(made, ConnectionClosed()) == b""
    assert refusal(made) is None
    assert closing(made) is Closing.LINGER


def test_a_refusal_in_a_later_cycle() -> None:
    made = ready_again()
    made.receive_data(b"GET /\r\n\r\n")
    refused(made)
    assert made.data_to_send().startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert closing(made) is Closing.LINGER


def test_a_peer_that_left_gets_no_answer() -> None:
    for raw in BREAKING_OFF.values():
        made = left(connection(raw))
        with pytest.raises(RemoteProtocolError) as caught:
            while True:
                event = made.next_event()
                if event == END:
                    made.send(*NO_CONTENT)
                    made.start_next_cycle()
        made_before = made.data_to_send()
        assert caught.value.status is None
        assert made_before in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        assert refusal(made) is None
        assert closing(made) is Closing.NOW


# Reading.


def test_nothing_is_known_before_anything_has_come() -> None:
    made = connection()
    assert made.next_event() is Signal.NEED_DATA
    assert pair(made) == (State.IDLE, State.IDLE)
    assert closing(made) is Closing.NO
    assert made.data_to_send() == b""


def test_a_request_and_its_end() -> None:
    made = connection(GET)
    assert made.next_event() == Request(
        method=b"GET", target=b"/", headers=Headers(((b"host", b"a"),))
    )
    assert pair(made) == (State.SEND_BODY, State.SEND_RESPONSE)
    assert made.next_event() == END
    assert pair(made) == (State.DONE, State.SEND_RESPONSE)
    assert made.next_event() is Signal.NEED_DATA


def test_a_second_request_waits_behind_the_first() -> None:
    made = asked_whole(GET + GET)
    assert made.next_event() is Signal.PAUSED
    assert made.next_event() is Signal.PAUSED
    assert made.buffered == len(GET)
    made.send(*NO_CONTENT)
    assert made.next_event() is Signal.PAUSED
    made.start_next_cycle()
    assert isinstance(made.next_event(), Request)
    assert made.buffered == 0


def test_a_second_request_waits_even_if_the_peer_has_left() -> None:
    made = left(asked_whole(GET + GET))
    assert made.next_event() is Signal.PAUSED
    made.send(*NO_CONTENT)
    made.start_next_cycle()
    assert isinstance(made.next_event(), Request)
    assert made.next_event() == END
    assert made.next_event() == ConnectionClosed()


def test_pipelined_requests_are_answered_in_order() -> None:
    made = connection(b"".join(GET.replace(b" / ", b" /%d " % number) for number in range(5)))
    for number in range(5):
        request = made.next_event()
        assert isinstance(request, Request)
        assert request.target == b"/%d" % number
        assert made.next_event() == END
        body = b"%d" % number
        assert sent(made, of_length(1), Data(data=body), END).endswith(b"\r\n\r\n" + body)
        assert closing(made) is Closing.NO
        made.start_next_cycle()
    assert made.next_event() is Signal.NEED_DATA


def test_a_peer_that_leaves_is_heard_of_again_and_again() -> None:
    made = left(connection())
    assert made.next_event() == ConnectionClosed()
    assert made.next_event() == ConnectionClosed()
    assert pair(made) == (State.CLOSED, State.MUST_CLOSE)


def test_what_follows_the_last_request_is_dropped() -> None:
    made = asked_whole(LAST_GET + GET)
    assert made.next_event() is Signal.NEED_DATA
    assert made.buffered == 0
    made.receive_data(b"\0")
    assert made.next_event() is Signal.NEED_DATA
    made.receive_eof()
    assert made.next_event() == ConnectionClosed()
    made.receive_data(b"\0")
    assert made.next_event() == ConnectionClosed()


# Limits of a body.


@pytest.mark.parametrize("body", [b"hello", b""])
def test_a_body_beyond_its_limit_is_refused_at_its_head(body: bytes) -> None:
    made = asked(POST + body, limits=Limits(body=4))
    assert refused(made).status == 413
    assert made.data_to_send().startswith(b"HTTP/1.1 413 Content Too Large\r\n")
    assert closing(made) is Closing.LINGER


def test_a_chunked_body_beyond_its_limit_is_refused_where_it_begins_to_be() -> None:
    made = asked(CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n", limits=Limits(body=4))
    assert made.next_event() == Data(data=b"abc")
    assert refused(made).status == 413


def test_another_limit_for_this_request() -> None:
    made = asked(POST + b"hello", limits=Limits(body=4))
    made.limit_body(5)
    assert made.next_event() == Data(data=b"hello")
    assert made.next_event() == END


def test_no_limit_for_this_request() -> None:
    made = asked(POST + b"hello", limits=Limits(body=4))
    made.limit_body(None)
    assert made.next_event() == Data(data=b"hello")


@pytest.mark.parametrize("raw", [POST + b"hello", CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"])
def test_a_limit_where_there_was_none(raw: bytes) -> None:
    made = asked(raw)
    made.limit_body(4)
    assert refused(made).status == 413


def test_a_limit_for_one_request_is_not_for_the_next() -> None:
    made = asked(POST + b"hello" + POST + b"hello", limits=Limits(body=4))
    made.limit_body(5)
    made.next_event()
    made.next_event()
    made.send(*NO_CONTENT)
    made.start_next_cycle()
    made.next_event()
    assert refused(made).status == 413


def test_a_limit_comes_before_100() -> None:
    made = asked(EXPECTING)
    assert awaits(made)
    made.limit_body(4)
    assert refused(made).status == 413
    assert not awaits(made)
    assert made.data_to_send().startswith(b"HTTP/1.1 413 Content Too Large\r\n")


def test_a_body_that_is_too_long_may_be_answered_without_reading_it() -> None:
    made = asked(POST, limits=Limits(body=4))
    raw = sent(made, *NO_CONTENT)
    assert b"Connection: close" not in raw
    assert refused(made).status == 413
    assert refusal(made) is None
    assert closing(made) is Closing.LINGER


# 100 Continue.


@pytest.mark.parametrize("raw", [EXPECTING, EXPECTING_CHUNKS])
def test_a_client_that_waits_for_100(raw: bytes) -> None:
    made = connection(raw)
    assert not awaits(made)
    made.next_event()
    assert awaits(made)
    assert made.next_event() is Signal.NEED_DATA
    assert awaits(made)
    assert sent(made, CONTINUE) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert not awaits(made)
    made.receive_data(b"hello" if raw == EXPECTING else b"5\r\nhello\r\n0\r\n\r\n")
    assert made.next_event() == Data(data=b"hello")
    assert made.next_event() == END
    raw = sent(made, *NO_CONTENT)
    assert b"Connection: close" not in raw
    made.start_next_cycle()
    assert not awaits(made)


def test_hints_are_no_100() -> None:
    made = asked(EXPECTING)
    assert sent(made, HINTS) == b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    assert awaits(made)
    made.send(HINTS, CONTINUE, HINTS)
    assert not awaits(made)
    assert re.findall(rb"HTTP/1.1 (\d+)", made.data_to_send()) == [b"103", b"100", b"103"]


def test_a_100_that_cannot_be_sent_was_not_sent() -> None:
    made = asked(EXPECTING)
    with pytest.raises(LocalProtocolError):
        made.send(CONTINUE, END)
    assert awaits(made)


@pytest.mark.parametrize(("raw", "begun"), [(EXPECTING, b"h"), (EXPECTING_CHUNKS, b"5")])
def test_a_body_that_has_begun_needs_no_100(raw: bytes, begun: bytes) -> None:
    for made in (asked(raw + begun), asked(raw)):
        if not made.buffered:
            assert awaits(made)
            made.receive_data(begun)
        assert not awaits(made)
        assert made.next_event() in (Data(data=b"h"), Signal.NEED_DATA)
        assert not awaits(made)
        assert made.next_event() is Signal.NEED_DATA
        assert not awaits(made), "nor when it has been read"


def test_a_whole_body_needs_no_100() -> None:
    made = asked_whole(EXPECTING + b"hello")
    assert not awaits(made)
    assert made.next_event() is Signal.NEED_DATA
    assert not awaits(made)


def test_a_chunk_line_is_a_beginning() -> None:
    made = asked(EXPECTING_CHUNKS + b"5\r\n")
    assert made.next_event() is Signal.NEED_DATA
    assert made.buffered == 0
    assert not awaits(made)


@pytest.mark.parametrize(
    "raw",
    [
        GET,
        POST,
        b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
        b"PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    ],
)
def test_who_does_not_wait_for_100(raw: bytes) -> None:
    assert not awaits(asked(raw))


def test_nobody_waits_any_more() -> None:
    made = asked(EXPECTING)
    made.receive_eof()
    assert not awaits(made)
    made = asked(EXPECTING)
    made.send_failed()
    assert not awaits(made)
    made = asked(EXPECTING_CHUNKS)
    made.receive_data(b"x\r\n")
    refused(made)
    assert not awaits(made)


def test_a_final_answer_in_place_of_100_is_the_last() -> None:
    # Whether the body comes all the same, only the client knows.
    made = asked(EXPECTING)
    raw = sent(made, *NO_CONTENT)
    assert b"100 Continue" not in raw
    assert b"Connection: close\r\n" in raw
    assert not awaits(made)
    assert closing(made) is Closing.LINGER


def test_a_final_answer_behind_100_need_not_be_the_last() -> None:
    made = asked(EXPECTING)
    raw = sent(made, CONTINUE, *NO_CONTENT)
    assert raw == b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    made.receive_data(b"hello")
    made.next_event()
    made.next_event()
    made.start_next_cycle()


def test_a_final_answer_while_the_body_comes_need_not_be_the_last() -> None:
    made = asked(EXPECTING + b"h")
    assert b"Connection: close" not in sent(made, *NO_CONTENT)


def test_http_1_0_is_sent_no_interim_answer() -> None:
    made = asked(OLD_GET)
    assert sent(made, CONTINUE, HINTS) == b""
    assert made.server_state is State.SEND_RESPONSE


# Writing.


def test_an_answer_of_known_length() -> None:
    made = asked()
    made.send(of_length(5))
    assert made.data_to_send() == b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    assert sent(made, Data(data=b"he")) == b"he"
    assert sent(made, Data(data=b"llo"), END) == b"llo"
    assert made.server_state is State.DONE
    assert made.data_to_send() == b""


def test_an_answer_of_unknown_length() -> None:
    made = asked()
    raw = sent(made, response((b"Content-TYPE", b"text/plain"), status=404))
    assert raw == (
        b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    assert sent(made, Data(data=b"hello, world")) == b"c\r\nhello, world\r\n"
    assert sent(made, Data(data=b"")) == b"", "an empty chunk would be the last"
    trailers = EndOfMessage(trailers=Headers(((b"x-sum", b"1"),)))
    assert sent(made, trailers) == b"0\r\nX-Sum: 1\r\n\r\n"


PIECE = Data(data=b"hello")
CHUNK = b"5\r\nhello\r\n"


def streaming(made: Connection) -> Connection:
    """The same connection, within an answer in chunks of which two were sent by themselves."""
    made.send(response())
    made.data_to_send()
    assert [sent(made, PIECE), sent(made, PIECE)] == [CHUNK, CHUNK]
    return made


def test_chunk_after_chunk() -> None:
    made = streaming(asked_whole())
    assert sent(made, Data(data=b"")) == b"", "an empty chunk would be the last"
    assert sent(made, PIECE, PIECE) == CHUNK * 2
    made.send(PIECE)
    made.send(PIECE)
    assert made.data_to_send() == CHUNK * 2
    assert sent(made, PIECE, END) == CHUNK + b"0\r\n\r\n"
    made.start_next_cycle()


def test_a_chunk_is_handed_over_as_slowly_as_one_likes() -> None:
    made = streaming(asked_whole())
    made.send(PIECE)
    assert [made.data_to_send(3), made.data_to_send(3)] == [b"5\r\n", b"hel"]
    made.send(PIECE)
    assert made.data_to_send() == b"lo\r\n" + CHUNK


def test_behind_the_last_exchange_an_end_that_has_come_is_taken_for_told() -> None:
    made = connection(LAST_GET)
    assert isinstance(made.next_event(), Request)
    made.send(*NO_CONTENT)
    assert made.finish_cycle() is None
    assert made.client_state is State.MUST_CLOSE


def test_behind_the_last_exchange_an_end_that_has_not_come_is_waited_for() -> None:
    made = connection(POST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + b"hell")
    assert isinstance(made.next_event(), Request)
    made.send(*NO_CONTENT)
    assert made.finish_cycle() is None
    assert made.client_state is State.SEND_BODY
    assert made.next_event() == Data(data=b"hell")


def test_what_is_left_of_an_answer_is_handed_over_once() -> None:
    def answering() -> Connection:
        made = connection(GET)
        made.next_event()
        made.next_event()
        made.send(*NO_CONTENT)
        return made

    whole = answering().data_to_send()
    for size in (10, len(whole) - 1, len(whole)):
        made = answering()
        assert made.data_to_send(size) == whole[:size]
        assert made.data_to_send() == whole[size:]
        made = answering()
        assert made.data_to_send(size) == whole[:size]
        assert made.views_to_send(10_000, 10_000) == whole[size:]
    assert answering().views_to_send(10_000, 10_000) == whole


def test_a_piece_is_handed_over_as_one_also_where_views_would_do() -> None:
    made = streaming(asked_whole())
    made.send(PIECE)
    assert made.views_to_send(1_000, 1_000) == CHUNK


@pytest.mark.parametrize("idle", [False, True])
def test_an_idle_peer_has_no_fields_kept_here(idle: bool) -> None:
    # h11 makes others of them each time.
    made = Connection(fast_path=True)
    made.receive_data(GET)
    first = made.next_event()
    made.next_event()
    made.send(*NO_CONTENT)
    made.data_to_send()
    made.deadline(0.0)
    made.start_next_cycle()
    if idle:
        made.deadline(0.0)
    made.receive_data(GET)
    second = made.next_event()
    assert isinstance(first, Request)
    assert isinstance(second, Request)
    assert second == first
    assert (second.headers is first.headers) is not idle


def test_behind_the_last_chunk_there_is_none() -> None:
    made = streaming(asked_whole())
    assert sent(made, END) == b"0\r\n\r\n"
    made.send()
    with pytest.raises(LocalProtocolError, match="Data cannot be sent"):
        made.send(PIECE)


@pytest.mark.parametrize("second", [response(), of_length(5)], ids=["chunks", "of known length"])
def test_chunks_of_one_answer_are_none_of_the_next(second: Response) -> None:
    made = streaming(asked_whole())
    made.send(END)
    made.start_next_cycle()
    made.receive_data(GET)
    assert isinstance(made.next_event(), Request)
    assert made.next_event() == END
    with pytest.raises(LocalProtocolError, match="Data cannot be sent"):
        made.send(PIECE)
    made.data_to_send()
    made.send(second)
    chunked = made.sends_chunks
    made.data_to_send()
    assert sent(made, PIECE) == (CHUNK if chunked else b"hello")


def test_chunks_go_on_whatever_the_client_does() -> None:
    made = streaming(asked(POST))
    made.receive_data(b"hello")
    assert made.next_event() == PIECE
    assert sent(made, PIECE) == CHUNK
    assert made.next_event() == END
    assert sent(made, PIECE) == CHUNK
    assert left(made).next_event() == ConnectionClosed()
    assert [sent(made, PIECE), sent(made, PIECE)] == [CHUNK, CHUNK]
    assert sent(made, END) == b"0\r\n\r\n"


def test_chunks_go_on_when_the_client_has_broken_the_rules() -> None:
    made = streaming(asked(POST.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked")))
    made.receive_data(b"x\r\n")
    refused(made)
    assert [sent(made, PIECE), sent(made, PIECE)] == [CHUNK, CHUNK]
    assert sent(made, END) == b"0\r\n\r\n"


def test_no_chunk_follows_one_that_was_lost() -> None:
    made = streaming(asked_whole())
    made.send(PIECE)
    made.send_failed()
    assert made.data_to_send() == b""
    with pytest.raises(LocalProtocolError, match="Data cannot be sent"):
        made.send(PIECE)


def test_pieces_of_a_body_that_ends_with_the_connection_are_no_chunks() -> None:
    made = asked_whole(OLD_GET)
    made.send(response())
    made.data_to_send()
    assert [sent(made, PIECE), sent(made, PIECE)] == [b"hello", b"hello"]


def test_in_answer_to_head_chunks_are_not_written() -> None:
    made = asked_whole(HEAD)
    made.send(response())
    made.data_to_send()
    assert [sent(made, PIECE), sent(made, PIECE), sent(made, END)] == [b"", b"", b""]


def test_an_answer_to_http_1_0() -> None:
    made = asked_whole(OLD_GET)
    raw = sent(made, response())
    assert raw == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    assert sent(made, Data(data=b"hello")) == b"hello"
    assert closing(made) is Closing.NO
    assert sent(made, END) == b""
    assert closing(made) is Closing.NOW


def test_an_answer_to_head() -> None:
    made = asked_whole(HEAD)
    raw = sent(made, of_length(5), Data(data=b"hello"), END)
    assert raw == b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    made.start_next_cycle()


def test_the_answer_to_head_is_counted() -> None:
    made = asked_whole(HEAD)
    made.send(of_length(5), Data(data=b"hell"))
    with pytest.raises(LocalProtocolError, match="only 1 more"):
        made.send(Data(data=b"o!"))
    made.send(END)
    assert made.server_state is State.DONE


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body(status: int) -> None:
    made = asked_whole()
    made.send(response(status=status))
    with pytest.raises(LocalProtocolError, match="no body"):
        made.send(Data(data=b"a"))
    made.send(END)
    head, end = understood(made.data_to_send())
    assert isinstance(head, h11.Response)
    assert (head.status_code, list(head.headers)) == (status, [])
    assert isinstance(end, h11.EndOfMessage)
    made.start_next_cycle()


def test_the_body_ends_with_its_declared_length() -> None:
    made = asked()
    made.send(of_length(5))
    with pytest.raises(LocalProtocolError, match="6 bytes of body where only 5"):
        made.send(Data(data=b"hello!"))
    made.send(Data(data=b"hell"))
    with pytest.raises(LocalProtocolError, match="1 bytes before its declared length"):
        made.send(END)
    with pytest.raises(LocalProtocolError, match="2 bytes of body where only 1"):
        made.send(Data(data=b"o!"))
    made.send(Data(data=b"o"), END)
    assert body_of(understood(made.data_to_send())) == b"hello"


def test_a_body_that_is_written_elsewhere() -> None:
    made = asked_whole()
    assert sent(made, of_length(7), Data(data=b"a")).endswith(b"\r\n\r\na")
    assert made.send_elsewhere(5) == 5
    assert made.data_to_send() == b""
    assert made.send_elsewhere(0) == 0
    with pytest.raises(LocalProtocolError, match="2 bytes of body where only 1"):
        made.send_elsewhere(2)
    with pytest.raises(LocalProtocolError, match="1 bytes before its declared length"):
        made.send(END)
    assert sent(made, Data(data=b"b"), END) == b"b"
    made.start_next_cycle()


def test_a_body_that_is_larger_than_any_memory() -> None:
    made = asked_whole()
    made.send(of_length(1 << 50))
    made.data_to_send()
    assert made.send_elsewhere(1 << 50) == 1 << 50
    made.send(END)
    assert made.server_state is State.DONE


def test_a_body_that_is_written_elsewhere_to_http_1_0() -> None:
    made = asked_whole(OLD_GET)
    sent(made, response())
    assert not in_chunks(made)
    assert made.send_elsewhere(5) == 5
    assert sent(made, END) == b""
    assert closing(made) is Closing.NOW


def test_of_a_body_in_answer_to_head_nothing_is_written_elsewhere() -> None:
    made = asked_whole(HEAD)
    sent(made, of_length(5))
    assert made.send_elsewhere(4) == 0
    with pytest.raises(LocalProtocolError, match="2 bytes of body where only 1"):
        made.send_elsewhere(2)
    assert sent(made, END) == b""
    made.start_next_cycle()


def test_chunks_are_not_written_elsewhere() -> None:
    made = asked_whole()
    assert not in_chunks(made)
    sent(made, response())
    assert in_chunks(made)
    with pytest.raises(LocalProtocolError, match="chunks"):
        made.send_elsewhere(5)
    assert sent(made, Data(data=b"hello"), END) == b"5\r\nhello\r\n0\r\n\r\n"
    made.start_next_cycle()
    assert not in_chunks(made)


def test_what_waits_to_be_written_comes_first() -> None:
    made = asked_whole()
    made.send(of_length(5))
    with pytest.raises(LocalProtocolError, match="has not been written"):
        made.send_elsewhere(5)
    made.data_to_send()
    assert made.send_elsewhere(5) == 5


@pytest.mark.parametrize(
    "make",
    [
        connection,
        asked_whole,
        answered,
        lambda: _sent(asked_whole(), response(status=304)),
        lambda: _failed(_sent(asked_whole(), of_length(5))),
    ],
)
def test_what_may_not_be_written_elsewhere(make: Callable[[], Connection]) -> None:
    made = make()
    before = pair(made)
    for count in (5, -1):
        with pytest.raises(LocalProtocolError):
            made.send_elsewhere(count)
    assert pair(made) == before


def test_an_answer_that_nobody_asked_for() -> None:
    made = connection()
    raw = sent(made, response((b"retry-after", b"1"), (b"content-length", b"2"), status=503))
    assert raw.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"Connection: close\r\n" in raw
    made.receive_data(GET)
    assert made.next_event() is Signal.NEED_DATA, "no request is read any more"
    assert sent(made, Data(data=b"no"), END) == b"no"
    assert closing(made) is Closing.LINGER
    made.receive_eof()
    assert made.next_event() == ConnectionClosed()
    assert closing(made) is Closing.NOW


def test_an_answer_that_nobody_asked_for_in_a_later_cycle() -> None:
    made = ready_again()
    raw = sent(made, response(status=503), Data(data=b"no"), END)
    assert raw == b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\nno"
    assert closing(made) is Closing.LINGER


def test_an_answer_before_the_body_has_been_read() -> None:
    made = asked(POST + b"he")
    made.send(*NO_CONTENT)
    assert pair(made) == (State.SEND_BODY, State.DONE)
    assert closing(made) is Closing.NO
    with pytest.raises(LocalProtocolError, match="client is SEND_BODY"):
        made.start_next_cycle()
    assert made.next_event() == Data(data=b"he")
    made.receive_data(b"llo" + GET)
    assert made.next_event() == Data(data=b"llo")
    assert made.next_event() == END
    made.start_next_cycle()
    assert isinstance(made.next_event(), Request)


def test_all_or_nothing() -> None:
    made = asked()
    with pytest.raises(LocalProtocolError):
        made.send(of_length(3), Data(data=b"1234"), END)
    assert made.data_to_send() == b""
    assert made.server_state is State.SEND_RESPONSE
    assert not begun(made)
    made.send(of_length(4), Data(data=b"1234"), END)
    assert body_of(understood(made.data_to_send())) == b"1234"


def test_to_send_nothing_is_nothing() -> None:
    made = asked()
    made.send()
    assert made.data_to_send() == b""
    assert pair(made) == (State.SEND_BODY, State.SEND_RESPONSE)


def test_what_was_queued_before_an_error_is_still_sent() -> None:
    made = asked()
    made.send(of_length(1))
    with pytest.raises(LocalProtocolError):
        made.send(END)
    assert made.data_to_send() == b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"


SERVER_IN: dict[State, Callable[[], Connection]] = {
    State.IDLE: connection,
    State.SEND_RESPONSE: lambda: asked_whole(handshake()),
    State.OPEN: lambda: _sent(asked_whole(handshake()), AcceptWebSocket()),
    State.CLOSING: lambda: _sent(asked_whole(handshake()), AcceptWebSocket(), CloseWebSocket()),
    State.SEND_BODY: lambda: _sent(asked_whole(), response()),
    State.DONE: answered,
    State.MUST_CLOSE: lambda: answered(LAST_GET),
    State.CLOSED: lambda: _sent(connection(), ConnectionClosed()),
    State.ERROR: lambda: _failed(asked_whole()),
}

EACH_EVENT: dict[type[Event], Event] = {
    Request: Request(method=b"GET", target=b"/", headers=Headers(((b"host", b"a"),))),
    InformationalResponse: HINTS,
    Response: response(),
    Data: Data(data=b"a"),
    EndOfMessage: END,
    AcceptWebSocket: AcceptWebSocket(),
    TextMessage: TextMessage(text="a"),
    BytesMessage: BytesMessage(data=b"a"),
    Ping: Ping(),
    Pong: Pong(),
    CloseWebSocket: CloseWebSocket(),
    ConnectionClosed: ConnectionClosed(),
}

LEGAL: dict[State, set[type[Event]]] = {
    State.IDLE: {Response, ConnectionClosed},
    State.SEND_RESPONSE: {InformationalResponse, Response, AcceptWebSocket},
    State.OPEN: {TextMessage, BytesMessage, Ping, Pong, CloseWebSocket, ConnectionClosed},
    State.CLOSING: {ConnectionClosed},
    State.SEND_BODY: {Data, EndOfMessage},
    State.DONE: {ConnectionClosed},
    State.MUST_CLOSE: {ConnectionClosed},
    State.CLOSED: {ConnectionClosed},
    State.ERROR: set(),
}


def _sent(made: Connection, *events: Event) -> Connection:
    made.send(*events)
    made.data_to_send()
    return made


def _failed(made: Connection) -> Connection:
    made.send_failed()
    return made


def illegal() -> Iterator[tuple[State, Event]]:
    for state, kind in itertools.product(State, EACH_EVENT):
        if kind not in LEGAL[state]:
            yield state, EACH_EVENT[kind]


@for_each(("state", "event"), list(illegal()))
def test_what_may_not_be_sent_now_leaves_no_trace(state: State, event: Event) -> None:
    made = SERVER_IN[state]()
    assert made.server_state is state
    before = (*pair(made), closing(made), made.unread_body, begun(made))
    with pytest.raises(
        LocalProtocolError, match=f"^{type(event).__name__} cannot .* in the state {state.name}$"
    ):
        made.send(event)
    assert (*pair(made), closing(made), made.unread_body, begun(made)) == before
    assert made.data_to_send() == b""


@pytest.mark.parametrize(
    ("state", "kind"),
    [(state, kind) for state, kinds in LEGAL.items() for kind in EACH_EVENT if kind in kinds],
)
def test_what_may_be_sent_now(state: State, kind: type[Event]) -> None:
    SERVER_IN[state]().send(EACH_EVENT[kind])


NEVER_LEGAL = {
    "a line end in a value": response((b"x", b"y\r\nset-cookie: z")),
    "a line end in a name": response((b"x\r\ny", b"z")),
    "a line end in the phrase": Response(status=200, reason=b"OK\r\nx: y"),
    "an interim status": response(status=150),
    "a status beyond": response(status=600),
    "two lengths": response((b"content-length", b"1"), (b"content-length", b"1")),
    "another coding": response((b"transfer-encoding", b"gzip, chunked")),
    "an interim line end": InformationalResponse(
        status=103, headers=Headers(((b"link", b"a\r\nb: c"),))
    ),
    "a switch of protocols": InformationalResponse(status=101),
}


@pytest.mark.parametrize("event", NEVER_LEGAL.values(), ids=NEVER_LEGAL)
def test_what_may_never_be_sent_leaves_no_trace(event: Event) -> None:
    made = asked_whole()
    with pytest.raises(LocalProtocolError):
        made.send(HINTS, event)
    assert made.data_to_send() == b""
    assert pair(made) == (State.DONE, State.SEND_RESPONSE)
    assert closing(made) is Closing.NO
    raw = sent(made, *NO_CONTENT)
    assert raw == b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    made.start_next_cycle()


@pytest.mark.parametrize(
    "field",
    [(b"x", b"y\r\nz"), (b"content-length", b"x"), (b"transfer-encoding", b"gzip"), (b"x y", b"")],
)
def test_trailers_that_may_not_be_sent_leave_no_trace(field: tuple[bytes, bytes]) -> None:
    made = asked_whole()
    made.send(response(), Data(data=b"a"))
    before = made.data_to_send()
    with pytest.raises(LocalProtocolError):
        made.send(Data(data=b"b"), EndOfMessage(trailers=Headers((field,))))
    assert made.data_to_send() == b""
    assert made.server_state is State.SEND_BODY
    assert body_of(understood(before + sent(made, END))) == b"a"


# Whatever is written, a client reads.

NAMES = st.from_regex(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,20}", fullmatch=True)
VALUES = st.from_regex(rb"[ \t\x20-\x7e\x80-\xff]{0,40}", fullmatch=True)
ANY_FIELDS = st.lists(st.tuples(NAMES | st.binary(max_size=4), VALUES | st.binary(max_size=6)))
FRAMING = st.sampled_from(
    [
        *(b"Content-Length", b"Transfer-Encoding", b"Connection", b"Host", b"Upgrade", b"Expect"),
        *(b"Trailer", b"Keep-Alive", b"Date"),
    ]
)
FRAMING_VALUES = st.sampled_from(
    [
        *(b"0", b"5", b"005", b"-1", b"chunked", b"Chunked ", b"gzip", b"close", b"keep-alive"),
        *(b"close, x", b"upgrade", b"h2c", b"", b"100-continue"),
    ]
)
FIELDS = (ANY_FIELDS | st.lists(st.tuples(FRAMING, FRAMING_VALUES), max_size=3)).map(Headers)
REASONS = st.just(b"") | st.binary(max_size=8)

ANSWERS = st.lists(
    st.one_of(
        st.builds(
            InformationalResponse,
            status=st.sampled_from([100, 101, 103, 199]),
            headers=FIELDS,
            reason=REASONS,
        ),
        st.builds(
            Response,
            status=st.sampled_from([150, 200, 204, 205, 299, 304, 404, 599, 600]),
            headers=FIELDS,
            reason=REASONS,
        ),
        st.builds(Data, data=st.binary(max_size=6)),
        st.builds(EndOfMessage, trailers=st.just(Headers()) | FIELDS),
        st.just(ConnectionClosed()),
    ),
    max_size=12,
)
METHODS = st.sampled_from([b"GET", b"HEAD", b"POST", b"OPTIONS"])


@given(method=METHODS, version=st.sampled_from([b"1.0", b"1.1"]), events=ANSWERS)
def test_whatever_is_written_is_read_by_a_client(
    method: bytes, version: bytes, events: list[Event]
) -> None:
    made = asked_whole(b"%s / HTTP/%s\r\nHost: a\r\n\r\n" % (method, version))
    kept: list[Event] = []
    raw = b""
    for event in [*events, response(), END]:
        before = pair(made)
        try:
            made.send(event)
        except LocalProtocolError:
            assert pair(made) == before
            assert made.data_to_send() == b""
        else:
            kept.append(event)
            raw += made.data_to_send()
    if made.server_state is State.SEND_BODY:
        # Less than was declared: there is nothing but to close.
        return
    read = understood(raw, method=method.decode("ascii"), closed=True)
    answer = next(event for event in kept if isinstance(event, Response))
    head = next(event for event in read if isinstance(event, h11.Response))
    assert head.status_code == answer.status
    for name, value in answer.headers:
        if name.lower() not in (b"connection", b"transfer-encoding", b"content-length"):
            assert (name.lower(), value.strip(b" \t")) in head.headers
    data = b"".join(event.data for event in kept if isinstance(event, Data))
    assert body_of(read) == (b"" if method == b"HEAD" else data)
    interim = [event.status for event in kept if isinstance(event, InformationalResponse)]
    told = [event.status_code for event in read if isinstance(event, h11.InformationalResponse)]
    assert told == (interim if version == b"1.1" else [])
    says_close = any(
        name == b"connection" and value.lower() == b"close" for name, value in head.headers
    )
    left_behind = ConnectionClosed() in kept
    assert (closing(made) is not Closing.NO) is (says_close or left_behind)


@given(events=ANSWERS)
def test_whatever_is_written_before_any_request_is_read_by_a_client(events: list[Event]) -> None:
    made = connection()
    raw = b""
    for event in [*events, response(status=503), END]:
        try:
            made.send(event)
        except LocalProtocolError:
            assert made.data_to_send() == b""
        else:
            raw += made.data_to_send()
    if made.server_state is State.MUST_CLOSE or (raw and made.server_state is State.CLOSED):
        assert isinstance(understood(raw, closed=True)[-1], h11.EndOfMessage)
        assert closing(made) is Closing.LINGER
    else:
        assert made.server_state in (State.SEND_BODY, State.CLOSED)


# The end.


def test_what_failed_to_be_sent_is_the_end() -> None:
    made = asked_whole()
    made.send(of_length(5))
    made.send_failed()
    assert made.data_to_send() == b""
    assert closing(made) is Closing.NOW
    assert begun(made)
    assert pair(made) == (State.MUST_CLOSE, State.ERROR)
    with pytest.raises(LocalProtocolError, match="state ERROR"):
        made.send(Data(data=b"hello"))
    with pytest.raises(LocalProtocolError):
        made.start_next_cycle()


def test_what_failed_to_be_sent_does_not_stop_reading() -> None:
    made = asked(POST + b"he")
    made.send_failed()
    assert made.next_event() == Data(data=b"he")
    assert refused(left(made)).status is None


def test_a_refusal_that_failed_to_be_sent() -> None:
    made = connection(b"\0\r\n\r\n")
    refused(made)
    made.send_failed()
    assert refusal(made) is None
    assert made.data_to_send() == b""
    assert closing(made) is Closing.NOW


def test_a_connection_that_failed_reads_no_other_request() -> None:
    made = ready_again()
    made.send_failed()
    made.receive_data(GET)
    assert made.next_event() is Signal.NEED_DATA
    assert closing(made) is Closing.NOW


def test_an_error_behind_a_failure_is_not_answered() -> None:
    made = asked(CHUNKED + b"x\r\n")
    made.send_failed()
    refused(made)
    assert refusal(made) is None
    assert made.data_to_send() == b""


# Time.

TIMES = Timeouts(head=30.0, body_idle=10.0, body_rate=100.0, keep_alive=75.0)


def test_a_head_that_comes_too_late() -> None:
    made = connection(timeouts=TIMES)
    assert made.deadline(1000.0) == 1030.0
    made.receive_data(GET[:-1])
    assert made.next_event() is Signal.NEED_DATA
    assert made.deadline(1020.0) == 1030.0
    made.handle_timeout(1029.9)
    assert made.next_event() is Signal.NEED_DATA
    made.handle_timeout(1030.0)
    error = refused(made)
    assert error.status == 408
    assert made.data_to_send().startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert closing(made) is Closing.LINGER
    assert made.deadline(1031.0) is None
    made.handle_timeout(2000.0)
    assert refused(made) is error


def test_a_connection_that_says_nothing_is_late_with_its_head() -> None:
    made = connection(timeouts=TIMES)
    made.deadline(0.0)
    made.handle_timeout(30.0)
    assert refused(made).status == 408


def test_a_time_out_never_comes_before_the_first_look() -> None:
    made = connection(timeouts=TIMES)
    made.handle_timeout(1e9)
    assert made.next_event() is Signal.NEED_DATA
    made.handle_timeout(1e9 + 30)
    assert refused(made).status == 408


def test_a_later_head_counts_from_its_first_byte() -> None:
    made = ready_again()
    assert made.deadline(0.0) == 75.0
    made.receive_data(b"G")
    assert made.deadline(60.0) == 90.0
    made.handle_timeout(90.0)
    assert refused(made).status == 408


def test_a_pipelined_head_counts_from_its_turn() -> None:
    made = asked_whole(GET + GET[:-1])
    assert made.deadline(0.0) is None
    made.send(*NO_CONTENT)
    assert made.deadline(50.0) is None
    made.start_next_cycle()
    assert made.deadline(100.0) == 130.0


def test_an_empty_line_is_no_first_byte_of_a_head() -> None:
    made = ready_again()
    made.receive_data(b"\r\n")
    assert made.next_event() is Signal.NEED_DATA
    assert made.deadline(0.0) == 75.0


def test_an_idle_connection_is_closed_without_a_word() -> None:
    made = ready_again()
    made.deadline(0.0)
    made.handle_timeout(74.9)
    assert closing(made) is Closing.NO
    made.handle_timeout(75.0)
    assert made.data_to_send() == b""
    assert closing(made) is Closing.NOW
    assert made.deadline(80.0) is None
    made.handle_timeout(1000.0)
    made.receive_data(GET)
    assert made.next_event() is Signal.NEED_DATA, "too late"


def test_an_idle_connection_that_cannot_be_written_to() -> None:
    made = ready_again()
    made.deadline(0.0)
    made.send_failed()
    assert made.deadline(1.0) is None
    made.handle_timeout(1000.0)
    assert closing(made) is Closing.NOW


def test_a_body_that_stalls() -> None:
    made = asked(POST, timeouts=TIMES)
    assert made.deadline(0.0) is None, "nobody has asked for it"
    assert made.next_event() is Signal.NEED_DATA
    assert made.deadline(5.0) == 15.0
    made.receive_data(b"h")
    assert made.deadline(6.0) is None
    made.next_event()
    assert made.next_event() is Signal.NEED_DATA
    assert made.deadline(7.0) == pytest.approx(17.0)
    made.handle_timeout(18.0)
    assert refused(made).status == 408
    assert made.data_to_send().startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert closing(made) is Closing.LINGER


def test_a_body_that_dribbles() -> None:
    made = asked(CHUNKED, timeouts=TIMES)
    now = 0.0
    for _ in range(200):
        assert made.next_event() is Signal.NEED_DATA
        deadline = made.deadline(now)
        assert deadline is not None
        if now >= deadline:
            break
        now += 0.5
        made.receive_data(b"1\r\na\r\n")
        assert made.next_event() == Data(data=b"a")
    # 6 bytes each half second are 12 a second, where 100 are asked for behind ten.
    assert 10.0 < now < 13.0
    made.handle_timeout(now)
    assert refused(made).status == 408


def test_a_body_that_nobody_reads_is_not_late() -> None:
    made = asked(POST, timeouts=TIMES)
    for now in range(0, 1000, 10):
        assert made.deadline(float(now)) is None
        made.handle_timeout(float(now))
    assert made.next_event() is Signal.NEED_DATA
    assert made.deadline(2000.0) == 2010.0


def test_a_body_that_will_not_come_is_not_late() -> None:
    made = asked(POST, timeouts=TIMES)
    assert made.next_event() is Signal.NEED_DATA
    assert made.deadline(0.0) == 10.0
    made.receive_eof()
    assert made.deadline(20.0) is None


def test_a_body_that_was_asked_for_in_vain_is_not_late() -> None:
    made = asked(POST, timeouts=TIMES)
    assert made.next_event() is Signal.NEED_DATA
    assert made.deadline(0.0) == 10.0
    made.want_no_more()
    assert made.deadline(9.0) is None
    made.handle_timeout(1000.0)
    assert made.next_event() is Signal.NEED_DATA
    assert made.deadline(2000.0) == 2010.0


def test_the_watch_of_a_body_does_not_make_it_wanted() -> None:
    made = asked(POST, timeouts=TIMES)
    made.next_event()
    assert made.deadline(0.0) == 10.0
    made.receive_data(b"h")
    assert made.deadline(20.0) is None
    made.receive_data(b"e")
    assert made.deadline(1000.0) is None


def test_a_body_is_not_waited_for_behind_its_end() -> None:
    made = asked_whole(POST + b"hello")
    assert made.next_event() is Signal.NEED_DATA
    assert made.deadline(0.0) is None
    made.send(*NO_CONTENT)
    assert made.deadline(1.0) is None
    assert left(made).deadline(2.0) is None


def test_a_late_body_behind_an_answer_that_has_begun() -> None:
    made = asked(POST, timeouts=TIMES)
    made.send(of_length(1))
    before = made.data_to_send()
    made.next_event()
    made.deadline(0.0)
    made.handle_timeout(10.0)
    assert refused(made).status == 408
    assert made.data_to_send() == b""
    assert body_of(understood(before + sent(made, Data(data=b"a"), END))) == b"a"
    assert closing(made) is Closing.LINGER


def test_without_time_outs_nothing_is_late() -> None:
    never = Timeouts(head=None, body_idle=None, body_rate=None, keep_alive=None)
    made = connection(timeouts=never)
    assert made.deadline(0.0) is None
    made.handle_timeout(1e9)
    made.receive_data(POST)
    made.next_event()
    assert made.next_event() is Signal.NEED_DATA
    assert made.deadline(2e9) is None


def test_the_defaults_are_in_force() -> None:
    made = connection()
    assert made.deadline(0.0) == 30.0
    made.receive_data(b"GET /" + b"a" * 8_190)
    assert refused(made).status == 414


def test_every_event_is_known() -> None:
    assert set(EACH_EVENT) <= set(get_args(Event))


# A request at once.


def told(made: Connection, data: bytes) -> Event | Signal:
    """What a driver is told that waits for a request when `data` come."""
    request = made.receive_request(data)
    return made.next_event() if request is None else request


def test_it_takes_the_fast_path_to_be_told_at_once(fast_path: bool) -> None:
    made = connection()
    assert made.receive_request(GET) == (asked_for(GET) if fast_path else None)


def test_a_request_that_is_told_at_once() -> None:
    made = connection()
    assert told(made, GET) == asked_for(GET)
    assert made.next_event() == END
    made.send(*NO_CONTENT)
    assert made.finish_cycle() is Signal.NEED_DATA
    assert told(made, POST + b"he") == asked_for(POST)
    assert made.next_event() == Data(data=b"he")
    assert made.receive_request(b"llo" + GET) is None
    assert made.next_event() == Data(data=b"llo")
    made.send(*NO_CONTENT)
    assert made.finish_cycle() is Signal.PAUSED
    assert made.next_event() == asked_for(GET)


def asked_for(raw: bytes) -> Event | Signal:
    return connection(raw).next_event()


def test_a_request_is_told_once_its_head_is_complete() -> None:
    for at in range(1, len(GET)):
        made = connection()
        assert made.receive_request(GET[:at]) is None
        assert made.next_event() is Signal.NEED_DATA
        assert told(made, GET[at:]) == asked_for(GET)
        assert made.next_event() == END


def test_a_bad_request_is_told_by_the_next_event() -> None:
    made = connection()
    assert made.receive_request(b"bad\r\n\r\n") is None
    assert refused(made).status == 400
    assert made.receive_request(GET) is None
    assert refused(made).status == 400


def test_a_time_out_behind_a_request_that_was_told_at_once() -> None:
    made = Connection(timeouts=Timeouts(body_idle=5.0))
    assert made.next_event() is Signal.NEED_DATA
    assert told(made, POST) == asked_for(POST)
    assert made.deadline(0.0) is None, "nobody wants the body"
    assert made.next_event() is Signal.NEED_DATA
    assert made.deadline(1.0) is not None


def held(made: Connection, kind: type[object]) -> int:
    """How many of a kind a connection holds, itself or by what it holds."""
    found: dict[int, object] = {}
    next_ones: list[object] = [made]
    while next_ones:
        thing = next_ones.pop()
        if id(thing) not in found and not isinstance(thing, type | ModuleType | FunctionType):
            found[id(thing)] = thing
            next_ones += gc.get_referents(thing)
    return sum(isinstance(thing, kind) for thing in found.values())


def test_an_idle_connection_lets_go_of_its_last_request() -> None:
    made = ready_again()
    before = held(made, Headers)
    made.deadline(0.0)
    assert held(made, Headers) == before - 1
    made.receive_data(GET)
    assert isinstance(made.next_event(), Request)
    assert sent(made, *NO_CONTENT)


# Without copies.


def test_a_view_is_copied(fast_path: bool) -> None:
    made = connection()
    for piece in (POST[:20], POST[20:] + b"hel", b"lo"):
        memory = bytearray(piece)
        made.receive_view(memoryview(memory))
        memory[:] = bytes(len(memory))
    assert isinstance(made.next_event(), Request)
    body = b""
    while (event := made.next_event()) != END:
        assert isinstance(event, Data)
        body += event.data
    assert body == b"hello"


def test_what_comes_behind_a_failure_is_dropped() -> None:
    made = connection(b"bad\r\n\r\n")
    refused(made)
    made.receive_view(memoryview(GET))
    assert made.buffered == 0


def test_large_parts_are_handed_over_as_they_are_and_small_ones_joined() -> None:
    body = bytes(range(256)) * 4
    made = asked()
    made.send(of_length(len(body)), Data(data=body))
    made.send(END)
    pieces = []
    while piece := made.views_to_send(100, 300):
        pieces.append(piece)
    assert [type(piece) for piece in pieces] == [bytes, *[memoryview] * 4]
    assert [len(piece) for piece in pieces[1:]] == [300, 300, 300, 124]
    assert b"".join(pieces) == sent(asked(), of_length(len(body)), Data(data=body), END)
    assert all(piece.obj is body for piece in pieces[1:] if isinstance(piece, memoryview))


def test_what_is_owed_is_handed_over_in_either_way() -> None:
    made = connection(b"bad\r\n\r\n")
    refused(made)
    assert bytes(made.views_to_send(10_000, 10_000)).startswith(b"HTTP/1.1 400 ")
    assert made.views_to_send(10_000, 10_000) == b""
