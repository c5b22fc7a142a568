"""What of a body is sent, and in how many writes."""

from collections.abc import Callable

import anyio
import pytest

from tremolo import Response
from tremolo.exceptions import ClientDisconnected, InternalServerError
from tremolo_core import (
    Data,
    EndOfMessage,
    Headers,
    LocalProtocolError,
)
from tremolo_core import Response as ResponseEvent
from tremolo_transport.exchange import KEEP

from .fake_exchange import FakeExchange, QueueingExchange

pytestmark = pytest.mark.anyio

HTML = (b"content-type", b"text/html; charset=utf-8")
END = EndOfMessage()


def make(method: bytes = b"GET") -> tuple[Response, FakeExchange]:
    exchange = FakeExchange(method=method)
    return Response(exchange), exchange


def kinds(exchange: FakeExchange) -> list[list[str]]:
    return [[type(event).__name__ for event in events] for events in exchange.sends]


async def test_a_whole_answer_is_one_write() -> None:
    response, exchange = make()
    await response.end(b"hello")
    assert kinds(exchange) == [["Response", "Data", "EndOfMessage"]]
    assert exchange.response.headers == (HTML, (b"content-length", b"5"))
    assert (exchange.status, exchange.body) == (200, b"hello")
    assert response.headers_sent()
    assert response.ended


async def test_an_empty_answer() -> None:
    response, exchange = make()
    await response.end()
    assert exchange.header(b"content-length") == b"0"
    assert exchange.complete


@pytest.mark.parametrize("data", ["\xe9", bytearray(b"\xc3\xa9"), memoryview(b"\xc3\xa9")])
async def test_text_and_bytes_of_every_kind(data: str | bytearray | memoryview) -> None:
    response, exchange = make()
    await response.end(data)
    assert exchange.body == b"\xc3\xa9"
    assert exchange.header(b"content-length") == b"2"


async def test_the_head_goes_with_the_first_piece_and_each_piece_at_once() -> None:
    response, exchange = make()
    await response.write(b"one")
    assert response.headers_sent()
    await response.write("two")
    await response.end()
    assert kinds(exchange) == [["Response", "Data"], ["Data"], ["EndOfMessage"]]
    assert exchange.response.headers == (HTML,)
    assert exchange.body == b"onetwo"


async def test_the_last_piece_can_go_with_the_end() -> None:
    response, exchange = make()
    await response.write(b"one")
    await response.end(b"two")
    assert kinds(exchange) == [["Response", "Data"], ["Data", "EndOfMessage"]]


@pytest.mark.parametrize("last", [None, b"", ""])
async def test_writing_nothing_ends(last: bytes | str | None) -> None:
    response, exchange = make()
    await response.write(last)
    assert kinds(exchange) == [["Response", "EndOfMessage"]]
    assert response.ended
    await response.write(last)
    assert len(exchange.sends) == 1


async def test_writing_nothing_after_a_piece_ends() -> None:
    response, exchange = make()
    await response.write(b"a")
    await response.write()
    assert kinds(exchange) == [["Response", "Data"], ["EndOfMessage"]]


async def test_ending_twice_does_nothing_more() -> None:
    response, exchange = make()
    await response.end(b"a")
    await response.end()
    assert len(exchange.sends) == 1


async def test_data_behind_the_end_is_left_to_the_core_to_refuse() -> None:
    response, exchange = make()
    await response.end(b"a")
    exchange.fail_next_send = LocalProtocolError("over")
    with pytest.raises(LocalProtocolError, match="over"):
        await response.end(b"b")


async def test_a_refused_end_is_no_end() -> None:
    response, exchange = make()
    exchange.fail_next_send = LocalProtocolError("a line break")
    with pytest.raises(LocalProtocolError):
        await response.end(b"a")
    assert (response.ended, response.headers_sent()) == (False, False)
    await response.end(b"b")
    assert exchange.body == b"b"


async def test_what_the_server_has_answered_itself_is_answered() -> None:
    response, exchange = make()
    await exchange.send(ResponseEvent(status=413), EndOfMessage())
    with pytest.raises(ClientDisconnected, match="refused"):
        await response.end(b"a")
    with pytest.raises(ClientDisconnected, match="refused"):
        await response.write(b"a")
    assert len(exchange.sends) == 1


async def test_a_cancelled_write_counts_as_sent() -> None:
    response, exchange = make()
    with anyio.CancelScope() as scope:

        def take_and_cancel() -> None:
            exchange.sends.append((ResponseEvent(status=200),))
            scope.cancel()

        exchange.before_send = take_and_cancel
        await response.write(b"a")
    exchange.before_send = lambda: None
    await response.end(b"b")
    assert kinds(exchange) == [["Response"], ["Data", "EndOfMessage"]]


