"""What is sent without a wait: when it is written, and that it stays in its place."""

import asyncio
import math
import socket
import struct

import anyio
import pytest
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream
from anyio.abc import SocketAttribute

from tremolo_transport.asyncio_stream import AsyncioStream
from tremolo_transport.turn_end import TurnEnd, turn_end_of

from .conversations import PATIENCE
from .test_asyncio_stream import anyio_backend, native_pair

__all__ = ("anyio_backend",)

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def turn_end() -> TurnEnd:
    """One that holds what is sent for as long as a turn lasts, however slow the machine is."""
    turn_end = turn_end_of(asyncio.get_running_loop())
    turn_end.longest = math.inf
    return turn_end


async def received(stream: AsyncioStream, size: int) -> bytes:
    data = bytearray()
    with anyio.fail_after(PATIENCE):
        while len(data) < size:
            data += await stream.receive()
    return bytes(data)


@pytest.mark.parametrize("size", [2, 33_000])
async def test_what_is_short_is_held_to_the_end_of_the_turn(size: int) -> None:
    async with native_pair() as (one, other):
        item = b"a" * size
        one.send_at_once(item)
        assert one.unwritten >= size
        assert await received(other, size) == item
        assert one.unwritten == 0


async def test_nothing_is_held_where_nobody_else_sends(turn_end: TurnEnd) -> None:
    async with native_pair() as (one, other):
        turn_end.begin(alone=True)
        one.send_at_once(b"ab")
        assert one.unwritten == 0
        turn_end.write()
        one.send_at_once(b"cd")
        assert one.unwritten == 2, "that was for one turn"
        assert await received(other, 4) == b"abcd"


@pytest.mark.parametrize("size", [2, 40_961])
async def test_nothing_is_held_where_a_turn_is_long(turn_end: TurnEnd, size: int) -> None:
    async with native_pair() as (one, other):
        turn_end.longest = 0.0
        turn_end.begin(alone=False)
        for name in (b"a", b"b"):
            one.send_parts_at_once([name, bytes(size - 1)])
            one.send_at_once(name)
            assert one.unwritten == 0
        turn_end.write()
        expected = b"".join(name + bytes(size - 1) + name for name in (b"a", b"b"))
        assert await received(other, len(expected)) == expected


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


async def test_large_pieces_that_follow_one_another_are_written_together() -> None:
    async with native_pair() as (one, other):
        piece = [b"<", bytes(65_534), b">"]
        for number in range(1, 4):
            one.send_parts_at_once(piece)
            assert one.unwritten == number * 65_536
        one.send_parts_at_once(piece)
        assert one._gathered == [], "these are enough"
        one.send_parts_at_once(piece)
        assert await received(other, 5 * 65_536) == b"".join(piece * 5)
        assert one.unwritten == 0, "the turn is over"


async def test_nobody_waits_for_a_small_piece() -> None:
    async with native_pair() as (one, other):
        one.send_parts_at_once([b"<", bytes(65_534), b">"])
        one.send_parts_at_once([b"ab", b"c"])
        assert one._gathered == []
        assert (await received(other, 65_539))[-4:] == b">abc"


async def test_no_pieces_are_gathered_for_a_peer_that_does_not_read() -> None:
    async with native_pair() as (one, other):
        sent = 0
        while one.takes_at_once:
            sent += one.send_parts_at_once([bytes(50_000)])
            assert not (one._unsent and one._gathered)
        # What was gathered, or what waited already, and one piece.
        assert one.unwritten <= 300_000
        await other.aclose()
        with anyio.fail_after(PATIENCE), pytest.raises(BrokenResourceError):
            await one.until_written()
        assert one.unwritten == 0


@pytest.mark.parametrize("how", ["send_eof", "aclose", "until_written", "send"])
async def test_gathered_pieces_come_before_what_is_done_next(how: str) -> None:
    async with native_pair() as (one, other):
        one.send_parts_at_once([b"a" * 50_000, b"b" * 50_000])
        match how:
            case "send_eof":
                await one.send_eof()
            case "aclose":
                await one.aclose()
            case "until_written":
                await one.until_written()
                assert one.unwritten == 0
            case _:
                await one.send(b"c")
        expected = b"a" * 50_000 + b"b" * 50_000 + (b"c" if how == "send" else b"")
        assert await received(other, len(expected)) == expected


