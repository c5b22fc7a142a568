"""One exchange behind the other, and when another may follow."""

from collections.abc import Callable

import pytest

from tremolo_core import Closing, Connection, Data, LocalProtocolError, Request, Signal, State

from .corpus import GET
from .playing import NO_CONTENT
from .scenes import (
    CHUNKED,
    END,
    HEAD,
    LAST_GET,
    OLD_GET,
    POST,
    answered,
    asked,
    asked_whole,
    closing,
    connection,
    of_length,
    pair,
    ready_again,
    response,
    sent,
)

LAST_POST = POST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

pytestmark = pytest.mark.usefixtures("fast_path")


def test_an_end_that_nobody_asked_for_may_be_skipped() -> None:
    made = connection(GET + POST + b"hello" + GET)
    for unread, next_is in ((1, Signal.PAUSED), (2, Signal.PAUSED), (1, Signal.NEED_DATA)):
        # The head, and of the second the body's five bytes.
        for _ in range(unread):
            made.next_event()
        assert made.finish_cycle() is None, "the answer is not complete"
        made.send(*NO_CONTENT)
        assert made.finish_cycle() is next_is
    assert made.next_event() is Signal.NEED_DATA


def test_only_an_end_that_has_come_may_be_skipped() -> None:
    for request in (POST, POST + b"hell", POST + b"hello", CHUNKED, CHUNKED + b"0\r\n\r\n"):
        made = connection(request)
        assert made.finish_cycle() is None
        assert isinstance(made.next_event(), Request)
        made.send(*NO_CONTENT)
        assert made.finish_cycle() is None
        assert made.client_state is State.SEND_BODY
        with pytest.raises(LocalProtocolError, match="the client is SEND_BODY"):
            made.start_next_cycle()


def test_behind_the_last_exchange_an_end_may_be_skipped_and_none_follows() -> None:
    made = connection(LAST_GET)
    assert isinstance(made.next_event(), Request)
    made.send(*NO_CONTENT)
    assert made.finish_cycle() is None
    assert closing(made) is Closing.NOW
    assert made.client_state is State.MUST_CLOSE
    made = connection(LAST_POST + b"hell")
    assert isinstance(made.next_event(), Request)
    made.send(*NO_CONTENT)
    assert made.finish_cycle() is None
    assert made.client_state is State.SEND_BODY, "its end has not come"


@pytest.mark.parametrize(
    ("make", "client", "server"),
    [
        (connection, "IDLE", "IDLE"),
        (asked, "SEND_BODY", "SEND_RESPONSE"),
        (asked_whole, "DONE", "SEND_RESPONSE"),
        (lambda: answered(LAST_GET), "MUST_CLOSE", "MUST_CLOSE"),
        (lambda: answered(OLD_GET), "MUST_CLOSE", "MUST_CLOSE"),
        (
            lambda: answered(GET, response((b"connection", b"close"), status=204), END),
            "MUST_CLOSE",
            "MUST_CLOSE",
        ),
    ],
)
def test_no_next_cycle(make: Callable[[], Connection], client: str, server: str) -> None:
    made = make()
    before = pair(made)
    with pytest.raises(LocalProtocolError, match=f"client is {client} and the server {server}"):
        made.start_next_cycle()
    assert pair(made) == before


def test_cycle_after_cycle() -> None:
    made = ready_again(50)
    assert pair(made) == (State.IDLE, State.IDLE)
    assert closing(made) is Closing.NO


def test_a_cycle_knows_nothing_of_the_one_before() -> None:
    made = asked_whole(HEAD + OLD_GET + GET)
    made.send(of_length(5), END)
    made.start_next_cycle()
    made.next_event()
    made.next_event()
    made.data_to_send()
    raw = sent(made, response(), Data(data=b"a"), END)
    assert raw == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\na"
    assert made.next_event() is Signal.NEED_DATA
