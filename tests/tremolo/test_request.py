"""A request's body through the request."""

import pytest

from tremolo import Request
from tremolo_core import Data, EndOfMessage, Event

from .fake_exchange import FakeExchange

pytestmark = pytest.mark.anyio


def request_with(*pieces: bytes) -> Request:
    script: list[Event] = [*(Data(data=piece) for piece in pieces), EndOfMessage()]
    exchange = FakeExchange(method=b"POST", script=script)
    return Request(exchange, body_limit=100, buffer_size=4)


async def test_the_body_is_kept() -> None:
    request = request_with(b"abcdef", b"gh")
    assert not request.eof()
    assert await request.body() == b"abcdefgh"
    assert request.eof()
    assert await request.body() == b"abcdefgh"
    assert await request.read() == b""


async def test_the_body_in_pieces() -> None:
    request = request_with(b"abcdef", b"gh")
    assert [piece async for piece in request.stream()] == [b"abcd", b"ef", b"gh"]
    assert await request.body() == b""


async def test_the_body_by_size() -> None:
    request = request_with(b"abcdef", b"ghi")
    assert await request.read() == b"abcd"
    assert await request.read(3) == b"efg"
    assert await request.read(-1) == b"hi"
    assert await request.read() == b""


async def test_the_buffer_size_can_be_changed() -> None:
    request = request_with(b"abcdef")
    request.set_buffer_size(1)
    assert await request.read() == b"a"
    request.set_buffer_size(3)
    assert await request.read() == b"bcd"


async def test_the_limit_reaches_the_exchange() -> None:
    request = request_with(b"a")
    await request.body()
    assert isinstance(request.exchange, FakeExchange)
    assert request.exchange.body_limits == [100]
