"""What is sent without a wait: when it is written, and that it stays in its place."""

import asyncio

import anyio
import pytest
from anyio import EndOfStream

from tremolo_transport.asyncio_stream import AsyncioStream
from tremolo_transport.turn_end import turn_end_of

from .conversations import PATIENCE
from .test_asyncio_stream import anyio_backend, native_pair

__all__ = ("anyio_backend",)

pytestmark = pytest.mark.anyio


async def received(stream: AsyncioStream, size: int) -> bytes:
    data = b""
    with anyio.fail_after(PATIENCE):
        while len(data) < size:
            data += await stream.receive()
    return data


@pytest.mark.parametrize("size", [2, 33_000])
async def test_what_is_short_is_held_to_the_end_of_the_turn(size: int) -> None:
    async with native_pair() as (one, other):
        item = b"a" * size
        one.send_at_once(item)
        assert one.unwritten >= size
        assert await received(other, size) == item
        assert one.unwritten == 0


async def test_nothing_is_held_where_nobody_else_sends() -> None:
    async with native_pair() as (one, other):
        turn_end = turn_end_of(asyncio.get_running_loop())
        turn_end.begin(alone=True)
        one.send_at_once(b"ab")
        assert one.unwritten == 0
        turn_end.write()
        one.send_at_once(b"cd")
        assert one.unwritten == 2, "that was for one turn"
        assert await received(other, 4) == b"abcd"


@pytest.mark.parametrize("size", [1, 40_960, 40_961, 100_000])
async def test_all_that_is_sent_in_one_turn_is_in_its_order(size: int) -> None:
    async with native_pair() as (one, other):
        expected = b""
        for number in range(3):
            item = bytes([number]) * size
            one.send_at_once(item)
            one.send_parts_at_once([b"<", item, b">"])
            one.send_at_once(b"!")
            expected += item + b"<" + item + b">!"
        await one.send(b"end")
        assert await received(other, len(expected) + 3) == expected + b"end"


async def test_what_is_held_is_written_before_the_end() -> None:
    for how in ("send_eof", "aclose", "close_at_once"):
        async with native_pair() as (one, other):
            one.send_at_once(b"last")
            if how == "send_eof":
                await one.send_eof()
            elif how == "aclose":
                await one.aclose()
            else:
                one.close_at_once()
            with anyio.fail_after(PATIENCE):
                assert await received(other, 4) == b"last"
                if how != "close_at_once" or one._closed:
                    with pytest.raises(EndOfStream):
                        await other.receive()


async def test_what_is_held_is_waited_for_by_who_asks() -> None:
    async with native_pair() as (one, other):
        one.send_at_once(b"x")
        await one.until_written()
        assert one.unwritten == 0
        assert await received(other, 1) == b"x"


async def test_what_is_held_for_a_peer_that_has_gone_is_dropped() -> None:
    async with native_pair() as (one, other):
        await other.aclose()
        with pytest.raises(EndOfStream):
            await one.receive()
        with anyio.fail_after(PATIENCE):
            while one.takes_at_once:
                one.send_at_once(b"x")
                await anyio.lowlevel.checkpoint()
        assert one.unwritten == 0
