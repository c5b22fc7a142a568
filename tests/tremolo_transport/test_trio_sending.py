"""What trio's native stream sends: when it is written, and that it stays in its place."""

import math
import socket
import struct

import anyio
import pytest
import trio
import trio.testing
from anyio import BrokenResourceError, BusyResourceError, CancelScope, EndOfStream
from anyio.abc import SocketAttribute
from anyio.lowlevel import checkpoint

from tremolo_transport.native_stream import MOST_HELD
from tremolo_transport.trio_arrivals import arrivals_here
from tremolo_transport.trio_stream import TrioStream

from .conversations import PATIENCE, settle
from .test_native_stream import wait_in_vain
from .test_trio_stream import anyio_backend, native_pair

__all__ = ("anyio_backend",)

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def _no_turn_is_long() -> None:
    """What is sent is held for as long as a turn lasts, however slow the machine is."""
    arrivals_here().turn.longest = math.inf


async def received(stream: TrioStream, size: int) -> bytes:
    data = bytearray()
    with anyio.fail_after(PATIENCE):
        while len(data) < size:
            data += await stream.receive()
    return bytes(data)


async def begin_turn() -> None:
    """A turn in which nothing has come, so that what is sent is held."""
    await trio.testing.wait_all_tasks_blocked()


@pytest.mark.parametrize("size", [2, MOST_HELD])
async def test_what_is_short_is_held_to_the_end_of_the_turn(size: int) -> None:
    async with native_pair() as (one, other):
        await begin_turn()
        one.send_at_once(b"a" * size)
        assert one.unwritten == size
        await checkpoint()
        assert one.unwritten == 0
        assert await received(other, size) == b"a" * size


async def test_nothing_is_held_where_nobody_else_sends() -> None:
    async with native_pair() as (one, other):
        await wait_in_vain(one)
        await other.send(b"request")
        assert await one.receive() == b"request"
        one.send_at_once(b"answer")
        assert one.unwritten == 0


async def test_what_is_sent_outside_of_a_turn_is_not_held() -> None:
    async with native_pair() as (one, _):
        seen: list[int] = []

        class Sender(trio.abc.Instrument):
            def before_io_wait(self, timeout: float) -> None:
                # It was added later, so ours was called before.
                one.send_at_once(b"x")
                seen.append(one.unwritten)
                trio.lowlevel.remove_instrument(self)

        trio.lowlevel.add_instrument(Sender())
        await checkpoint()
        assert seen == [0]


@pytest.mark.parametrize("size", [1, MOST_HELD, MOST_HELD + 1, 100_000])
async def test_all_that_is_sent_in_one_turn_is_in_its_order(size: int) -> None:
    async with native_pair() as (one, other):
        await begin_turn()
        expected = b""
        for number in range(3):
            item = bytes([number]) * size
            one.send_at_once(item)
            one.send_parts_at_once([b"<", item, b">"])
            one.send_at_once(b"!")
            expected += item + b"<" + item + b">!"
        async with anyio.create_task_group() as group:
            group.start_soon(one.send, b"end")
            assert await received(other, len(expected) + 3) == expected + b"end"


@pytest.mark.parametrize("how", ["send_eof", "aclose", "close_at_once", "until_written", "send"])
async def test_what_is_held_comes_before_what_is_done_next(how: str) -> None:
    async with native_pair() as (one, other):
        await begin_turn()
        one.send_at_once(b"held")
        match how:
            case "send_eof":
                await one.send_eof()
            case "aclose":
                await one.aclose()
            case "close_at_once":
                assert one.close_at_once()
            case "until_written":
                await one.until_written()
            case _:
                await one.send(b", sent")
        assert one.unwritten == 0
        expected = b"held, sent" if how == "send" else b"held"
        assert await received(other, len(expected)) == expected


async def test_what_is_held_for_a_peer_that_has_gone_is_dropped_and_the_next_is_told() -> None:
    async with native_pair() as (one, other):
        raw = other.extra(SocketAttribute.raw_socket)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await other.aclose()
        await begin_turn()
        one.send_at_once(b"x")
        # What is held finds it out, and what comes behind it is dropped with it.
        one.send_at_once(bytes(MOST_HELD + 1))
        assert one.unwritten == 0
        assert not one.takes_at_once
        with pytest.raises(BrokenResourceError):
            await one.send(b"x")


async def test_what_comes_behind_something_held_that_the_kernel_has_no_room_for_waits_too() -> None:
    async with native_pair() as (one, other):
        await begin_turn()
        sent = 0
        while one.takes_at_once:
            # The first of each two is held.
            for size in (30_000, MOST_HELD + 1):
                if one.takes_at_once:
                    one.send_at_once(bytes(size))
                    sent += size
        async with anyio.create_task_group() as group:
            group.start_soon(one.until_written)
            assert len(await received(other, sent)) == sent
        assert one.takes_at_once


async def test_whoever_waits_to_send_makes_others_busy() -> None:
    async with native_pair() as (one, other):
        async with anyio.create_task_group() as group:
            group.start_soon(one.send, bytes(20_000_000))
            await settle()
            for call in (one.until_written, one.send_eof):
                with pytest.raises(BusyResourceError):
                    await call()
            with pytest.raises(BusyResourceError):
                await one.send(b"x")
            group.cancel_scope.cancel()
        # What is on its way is followed by what is sent next.
        received = 0
        async with anyio.create_task_group() as group:
            group.start_soon(one.send, b"x")
            with anyio.fail_after(PATIENCE):
                while received < 20_000_001:
                    received += len(await other.receive())


async def test_a_send_that_is_cancelled_while_it_waits_for_others_has_taken_nothing() -> None:
    async with native_pair() as (one, other):
        sent = 0
        while one.takes_at_once:
            one.send_at_once(bytes(32_768))
            sent += 32_768
        with CancelScope() as scope:
            scope.cancel()
            await one.send(b"x")
        assert scope.cancelled_caught
        received = b""
        async with anyio.create_task_group() as group:
            group.start_soon(one.send_eof)
            with anyio.fail_after(PATIENCE), pytest.raises(EndOfStream):
                while True:
                    received += await other.receive()
        assert received == bytes(sent)


def wants_room(stream: TrioStream) -> bool:
    return stream._room_wanted


async def test_room_is_asked_for_only_while_it_is_wanted() -> None:
    sockets = socket.socketpair(socket.AF_UNIX)
    for sock in sockets:
        sock.setblocking(False)
    async with TrioStream(sockets[0]) as one, TrioStream(sockets[1]) as other:
        sent = received = 0
        while one.takes_at_once:
            one.send_at_once(bytes(32_768))
            sent += 32_768
        assert wants_room(one)
        with anyio.fail_after(PATIENCE):
            while received < sent:
                received += len(await other.receive())
                await checkpoint()
            while wants_room(one):
                one.send_at_once(b"x")
                await other.receive()
                await checkpoint()
        assert one.takes_at_once
