"""What becomes of everything that a handler can give, and of its generators."""

import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from tremolo import Response, answering
from tremolo.answering import answer
from tremolo.threads import Threads
from tremolo_core import Data, EndOfMessage
from tremolo_transport.exchange import ClientDisconnected

from .fake_exchange import FakeExchange, QueueingExchange

pytestmark = pytest.mark.anyio


async def answered(
    result: Any, *, method: bytes = b"GET", collect: int = 0
) -> tuple[Response, FakeExchange]:
    exchange = FakeExchange(method=method)
    response = Response(exchange)
    await answer(result, response, threads=Threads(1), collect=collect)
    return response, exchange


async def produce(*chunks: Any) -> AsyncIterator[Any]:
    for chunk in chunks:
        yield chunk


def plainly_produce(*chunks: Any) -> Iterator[Any]:
    yield from chunks


def pieces(exchange: FakeExchange) -> list[bytes]:
    """What each write had of the body."""
    return [
        b"".join(event.data for event in events if isinstance(event, Data))
        for events in exchange.sends
    ]


@pytest.mark.parametrize("result", [b"hello", "hello", bytearray(b"hello"), ("hello", "latin-1")])
async def test_a_returned_body_is_one_write_of_known_length(result: object) -> None:
    _, exchange = await answered(result)
    assert pieces(exchange) == [b"hello"]
    assert exchange.header(b"content-length") == b"5"
    assert exchange.header(b"content-type") == b"text/html; charset=utf-8"
    assert exchange.complete


async def test_a_returned_content_type_is_the_answers() -> None:
    _, exchange = await answered((b"{}", "application/json"))
    assert exchange.header(b"content-type") == b"application/json"


async def test_a_dict_is_json() -> None:
    _, exchange = await answered({"a": 1})
    assert exchange.header(b"content-type") == b"application/json"
    assert exchange.body == b'{"a":1}'


async def test_a_dict_is_of_the_type_that_the_handler_set() -> None:
    exchange = FakeExchange()
    response = Response(exchange)
    response.set_content_type("application/problem+json")
    await answer({"a": 1}, response, threads=Threads(1))
    assert exchange.header(b"content-type") == b"application/problem+json"


async def test_none_is_no_content() -> None:
    _, exchange = await answered(None)
    assert exchange.status == 204
    assert exchange.response.headers == ()
    assert exchange.complete


async def test_none_with_a_status_is_an_empty_answer() -> None:
    exchange = FakeExchange()
    response = Response(exchange)
    response.set_status(404)
    await answer(None, response, threads=Threads(1))
    assert (exchange.status, exchange.body, exchange.complete) == (404, b"", True)
    assert exchange.header(b"content-length") == b"0"


@pytest.mark.parametrize("result", [None, True])
async def test_what_the_handler_has_begun_is_completed(result: object) -> None:
    exchange = FakeExchange()
    response = Response(exchange)
    await response.write(b"a")
    await answer(result, response, threads=Threads(1))
    assert (exchange.status, exchange.body, exchange.complete) == (200, b"a", True)


@pytest.mark.parametrize("result", [None, True])
async def test_what_the_handler_has_completed_is_left_alone(result: object) -> None:
    exchange = FakeExchange()
    response = Response(exchange)
    await response.end(b"a")
    await answer(result, response, threads=Threads(1))
    assert len(exchange.sends) == 1


async def test_what_is_returned_after_writing_is_the_last_piece() -> None:
    exchange = FakeExchange()
    response = Response(exchange)
    await response.write(b"a")
    await answer(({}, "text/plain"), response, threads=Threads(1))
    assert (exchange.body, exchange.complete) == (b"a{}", True)


async def test_true_without_an_answer_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="returned True"):
        await answered(True)


@pytest.mark.parametrize("result", [5, False, object(), 1.5, {1, 2}])
async def test_other_values_are_an_error_and_send_nothing(result: object) -> None:
    exchange = FakeExchange()
    with pytest.raises(TypeError, match="nothing that can be sent"):
        await answer(result, Response(exchange), threads=Threads(1))
    assert exchange.sends == []


@pytest.mark.parametrize("make", [produce, plainly_produce])
async def test_each_chunk_is_sent_at_once(make: Any) -> None:
    _, exchange = await answered(make(b"a", "b", b"", bytearray(b"c")))
    assert pieces(exchange) == [b"a", b"b", b"c", b""]
    assert exchange.header(b"content-length") is None
    assert exchange.complete


