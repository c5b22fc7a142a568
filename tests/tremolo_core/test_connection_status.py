"""What can be asked of a connection: what waits, what is missing, and whether it is to be ended."""

import pytest

from tremolo_core import Closing, ConnectionClosed, Data, Signal, State

from .corpus import GET
from .playing import NO_CONTENT
from .scenes import (
    CHUNKED,
    END,
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


def test_buffered_counts_what_no_event_has_told_of() -> None:
    made = connection(POST[:10])
    assert made.buffered == 10
    made.next_event()
    assert made.buffered == 10
    made.receive_data(POST[10:] + b"hel")
    assert made.buffered == len(POST) + 3
    made.next_event()
    assert made.buffered == 3
    assert made.next_event() == Data(data=b"hel")
    assert made.buffered == 0


def test_unread_body_of_known_length() -> None:
    made = connection(POST + b"he")
    assert made.unread_body == 0
    made.next_event()
    assert made.unread_body == 5
    made.next_event()
    assert made.unread_body == 3
    made.send(*NO_CONTENT)
    assert made.unread_body == 3, "an early answer reads nothing"
    made.receive_data(b"llo" + GET)
    made.next_event()
    assert made.unread_body == 0
    assert made.next_event() == END
    assert made.unread_body == 0


def test_unread_body_in_chunks() -> None:
    made = asked(CHUNKED + b"2\r\nab\r\n0\r\n\r\n")
    assert made.unread_body is None
    made.next_event()
    assert made.unread_body is None
    made.next_event()
    assert made.unread_body == 0


def test_an_answer_has_begun() -> None:
    made = connection()
    assert not begun(made)
    made = asked()
    assert not begun(made)
    made.send(HINTS)
    assert not begun(made)
    made.send(of_length(0))
    assert begun(made)
    made.send(END)
    assert begun(made)
    assert not begun(ready_again())


def test_an_exchange_keeps_the_connection() -> None:
    assert closing(answered()) is Closing.NO
    assert closing(ready_again()) is Closing.NO


@pytest.mark.parametrize("raw", [LAST_GET, OLD_GET])
def test_a_client_that_will_not_ask_again_is_not_waited_for(raw: bytes) -> None:
    made = asked_whole(raw)
    assert closing(made) is Closing.NO
    made.send(*NO_CONTENT)
    assert closing(made) is Closing.NOW


@pytest.mark.parametrize("raw", [LAST_GET, OLD_GET])
def test_a_client_that_goes_on_all_the_same_is_listened_to(raw: bytes) -> None:
    for heard in (True, False):
        made = asked_whole(raw + GET)
        if heard:
            assert made.next_event() is Signal.NEED_DATA
        made.send(*NO_CONTENT)
        assert closing(made) is Closing.LINGER


def test_a_client_that_was_not_read_to_the_end_is_listened_to() -> None:
    made = asked(POST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + b"he")
    made.send(*NO_CONTENT)
    assert closing(made) is Closing.LINGER


def test_a_client_that_did_not_know_is_listened_to() -> None:
    made = asked_whole()
    made.send(response((b"connection", b"close"), status=204), END)
    assert closing(made) is Closing.LINGER
    assert closing(left(made)) is Closing.NOW


def test_a_client_that_left_is_not_waited_for() -> None:
    made = left(asked_whole())
    assert made.next_event() == ConnectionClosed()
    assert closing(made) is Closing.NO, "it may still read"
    made.send(*NO_CONTENT)
    assert pair(made) == (State.CLOSED, State.MUST_CLOSE)
    assert closing(made) is Closing.NOW


def test_a_client_that_left_before_it_asked() -> None:
    made = left(connection())
    assert closing(made) is Closing.NO
    made.next_event()
    assert closing(made) is Closing.NOW


def test_a_server_that_leaves_between_two_requests() -> None:
    made = ready_again()
    assert sent(made, ConnectionClosed()) == b""
    assert pair(made) == (State.MUST_CLOSE, State.CLOSED)
    assert closing(made) is Closing.NOW


def test_a_server_that_leaves_behind_its_answer_is_to_listen() -> None:
    # The next request may be on its way, and must not meet a reset.
    made = answered()
    made.send(ConnectionClosed())
    assert pair(made) == (State.MUST_CLOSE, State.CLOSED)
    assert closing(made) is Closing.LINGER


def test_a_server_that_leaves_while_the_client_begins_is_to_listen() -> None:
    made = ready_again()
    made.receive_data(b"G")
    made.send(ConnectionClosed())
    assert closing(made) is Closing.LINGER
    assert made.next_event() is Signal.NEED_DATA
    assert closing(made) is Closing.LINGER


def test_a_server_that_leaves_an_unread_body() -> None:
    made = asked(POST)
    made.send(*NO_CONTENT)
    made.send(ConnectionClosed())
    assert closing(made) is Closing.LINGER
