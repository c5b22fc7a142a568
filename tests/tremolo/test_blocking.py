"""Request and response from a worker thread."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from tremolo import BlockingRequest, BlockingResponse, Request, Response
from tremolo.exceptions import PayloadTooLarge
from tremolo.threads import Threads
from tremolo_core import Data, EndOfMessage, Event
from tremolo_transport.exchange import KEEP

from .fake_exchange import FakeExchange

pytestmark = pytest.mark.anyio

T = TypeVar("T")

OWN_TEXT = Path(__file__).read_bytes()


async def in_thread(func: Callable[[], T]) -> T:
    return await Threads(1).call(func)


def request_with(*pieces: bytes) -> tuple[BlockingRequest, Request]:
    script: list[Event] = [*(Data(data=piece) for piece in pieces), EndOfMessage()]
    exchange = FakeExchange(b"/x?a=b", method=b"POST", script=script)
    request = Request(exchange, body_limit=100, buffer_size=4)
    return BlockingRequest(request), request


async def test_the_body_in_pieces() -> None:
    request, _ = request_with(b"abcdef", b"gh")
    assert await in_thread(lambda: list(request.stream())) == [b"abcd", b"ef", b"gh"]


async def test_the_body_at_once() -> None:
    request, original = request_with(b"abcdef", b"gh")
    assert not request.eof()
    assert await in_thread(request.body) == b"abcdefgh"
    assert await original.body() == b"abcdefgh"
    assert request.eof()


async def test_the_body_by_size() -> None:
    request, _ = request_with(b"abcdef", b"gh")
    assert await in_thread(lambda: request.read(3)) == b"abc"
    assert await in_thread(request.read) == b"def"


async def test_the_timeout_is_the_originals() -> None:
    original = Request(FakeExchange(script=[]), body_limit=100, buffer_size=4)
    request = BlockingRequest(original)
    assert request.timeout is None
    request.timeout = 0.01
    assert original.timeout == 0.01
    for read in (request.read, request.body, lambda: list(request.stream())):
        with pytest.raises(TimeoutError):
            await in_thread(read)


async def test_a_form() -> None:
    exchange = FakeExchange(
        method=b"POST",
        headers=[(b"content-type", b"application/x-www-form-urlencoded")],
        script=[Data(data=b"a=1&b=2"), EndOfMessage()],
    )
    request = BlockingRequest(Request(exchange, body_limit=None, buffer_size=4))
    with pytest.raises(PayloadTooLarge):
        await in_thread(lambda: request.form(1))
    exchange.script = [Data(data=b"a=1"), EndOfMessage()]
    request = BlockingRequest(Request(exchange, body_limit=None, buffer_size=4))
    assert await in_thread(lambda: request.form(max_size=3)) == {"a": ["1"]}
    assert request.context.post == {"a": ["1"]}


async def test_the_head_and_the_context_are_the_same() -> None:
    request, original = request_with()
    assert (request.method, request.path, request.query) == (b"POST", b"/x", {"a": ["b"]})
    assert request.context is request.ctx is request.params is original.context


async def test_a_response_written() -> None:
    exchange = FakeExchange()
    response = BlockingResponse(Response(exchange))

    def handler() -> None:
        response.set_status(201, "Made")
        response.set_header("a", "1")
        response.append_header("a", "2")
        response.set_content_type("text/plain")
        response.set_cookie("a", "b", httponly=True)
        assert response.redirect("/x", 307).code == 307
        assert response.get_status() == (201, b"Made")
        assert response.content_type == b"text/plain"
        assert response.headers[b"a"] == [b"1", b"2"]
        assert not response.headers_sent()
        response.write(b"a")
        assert response.headers_sent()
        assert not response.ended
        response.write("b", buffer_size=1)
        response.send(b"cd", 0, 1)
        response.end(b"e")
        assert response.ended

    await in_thread(handler)
    assert (exchange.status, exchange.body, exchange.complete) == (201, b"abcde", True)
    assert exchange.response.headers.get_all(b"a") == (b"1", b"2")
    assert exchange.header(b"set-cookie") == b"a=b; Path=/; SameSite=Lax; HttpOnly"


async def test_outside_of_a_worker_thread_it_says_so() -> None:
    request, _ = request_with()
    with pytest.raises(RuntimeError):
        request.body()


async def test_a_file_and_a_rate() -> None:
    exchange = FakeExchange()
    response = BlockingResponse(Response(exchange))

    def handler() -> None:
        response.pace(upload=2)
        response.sendfile(__file__, 3, 5, rate=1, filename="a.py")

    await in_thread(handler)
    assert exchange.body == OWN_TEXT[3:8]
    assert (b"content-disposition", b'attachment; filename="a.py"') in exchange.response.headers
    assert exchange.paces == [(KEEP, 2, False), (1, KEEP, False)]
