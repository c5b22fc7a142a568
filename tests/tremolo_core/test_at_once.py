"""What is sent in one step is what its parts would be. Messages are in `test_websocket`."""

import itertools
from collections.abc import Sequence

import pytest

from tremolo_core import (
    Closing,
    Connection,
    Data,
    EndOfMessage,
    Event,
    Headers,
    LocalProtocolError,
    Response,
)
from tremolo_core.answer_head import AnswerHead
from tremolo_core.h11_engine import H11Engine

from .corpus import GET
from .framing import handshake
from .scenes import (
    CHUNKED,
    END,
    EXPECTING,
    HEAD,
    HINTS,
    LAST_GET,
    OLD_GET,
    POST,
    answered,
    asked,
    begun,
    connection,
    of_length,
    pair,
    response,
    sent,
)
from .test_connection import _failed, _sent, refused

pytestmark = pytest.mark.usefixtures("fast_path")

# A whole answer at once.

WHOLE = [
    of_length(5),
    response((b"content-type", b"text/plain"), (b"content-length", b"5")),
    response((b"content-length", b"5"), (b"connection", b"close")),
    response((b"content-length", b"5"), (b"set-cookie", b"a=b")),
    response((b"content-length", b"5"), status=404),
    response((b"content-length", b"5"), status=204),
    response((b"content-length", b"5"), status=304),
    of_length(4),
    of_length(0),
    response(),
    response((b"transfer-encoding", b"identity")),
]


def test_a_whole_answer_is_what_its_parts_would_be() -> None:
    at_once = 0
    requests = [
        GET,
        LAST_GET,
        OLD_GET,
        HEAD,
        POST,
        POST + b"hello",
        CHUNKED,
        EXPECTING,
        handshake(),
    ]
    for raw, answer, body in itertools.product(requests, WHOLE, [b"hello", b""]):
        # Twice, as what was judged once is known.
        for _ in range(2):
            whole, parts = asked(raw), asked(raw)
            data = whole.send_whole(answer, body)
            if data is None:
                assert pair(whole) == pair(parts), "nothing has happened"
                assert not whole.has_data_to_send
                continue
            at_once += 1
            assert data == b"".join(sent(parts, event) for event in (answer, Data(data=body), END))
            assert pair(whole) == pair(parts)
            assert (whole.closing, whole.sends_chunks) == (parts.closing, parts.sends_chunks)
            assert begun(whole)
    assert at_once > 20


def test_what_was_sent_where_another_may_follow_says_so_where_it_is_the_last() -> None:
    # Most answers are the very one that was sent before.
    answer, ending = of_length(5), b"\r\nConnection: close\r\n"
    for raw in (GET, GET, LAST_GET, GET, LAST_GET):
        made = asked(raw)
        data = made.send_whole(answer, b"hello")
        assert data is not None
        assert (ending in data) is (raw is LAST_GET)
        assert made.next_event() == END
        assert made.closing is (Closing.NOW if raw is LAST_GET else Closing.NO)


def test_without_the_fast_path_a_whole_answer_is_written_by_h11(
    fast_path: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bytes] = []
    write = H11Engine.whole

    def noted(self: H11Engine, head: AnswerHead, pieces: Sequence[bytes]) -> bytes:
        written.append(write(self, head, pieces))
        return written[-1]

    monkeypatch.setattr(H11Engine, "whole", noted)
    data = asked().send_whole(of_length(5), b"hello")
    assert written == ([] if fast_path else [data])


def test_a_whole_answer_in_chunks_is_what_its_parts_would_be() -> None:
    at_once = 0
    requests = [GET, LAST_GET, OLD_GET, HEAD, POST, POST + b"hello", CHUNKED, EXPECTING]
    for raw, answer, pieces in itertools.product(requests, WHOLE, [[b"hello"], [b"a", b"b" * 20]]):
        # The lengths that are declared are those of other bodies.
        for _ in range(2):
            whole, parts = asked(raw), asked(raw)
            data = whole.send_chunks(answer, pieces)
            if data is None:
                assert pair(whole) == pair(parts), "nothing has happened"
                assert not whole.has_data_to_send
                continue
            at_once += 1
            assert data == sent(parts, answer, *(Data(data=piece) for piece in pieces), END)
            assert pair(whole) == pair(parts)
            assert (whole.closing, whole.sends_chunks) == (parts.closing, parts.sends_chunks)
            assert begun(whole)
    assert at_once >= 20