@pytest.mark.parametrize(
    ("status", "fields"), [(204, ()), (304, ()), (205, ((b"content-length", b"0"),))]
)
async def test_a_status_without_a_body(
    status: int, fields: tuple[tuple[bytes, bytes], ...]
) -> None:
    for by_writing in (False, True):
        response, exchange = make()
        response.set_status(status)
        response.set_content_type("text/plain")
        response.set_header("content-length", "5")
        if by_writing:
            await response.write(b"dropped")
            await response.write(b"dropped")
        else:
            await response.end(b"dropped")
        assert response.ended
        assert kinds(exchange) == [["Response", "EndOfMessage"]]
        assert exchange.response.headers == fields


async def test_a_status_without_a_body_keeps_its_other_fields() -> None:
    response, exchange = make()
    response.set_status(304)
    response.set_header("ETag", '"x"')
    await response.end()
    assert exchange.response.headers == ((b"etag", b'"x"'),)


async def test_a_declared_length_frames_a_written_body() -> None:
    response, exchange = make()
    response.set_header("Content-Length", "2")
    await response.write(b"a")
    await response.end(b"b")
    assert exchange.header(b"content-length") == b"2"


async def test_a_wrong_declared_length_of_a_whole_answer_is_set_right() -> None:
    response, exchange = make()
    response.set_header("Content-Length", "7")
    await response.end(b"abc")
    assert exchange.response.headers.get_all(b"content-length") == (b"3",)


async def test_the_answer_to_head_may_declare_a_length_without_the_body() -> None:
    response, exchange = make(b"HEAD")
    response.set_header("Content-Length", "7")
    await response.end()
    assert exchange.response.headers.get_all(b"content-length") == (b"7",)


async def test_the_answer_to_head_has_the_length_of_the_body() -> None:
    response, exchange = make(b"HEAD")
    await response.end(b"abc")
    assert exchange.header(b"content-length") == b"3"
    assert exchange.sends == [(exchange.response, Data(data=b"abc"), END)]


async def test_when_no_more_would_be_sent() -> None:
    response, _ = make()
    seen = [response.takes_no_more]
    await response.write(b"a")
    seen.append(response.takes_no_more)
    await response.end()
    seen.append(response.takes_no_more)
    assert seen == [False, False, True]
    assert make(b"HEAD")[0].takes_no_more


async def test_trailers_go_with_the_end() -> None:
    response, exchange = make()
    await response.write(b"a")
    response.set_trailer("X-Sum", "5")
    response.set_trailer(b"x-sum", b"6")
    await response.end(b"b")
    trailers = Headers([(b"x-sum", b"5"), (b"x-sum", b"6")])
    assert exchange.events[-1] == EndOfMessage(trailers=trailers)
    assert exchange.body == b"ab"


async def test_a_whole_answer_with_trailers_declares_no_length() -> None:
    response, exchange = make()
    response.set_trailer("x-sum", "5")
    await response.end(b"b")
    assert exchange.header(b"content-length") is None
    assert exchange.events[-1] == EndOfMessage(trailers=Headers([(b"x-sum", b"5")]))


async def test_a_piece_may_go_in_smaller_ones() -> None:
    response, exchange = make()
    await response.write(b"abcde", buffer_size=2)
    await response.write(b"fg", buffer_size=2)
    await response.send(b"hij", 0, 2)
    await response.write(b"", buffer_size=2)
    sent = [[getattr(event, "data", None) for event in events] for events in exchange.sends]
    assert sent == [[None, b"ab"], [b"cd"], [b"e"], [b"fg"], [b"hi"], [b"j"], [None]]
    assert exchange.paces == [(0, KEEP, False)]
    with pytest.raises(ValueError, match="one byte at least, not 0"):
        await response.write(b"x", buffer_size=0)


# What need not wait.


@pytest.mark.parametrize("body", [b"hello", "hello"])
def test_a_whole_answer_at_once(body: object) -> None:
    exchange = QueueingExchange(quick=True)
    response = Response(exchange)
    assert response.end_at_once(body)
    assert (exchange.at_once, exchange.body, exchange.complete) == (1, b"hello", True)
    assert (response.headers_sent(), response.ended) == (True, True)
    assert not response.end_at_once(body)
    assert len(exchange.sends) == 1


def test_a_whole_answer_at_once_has_the_head_that_was_told() -> None:
    exchange = QueueingExchange(quick=True)
    response = Response(exchange)
    response.set_status(404, "Gone Fishing")
    response.set_content_type("text/plain")
    response.set_cookie("a", "b")
    assert response.end_at_once(b"hello")
    head = exchange.response
    assert (head.status, head.reason) == (404, b"Gone Fishing")
    assert head.headers == (
        (b"content-type", b"text/plain"),
        (b"set-cookie", b"a=b; Path=/; SameSite=Lax"),
        (b"content-length", b"5"),
    )