@pytest.mark.parametrize("make", [produce, plainly_produce])
@pytest.mark.parametrize("chunks", [(), (b"",)])
async def test_a_generator_without_chunks_is_an_empty_answer(
    make: Any, chunks: tuple[bytes, ...]
) -> None:
    _, exchange = await answered(make(*chunks))
    assert (exchange.status, pieces(exchange), exchange.complete) == (200, [b""], True)
    assert exchange.header(b"content-length") == b"0"


async def test_a_chunk_is_sent_before_the_next_is_asked_for() -> None:
    exchange = FakeExchange()
    seen: list[int] = []

    async def handler() -> AsyncIterator[bytes]:
        for _ in range(3):
            seen.append(len(exchange.sends))
            yield b"x"

    await answer(handler(), Response(exchange), threads=Threads(1))
    assert seen == [0, 1, 2]


@pytest.mark.parametrize("make", [produce, plainly_produce])
async def test_collected_chunks_are_sent_together(make: Any) -> None:
    _, exchange = await answered(make(b"ab", b"c", b"defg", b"h"), collect=3)
    assert pieces(exchange) == [b"abc", b"defg", b"h"]
    assert exchange.complete


async def test_collected_chunks_that_are_few_are_one_write_of_known_length() -> None:
    _, exchange = await answered(produce(b"ab", b"c"), collect=100)
    assert pieces(exchange) == [b"abc"]
    assert exchange.header(b"content-length") == b"3"


async def test_an_error_before_the_first_chunk_sends_nothing() -> None:
    exchange = FakeExchange()

    async def handler(chunks: dict[str, bytes]) -> AsyncIterator[bytes]:
        yield chunks["missing"]

    with pytest.raises(KeyError):
        await answer(handler({}), Response(exchange), threads=Threads(1))
    assert exchange.sends == []


@pytest.mark.parametrize("make", [produce, plainly_produce])
async def test_a_chunk_that_cannot_be_sent_breaks_the_answer_off(make: Any) -> None:
    exchange = FakeExchange()
    with pytest.raises(TypeError, match="nothing that can be sent"):
        await answer(make(b"a", 5), Response(exchange), threads=Threads(1))
    assert pieces(exchange) == [b"a"]
    assert not exchange.complete


class Closable:
    """Generators without end, and whether they were closed."""

    def __init__(self) -> None:
        self.closed = False

    async def produce(self) -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x"
        finally:
            await anyio.lowlevel.checkpoint()
            self.closed = True

    def plainly_produce(self) -> Iterator[bytes]:
        try:
            while True:
                yield b"x"
        finally:
            self.closed = True


@pytest.fixture(params=["produce", "plainly_produce"])
def endless(request: pytest.FixtureRequest) -> tuple[Closable, Any]:
    closable = Closable()
    return closable, getattr(closable, request.param)()


async def test_a_generator_is_closed_when_the_client_leaves(endless: tuple[Closable, Any]) -> None:
    closable, generator = endless
    exchange = FakeExchange()
    exchange.fail_next_send = ClientDisconnected("gone")
    with pytest.raises(ClientDisconnected):
        await answer(generator, Response(exchange), threads=Threads(1))
    assert closable.closed


async def test_a_generator_is_closed_when_its_handler_is_cancelled(
    endless: tuple[Closable, Any],
) -> None:
    closable, generator = endless
    exchange = FakeExchange()
    with anyio.CancelScope() as scope:
        exchange.before_send = scope.cancel
        await answer(generator, Response(exchange), threads=Threads(1))
    assert (scope.cancelled_caught, closable.closed) == (True, True)


async def test_the_answer_to_head_needs_only_the_first_chunk(endless: tuple[Closable, Any]) -> None:
    closable, generator = endless
    exchange = FakeExchange(method=b"HEAD")
    await answer(generator, Response(exchange), threads=Threads(1))
    assert closable.closed
    assert exchange.complete


async def test_a_status_without_a_body_needs_no_chunk_but_the_first(
    endless: tuple[Closable, Any],
) -> None:
    closable, generator = endless
    exchange = FakeExchange()
    response = Response(exchange)
    response.set_status(204)
    await answer(generator, response, threads=Threads(1))
    assert closable.closed
    assert (exchange.status, exchange.body, exchange.complete) == (204, b"", True)