def test_a_whole_answer_in_chunks_is_only_sent_where_one_is_due() -> None:
    for made in (connection(), answered(), _sent(asked(), response()), _failed(asked())):
        before = pair(made)
        assert made.send_chunks(response(), [b"hello"]) is None
        assert pair(made) == before
    made = asked()
    made.send(HINTS)
    assert made.send_chunks(response(), [b"hello"]) is None, "something waits to be written"
    made.data_to_send()
    assert made.send_chunks(response(), []) is None, "there is no chunk"
    assert made.send_chunks(response(), [b"hello"]) is not None
    made = connection(b"bad\r\n\r\n")
    refused(made)
    assert made.send_chunks(response(), [b"hello"]) is None
    assert made.data_to_send().startswith(b"HTTP/1.1 400 ")


def test_a_whole_answer_is_only_sent_where_one_is_due() -> None:
    for made in (connection(), answered(), _sent(asked(), of_length(5)), _failed(asked())):
        before = pair(made)
        assert made.send_whole(of_length(5), b"hello") is None
        assert pair(made) == before
    made = asked()
    made.send(HINTS)
    assert made.send_whole(of_length(5), b"hello") is None, "something waits to be written"
    made.data_to_send()
    assert made.send_whole(of_length(5), b"hello") is not None


def test_a_whole_answer_is_none_to_what_was_refused() -> None:
    made = connection(b"bad\r\n\r\n")
    refused(made)
    assert made.send_whole(of_length(5), b"hello") is None
    assert made.data_to_send().startswith(b"HTTP/1.1 400 ")


def test_a_whole_answer_that_may_not_be_sent_leaves_no_trace() -> None:
    made = asked()
    bad = response((b"content-length", b"5"), (b"a", b"b\r\nc: d"))
    with pytest.raises(LocalProtocolError):
        made.send_whole(bad, b"hello")
    assert sent(made, of_length(5), Data(data=b"hello"), END).endswith(b"\r\n\r\nhello")


# A piece of a body.


def test_pieces_are_what_data_would_be() -> None:
    at_once = 0
    requests = [GET, LAST_GET, OLD_GET, HEAD, POST, POST + b"hello", CHUNKED, EXPECTING]
    for raw, answer in itertools.product(requests, [*WHOLE, of_length(7), of_length(8)]):
        pieces, parts = asked(raw), asked(raw)
        for made in (pieces, parts):
            made.send(answer)
            made.data_to_send()
        for data in (b"hello", b"ab", b"c"):
            piece = pieces.send_piece(data)
            if piece is None:
                written = _tried(pieces, data)
            else:
                at_once += 1
                assert any(part is data for part in piece), "nothing is copied"
                written = b"".join(piece)
            assert written == _tried(parts, data)
            assert pair(pieces) == pair(parts)
        assert _tried(pieces, None) == _tried(parts, None)
        assert pair(pieces) == pair(parts)
    assert at_once > 20


def _tried(made: Connection, data: bytes | None) -> bytes | str:
    """What is written of a piece, or of the end, or what is wrong with it."""
    try:
        return sent(made, END if data is None else Data(data=data))
    except LocalProtocolError as error:
        return str(error)


def test_a_piece_is_only_sent_where_one_is_due() -> None:
    for made in (connection(), asked(), answered(), _failed(_sent(asked(), response()))):
        before = pair(made)
        assert made.send_piece(b"hello") is None
        assert pair(made) == before
    for head in (response(), of_length(5)):
        made = asked()
        made.send(head)
        assert made.send_piece(b"hello") is None, "something waits to be written"
        made.data_to_send()
        assert made.send_piece(b"") is None, "there is no piece"
        assert made.send_piece(b"hello") is not None
    assert made.send_piece(b"!") is None, "more than was declared"
    made.send(END)
    assert made.send_piece(b"hello") is None


def test_pieces_and_data_count_together() -> None:
    made = asked()
    sent(made, of_length(5))
    assert made.send_piece(b"he") is not None
    assert sent(made, Data(data=b"l")) == b"l"
    assert made.send_piece(b"lo!") is None
    with pytest.raises(LocalProtocolError, match="2 bytes before its declared length"):
        made.send(END)
    assert made.send_piece(b"lo") is not None
    made.send(END)


def test_pieces_go_on_after_the_client_has_broken_the_rules() -> None:
    made = asked(CHUNKED)
    sent(made, response())
    made.receive_data(b"x\r\n")
    refused(made)
    assert made.send_piece(b"hello") is not None


