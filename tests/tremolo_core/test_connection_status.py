"""What can be asked of a connection: what waits, what is missing, and whether it is to be ended."""

import pytest

from tremolo_core import (
    CloseWebSocket,
    Closing,
    Connection,
    ConnectionClosed,
    Data,
    RemoteProtocolError,
    Signal,
    State,
    TextMessage,
)

from .corpus import GET
from .framing import BINARY, PING, PONG, TEXT, close_frame, frame
from .playing import NO_CONTENT
from .scenes import (
    CHUNKED,
    CONTINUE,
    END,
    EXPECTING,
    EXPECTING_CHUNKS,
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
from .test_websocket import opened

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


# Where a client waits to be told to go on.


def awaits(made: Connection) -> bool:
    return made.they_await_continue


def test_whoever_expects_a_100_awaits_it_until_it_is_sent() -> None:
    assert not awaits(connection())
    assert not awaits(asked(POST))
    made = asked(EXPECTING)
    assert awaits(made)
    made.send(HINTS)
    assert awaits(made)
    made.send(CONTINUE)
    assert not awaits(made)


def test_nor_do_they_once_the_final_answer_begins() -> None:
    made = asked(EXPECTING)
    made.send(of_length(5))
    assert not awaits(made)


def test_nor_once_they_go_on_or_leave() -> None:
    made = asked(EXPECTING)
    made.receive_data(b"h")
    assert not awaits(made)
    made.next_event()
    assert not awaits(made)
    assert not awaits(left(asked(EXPECTING)))


def test_nor_once_they_have_broken_the_rules() -> None:
    made = asked(EXPECTING_CHUNKS + b"x\r\n")
    with pytest.raises(RemoteProtocolError):
        made.next_event()
    assert not awaits(made)


# Where there may be frames.


def is_owed(made: Connection) -> bool:
    return made.has_data_to_send


def is_left(made: Connection) -> bool:
    return made.left_without_close


def test_there_is_something_to_write_whenever_there_is() -> None:
    made = opened()
    assert not is_owed(made)
    made.receive_data(frame(PING, b"?"))
    assert is_owed(made)
    assert made.data_to_send() != b""
    assert not is_owed(made)
    made.send(TextMessage(text="hello"))
    assert is_owed(made)
    made.data_to_send()
    made.receive_data(close_frame(1000))
    assert made.next_event() == CloseWebSocket(code=1000)
    assert is_owed(made)
    made.data_to_send()
    assert not is_owed(made)


def test_there_is_something_to_write_to_who_is_refused() -> None:
    made = Connection()
    made.receive_data(b"nonsense\r\n\r\n")
    assert not is_owed(made)
    with pytest.raises(RemoteProtocolError):
        made.next_event()
    assert is_owed(made)
    made.data_to_send()
    assert not is_owed(made)


@pytest.mark.parametrize("last", [b"", frame(TEXT, b"a"), frame(TEXT, b"a")[:3]])
def test_who_leaves_without_a_close_has_left(last: bytes) -> None:
    made = opened()
    made.receive_data(last or frame(PONG))
    assert not is_left(made)
    made.receive_eof()
    assert is_left(made)


@pytest.mark.parametrize("before", [b"", frame(TEXT, b"a")])
def test_who_has_closed_can_still_be_answered(before: bytes) -> None:
    made = opened()
    made.receive_data(before + close_frame(1000))
    made.receive_eof()
    assert not is_left(made)


def test_who_has_no_websocket_does_not_leave_one() -> None:
    made = asked()
    made.receive_eof()
    assert not is_left(made)


def test_it_is_known_what_is_missing_and_whether_there_is_a_crowd(fast_path: bool) -> None:
    made = Connection()
    assert (made.missing, made.crowded) == (0, False)
    made = opened()
    assert (made.missing, made.crowded) == (0, False)
    raw = frame(BINARY, bytes(50_000))
    made.receive_data(raw[:10_000])
    assert made.missing == (len(raw) - 10_000 if fast_path else 0)
    made = opened()
    made.receive_data(frame(PING) * 1_000)
    assert made.crowded
