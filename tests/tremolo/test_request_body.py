"""A body in pieces that the client chose, read in pieces that the handler chooses."""

import anyio
import pytest

from tremolo.request_body import RequestBody
from tremolo_core import ConnectionClosed, Data, EndOfMessage, Event, Response
from tremolo_transport.exchange import ClientDisconnected

from .fake_exchange import FakeExchange

pytestmark = pytest.mark.anyio

END = EndOfMessage()


def body_of(*script: Event, piece_size: int = 4) -> tuple[RequestBody, FakeExchange]:
    exchange = FakeExchange(method=b"POST", script=script)
    return RequestBody(exchange, limit=100, piece_size=piece_size), exchange


def data(*pieces: bytes) -> list[Event]:
    return [Data(data=piece) for piece in pieces]


async def test_pieces_are_never_longer_than_the_piece_size() -> None:
    body, _ = body_of(*data(b"abcdefghi", b"jk"), END)
    assert [piece async for piece in body.pieces()] == [b"abcd", b"efgh", b"i", b"jk"]
    assert body.ended


async def test_an_empty_body_has_no_pieces() -> None:
    body, _ = body_of(END)
    assert [piece async for piece in body.pieces()] == []
    assert await body.next_piece() == b""
    assert await body.read_all() == b""


async def test_the_limit_is_set_once_and_only_when_the_body_is_asked_for() -> None:
    body, exchange = body_of(*data(b"a", b"b"), END)
    assert exchange.body_limits == []
    await body.next_piece()
    assert exchange.body_limits == [100]
    await body.read_all()
    assert exchange.body_limits == [100]


async def test_read_gives_exactly_what_is_asked_for_until_less_is_left() -> None:
    body, _ = body_of(*data(b"ab", b"cdefg", b"h"), END)
    assert await body.read(5) == b"abcde"
    assert await body.read(0) == b""
    assert await body.read(2) == b"fg"
    assert not body.ended
    assert await body.read(9) == b"h"
    assert await body.read(9) == b""


async def test_the_ways_to_read_share_one_position() -> None:
    body, _ = body_of(*data(b"abcdefghij", b"klm"), END)
    assert await body.read(1) == b"a"
    assert await body.next_piece() == b"bcde"
    assert await anext(body.pieces()) == b"fghi"
    assert await body.read_all() == b"jklm"
    assert body.ended


async def test_a_body_that_breaks_off_is_a_client_that_left() -> None:
    body, _ = body_of(*data(b"ab"), ConnectionClosed())
    with pytest.raises(ClientDisconnected):
        await body.read_all()
    with pytest.raises(ClientDisconnected):
        [piece async for piece in body.pieces() if piece != b"ab"]


async def test_what_arrived_before_the_break_can_be_read() -> None:
    body, _ = body_of(*data(b"ab"), ConnectionClosed())
    assert await body.next_piece() == b"ab"
    with pytest.raises(ClientDisconnected):
        await body.next_piece()


async def test_what_is_no_part_of_a_body_is_the_exchanges_fault() -> None:
    body, _ = body_of(Response(status=200))
    with pytest.raises(RuntimeError, match="Response is no part"):
        await body.next_piece()


@pytest.mark.parametrize("whole", [False, True])
async def test_a_cancelled_read_has_lost_nothing(whole: bool) -> None:
    body, exchange = body_of(*data(b"abc", b"de"))
    assert await body.read(1) == b"a"
    async with anyio.create_task_group() as group:

        async def read() -> None:
            await (body.read_all() if whole else body.read(100))

        group.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    exchange.script = [*data(b"f"), END]
    assert await body.read_all() == b"bcdef"