def test_a_refusal_comes_before_any_piece() -> None:
    made = asked(CHUNKED + b"x\r\n")
    refused(made)
    assert made.send_piece(b"hello") is None
    assert made.data_to_send().startswith(b"HTTP/1.1 400 ")


def test_what_is_sent_together_is_what_its_parts_would_be() -> None:
    for raw, answer, size in itertools.product([GET, LAST_GET, HEAD], WHOLE, [5, 40_000]):
        body = b"hello" if size == 5 else bytes(size)
        headers = Headers(
            (name, b"%d" % size if name == b"content-length" else content)
            for name, content in answer.headers
        )
        answer = Response(status=answer.status, headers=headers)
        together, parts = asked(raw), asked(raw)
        try:
            expected = b"".join(sent(parts, event) for event in (answer, Data(data=body), END))
        except LocalProtocolError:
            with pytest.raises(LocalProtocolError):
                together.send(answer, Data(data=body), END)
            continue
        assert sent(together, answer, Data(data=body), END) == expected
        assert pair(together) == pair(parts)


def test_three_events_that_are_no_whole_answer_are_what_they_would_be_by_themselves() -> None:
    hello = Data(data=b"hello")
    trailing = EndOfMessage(trailers=Headers(((b"a", b"b"),)))
    empty = of_length(0)
    first: list[Event] = [of_length(5), empty, response(), HINTS]
    second: list[Event] = [hello, END, empty]
    third: list[Event] = [END, trailing, hello, empty]
    for events in itertools.product(first, second, third):
        together, parts = asked(), asked()
        try:
            expected = b"".join(sent(parts, event) for event in events)
        except LocalProtocolError as error:
            with pytest.raises(LocalProtocolError) as caught:
                together.send(*events)
            assert str(caught.value) == str(error)
            assert pair(together) == pair(asked()), "nothing has happened"
            continue
        assert sent(together, *events) == expected
        assert pair(together) == pair(parts)


@pytest.mark.parametrize("size", [32_768, 32_769])
def test_a_large_body_is_not_copied_to_stand_behind_its_head(size: int) -> None:
    body = bytes(size)
    made = asked()
    made.send(of_length(size), Data(data=body), END)
    first = made.views_to_send(1_000, 100_000)
    if size == 32_768:
        assert bytes(first).endswith(b"\r\n\r\n" + body)
        return
    assert bytes(first).endswith(b"\r\n\r\n")
    rest = made.views_to_send(1_000, 100_000)
    assert isinstance(rest, memoryview)
    assert rest.obj is body


def test_a_piece_goes_on_where_data_was_sent_chunk_after_chunk() -> None:
    made = Connection()
    made.receive_data(GET)
    made.next_event()
    made.next_event()
    made.send(Response(status=200, headers=Headers(())))
    for _ in range(2):
        made.send(Data(data=b"hello"))
        assert made.data_to_send().endswith(b"5\r\nhello\r\n")
    pieces = made.send_piece(b"hello")
    assert pieces is not None
    assert b"".join(pieces) == b"5\r\nhello\r\n"


# What follows a stream.


def behind_chunks(raw: bytes) -> Connection:
    """One that has heard a request to its end, and before it has sent a body chunk by chunk."""
    made = asked(GET)
    assert made.next_event() == END
    made.send(Response(status=200))
    for _ in range(2):
        made.send(Data(data=b"hello"))
    made.send(END)
    made.data_to_send()
    made.start_next_cycle()
    made.receive_data(raw)
    made.next_event()
    assert made.next_event() == END
    return made


@pytest.mark.parametrize("at_once", [False, True], ids=["by send", "by send_piece"])
def test_pieces_are_counted_in_the_exchange_behind_one_of_chunks(at_once: bool) -> None:
    made = behind_chunks(GET)
    made.send(of_length(5))
    made.data_to_send()
    if at_once:
        assert made.send_piece(b"hello!") is None, "one byte more than was declared"
    with pytest.raises(LocalProtocolError, match="only 5 more"):
        made.send(Data(data=b"hello!"))
    made.send(Data(data=b"hello"), END)
    assert made.data_to_send() == b"hello"


def test_no_body_is_written_in_answer_to_head_behind_one_of_chunks() -> None:
    made = behind_chunks(HEAD)
    made.send(Response(status=200))
    assert made.data_to_send().endswith(b"\r\n\r\n")
    assert made.send_piece(b"hello") is None
    made.send(Data(data=b"hello"))
    made.send(END)
    assert made.data_to_send() == b""