async def test_what_is_not_ended_at_once() -> None:
    async def before_head() -> bytes | None:
        return b"another"

    def told(prepare: Callable[[Response], object]) -> Response:
        response = Response(QueueingExchange(quick=True))
        prepare(response)
        return response

    assert not Response(QueueingExchange()).end_at_once(b"hello"), "it would have to wait"
    assert not told(lambda _: None).end_at_once(bytearray(b"hello"))
    assert not told(lambda one: one.set_status(204)).end_at_once(b"hello")
    assert not told(lambda one: one.set_trailer("a", "b")).end_at_once(b"hello")
    assert not told(lambda one: one.call_before_head(before_head)).end_at_once(b"hello")
    begun = told(lambda one: one.hold(b"a"))
    assert not begun.end_at_once(b"hello")


# What is held.


async def test_what_is_held_counts_as_sent_and_goes_with_what_follows() -> None:
    exchange = QueueingExchange()
    response = Response(exchange)
    assert response.hold(b"a")
    assert response.hold(b"b")
    assert exchange.events == []
    assert response.headers_sent()
    with pytest.raises(InternalServerError):
        response.set_status(404)
    await response.write(b"c")
    assert kinds(exchange) == [["Response", "Data", "Data", "Data"]]
    assert response.hold(b"d")
    await response.end(b"e")
    assert kinds(exchange)[1:] == [["Data", "Data", "EndOfMessage"]]
    assert (exchange.body, exchange.complete) == (b"abcde", True)


async def test_what_is_held_can_be_written_before_a_wait_or_waited_for() -> None:
    exchange = QueueingExchange()
    response = Response(exchange)
    response.hold(b"a")
    response.write_held()
    assert kinds(exchange) == [["Response", "Data"]]
    response.hold(b"b")
    await response.flush()
    assert kinds(exchange)[1:] == [["Data"]]


def test_that_nobody_is_there_is_told_by_what_is_sent_next() -> None:
    exchange = QueueingExchange()
    response = Response(exchange)
    response.hold(b"a")
    exchange.fail_next_queue = ClientDisconnected("gone")
    response.write_held()
    assert exchange.sends == []


def test_a_head_that_may_not_be_sent_is_no_head() -> None:
    exchange = QueueingExchange()
    response = Response(exchange)
    response.set_header("a", "b\nc")
    exchange.fail_next_queue = LocalProtocolError("a line break")
    with pytest.raises(LocalProtocolError):
        response.hold(b"a")
    assert not response.headers_sent()


def test_what_may_be_too_much_is_judged_at_once() -> None:
    exchange = QueueingExchange()
    response = Response(exchange)
    response.set_header("content-length", "2")
    assert response.hold(b"a")
    assert response.hold(b"b")
    assert exchange.queued[1:] == [Data(data=b"a"), Data(data=b"b")]


async def test_what_is_not_held() -> None:
    async def before_head() -> bytes | None:
        return None

    assert not Response(FakeExchange()).hold(b"a")
    response = Response(QueueingExchange())
    response.call_before_head(before_head)
    assert not response.hold(b"a")
    response = Response(QueueingExchange())
    response.set_status(204)
    assert not response.hold(b"a")
    response = Response(QueueingExchange())
    await response.end(b"a")
    assert not response.hold(b"b")


def test_what_is_held_may_be_all() -> None:
    exchange = QueueingExchange(quick=True)
    response = Response(exchange)
    response.hold(b"a")
    response.hold(b"b")
    assert response.end_held()
    assert kinds(exchange) == [["Response", "Data", "Data", "EndOfMessage"]]
    assert (exchange.at_once, response.ended) == (1, True)


async def test_what_is_held_and_is_not_all() -> None:
    exchange = QueueingExchange()
    slow = Response(exchange)
    slow.hold(b"a")
    assert not slow.end_held()
    await slow.end()
    assert (exchange.body, exchange.complete) == (b"a", True)
    with_trailers = Response(QueueingExchange(quick=True))
    with_trailers.hold(b"a")
    with_trailers.set_trailer("a", "b")
    assert not with_trailers.end_held()
    last = Response(QueueingExchange(quick=True))
    last.hold(b"a")
    last.close()
    assert not last.end_held()
    begun = Response(QueueingExchange(quick=True))
    begun.hold(b"a")
    await begun.write(b"b")
    begun.hold(b"c")
    assert not begun.end_held()