async def test_an_error_of_the_clean_up_is_logged_and_hides_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def handler() -> AsyncIterator[bytes]:
        try:
            yield b"a"
        finally:
            raise KeyError("in the clean-up")

    exchange = FakeExchange()
    exchange.fail_next_send = ClientDisconnected("gone")
    with pytest.raises(ClientDisconnected):
        await answer(handler(), Response(exchange), threads=Threads(1))
    assert "failed to clean up" in caplog.text
    assert "in the clean-up" in caplog.text


async def test_clean_up_that_does_not_end_is_given_up(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "CLEAN_UP_SECONDS", 0)

    async def handler() -> AsyncIterator[bytes]:
        try:
            yield b"a"
        finally:
            await anyio.sleep_forever()

    exchange = FakeExchange()
    exchange.fail_next_send = ClientDisconnected("gone")
    with pytest.raises(ClientDisconnected):
        await answer(handler(), Response(exchange), threads=Threads(1))
    assert "still cleaning up" in caplog.text


async def test_a_plain_generator_runs_in_threads() -> None:
    threads: set[int] = set()

    def handler() -> Iterator[bytes]:
        threads.add(threading.get_ident())
        yield b"a"
        threads.add(threading.get_ident())

    await answered(handler())
    assert threading.get_ident() not in threads


# What is yielded without waiting.


async def gathered(generator: AsyncIterator[Any]) -> QueueingExchange:
    exchange = QueueingExchange()
    await answer(generator, Response(exchange), threads=Threads(1))
    return exchange


async def test_what_is_yielded_without_waiting_is_one_write() -> None:
    exchange = await gathered(produce("one", b"", "two"))
    (events,) = exchange.sends
    assert events[1:] == (Data(data=b"one"), Data(data=b"two"), EndOfMessage())
    assert exchange.header(b"content-length") is None


async def test_nothing_is_held_up_by_a_wait_and_what_comes_then_is_sent_one_by_one() -> None:
    exchange = QueueingExchange()

    async def produce() -> AsyncIterator[str]:
        yield "one"
        yield "two"
        assert not exchange.sends
        await anyio.lowlevel.checkpoint()
        assert pieces(exchange) == [b"onetwo"]
        yield "three"
        assert pieces(exchange)[1:] == [b"three"]
        yield "four"
        assert pieces(exchange)[2:] == [b"four"]

    await answer(produce(), Response(exchange), threads=Threads(1))
    assert pieces(exchange) == [b"onetwo", b"three", b"four", b""]
    assert exchange.complete


async def test_a_wait_before_anything_is_yielded_and_one_behind_the_last() -> None:
    async def produce() -> AsyncIterator[str]:
        await anyio.lowlevel.checkpoint()
        yield "one"
        await anyio.lowlevel.checkpoint()

    exchange = await gathered(produce())
    assert pieces(exchange) == [b"one", b""]
    assert exchange.complete

    async def waits_at_last() -> AsyncIterator[str]:
        yield "one"
        await anyio.lowlevel.checkpoint()

    exchange = await gathered(waits_at_last())
    assert pieces(exchange) == [b"one", b""]
    assert exchange.complete


async def test_only_so_much_comes_together() -> None:
    exchange = await gathered(produce(*(bytes(16_384),) * 5, b"a"))
    assert [len(piece) for piece in pieces(exchange)] == [65_536, 16_385]


@pytest.mark.parametrize("error", [ValueError("the reason"), SystemExit("the reason")])
async def test_what_was_yielded_before_an_error_is_sent(error: BaseException) -> None:
    exchange = QueueingExchange()

    async def produce() -> AsyncIterator[str]:
        yield "one"
        raise error

    with pytest.raises(type(error), match="the reason"):
        await answer(produce(), Response(exchange), threads=Threads(1))
    assert pieces(exchange) == [b"one"]
    assert not exchange.complete


async def test_a_status_without_a_body_ends_the_generator_that_yields_one() -> None:
    closed = list[bool]()

    async def produce() -> AsyncIterator[str]:
        try:
            yield "one"
            yield "two"
        finally:
            closed.append(True)

    exchange = QueueingExchange()
    response = Response(exchange)
    response.set_status(204)
    await answer(produce(), response, threads=Threads(1))
    assert pieces(exchange) == [b""]
    assert exchange.complete
    assert closed == [True]