async def test_gathered_pieces_of_a_connection_that_has_ended_are_dropped() -> None:
    async with native_pair() as (one, _):
        one.send_parts_at_once([bytes(50_000)])
        one._end(None)
        assert one.unwritten == 0
        one.write_held()


async def test_a_turn_lets_others_run_once() -> None:
    ran: list[int] = []
    loop = asyncio.get_running_loop()
    async with native_pair() as (one, _):
        one.send_parts_at_once([bytes(20_000)] * 100)
        for number in range(3):
            loop.call_soon(ran.append, number)
            loop.call_soon(loop.call_soon, ran.append, -1)
            await one.next_turn()
            assert ran == [number], "what they have begun is for the next turn"
            assert not one.turn_is_over
            await asyncio.sleep(0)
            ran.clear()


async def test_a_turn_can_be_cancelled() -> None:
    async with native_pair() as (one, _):
        task = asyncio.ensure_future(asyncio.wait_for(wait_for_turn(one), PATIENCE))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def wait_for_turn(stream: AsyncioStream) -> None:
    while True:
        await stream.next_turn()


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


async def test_parts_that_the_kernel_does_not_take_wait_uncopied_and_in_order() -> None:
    async with native_pair() as (one, other):
        assert one.send_parts_at_once([b"a" * 10, b"", b"b" * 20]) == 30
        assert not one.unwritten
        large = [bytes([number]) * 300_000 for number in range(100)]
        assert one.send_parts_at_once(large) == 30_000_000
        assert not one.takes_at_once
        assert one._unsent is not None
        assert one._unsent[-1].obj is large[-1]
        expected = b"a" * 10 + b"b" * 20 + b"".join(large)
        assert await received(other, len(expected)) == expected
        await one.until_written()
        assert one.takes_at_once


async def test_of_more_parts_than_the_kernel_takes_at_once_none_is_lost() -> None:
    async with native_pair() as (one, other):
        parts = [b"%d;" % number for number in range(3_000)]
        size = one.send_parts_at_once(parts)
        assert await received(other, size) == b"".join(parts)


async def test_whoever_waits_goes_on_while_a_little_is_unsent() -> None:
    async with native_pair() as (one, other):
        with anyio.fail_after(PATIENCE):
            while one.takes_at_once:
                one.send_at_once(bytes(20_000))
            left = one.unwritten
            # And what was held, and what came behind it.
            assert 65_536 < left <= 65_536 + 40_000
            async with anyio.create_task_group() as group:
                group.start_soon(one.send, b"x")
                while one.unwritten > 16_384:
                    await other.receive()


async def test_nothing_is_sent_behind_the_end() -> None:
    async with native_pair() as (one, other):
        await one.send_eof()
        assert not one.takes_at_once
        with pytest.raises(ClosedResourceError):
            await one.send(b"too late")
        await one.send_eof()
        with anyio.fail_after(PATIENCE), pytest.raises(EndOfStream):
            await other.receive()
        await other.send(b"still heard")
        assert await received(one, 11) == b"still heard"


async def test_the_end_comes_behind_what_was_unsent() -> None:
    async with native_pair() as (one, other):
        one.send_parts_at_once([bytes(20_000_000)])
        await one.send_eof()
        assert len(await received(other, 20_000_000)) == 20_000_000
        with anyio.fail_after(PATIENCE), pytest.raises(EndOfStream):
            await other.receive()
        assert not one.takes_at_once


async def test_a_reset_is_noticed_by_whoever_sends_parts() -> None:
    async with native_pair() as (one, other):
        raw = other.extra(SocketAttribute.raw_socket)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await other.aclose()
        while one.takes_at_once:
            one.send_parts_at_once([b"one", b"two"])
        with pytest.raises(BrokenResourceError) as caught:
            await one.send(b"x")
        assert isinstance(caught.value.__cause__, OSError)


async def test_a_reset_is_noticed_while_something_is_unsent() -> None:
    async with native_pair() as (one, other):
        raw = other.extra(SocketAttribute.raw_socket)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as group:
                group.start_soon(other.aclose)
                with pytest.raises(BrokenResourceError):
                    await one.send(bytes(20_000_000))
        assert one.unwritten == 0
