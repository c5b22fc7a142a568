"""What is sent in one step is what its parts would be. Messages are in `test_websocket`."""

import itertools

import pytest

from tremolo_core import Data, LocalProtocolError

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
            assert data == sent(parts, answer, Data(data=body), END)
            assert pair(whole) == pair(parts)
            assert (whole.closing, whole.sends_chunks) == (parts.closing, parts.sends_chunks)
            assert begun(whole)
    assert bool(at_once) is (connection()._incoming.fast is not None)


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
    assert bool(at_once) is (connection()._incoming.fast is not None)


def test_a_whole_answer_in_chunks_is_only_sent_where_one_is_due(fast_path: bool) -> None:
    for made in (connection(), answered(), _sent(asked(), response()), _failed(asked())):
        before = pair(made)
        assert made.send_chunks(response(), [b"hello"]) is None
        assert pair(made) == before
    made = asked()
    made.send(HINTS)
    assert made.send_chunks(response(), [b"hello"]) is None, "something waits to be written"
    made.data_to_send()
    assert made.send_chunks(response(), []) is None, "there is no chunk"
    assert (made.send_chunks(response(), [b"hello"]) is not None) is fast_path
    made = connection(b"bad\r\n\r\n")
    refused(made)
    assert made.send_chunks(response(), [b"hello"]) is None
    assert made.data_to_send().startswith(b"HTTP/1.1 400 ")


def test_a_whole_answer_is_only_sent_where_one_is_due(fast_path: bool) -> None:
    for made in (connection(), answered(), _sent(asked(), of_length(5)), _failed(asked())):
        before = pair(made)
        assert made.send_whole(of_length(5), b"hello") is None
        assert pair(made) == before
    made = asked()
    made.send(HINTS)
    assert made.send_whole(of_length(5), b"hello") is None, "something waits to be written"
    made.data_to_send()
    assert (made.send_whole(of_length(5), b"hello") is not None) is fast_path


def test_a_whole_answer_is_none_to_what_was_refused() -> None:
    made = connection(b"bad\r\n\r\n")
    refused(made)
    assert made.send_whole(of_length(5), b"hello") is None
    assert made.data_to_send().startswith(b"HTTP/1.1 400 ")


def test_a_whole_answer_that_may_not_be_sent_leaves_no_trace(fast_path: bool) -> None:
    made = asked()
    bad = response((b"content-length", b"5"), (b"a", b"b\r\nc: d"))
    if fast_path:
        with pytest.raises(LocalProtocolError):
            made.send_whole(bad, b"hello")
    else:
        assert made.send_whole(bad, b"hello") is None
    assert sent(made, of_length(5), Data(data=b"hello"), END).endswith(b"\r\n\r\nhello")
