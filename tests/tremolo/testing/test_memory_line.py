"""A connection in memory does what one over sockets does, and what is its alone."""

import anyio
import pytest
from anyio import BrokenResourceError, BusyResourceError, ClosedResourceError, EndOfStream

from tests.tremolo_transport.conversations import PATIENCE, settle
from tests.tremolo_transport.stream_conformance import CHECKS, Check
from tests.tremolo_transport.test_native_stream import DEVIATION
from tests.turns import Turns
from tremolo.testing.backends import on_asyncio
from tremolo.testing.memory_line import memory_lines

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("in_step", [False, True], ids=["in turn", "in step"])
@pytest.mark.parametrize(
    "check", [check for check in CHECKS if check not in DEVIATION], ids=lambda check: check.__name__
)
async def test_the_contract_of_a_byte_stream(check: Check, in_step: bool) -> None:
    for order in (1, -1):
        one, other = memory_lines(in_step=in_step)[::order]
        with anyio.fail_after(PATIENCE):
            await check(one, other)
        one.abort()
        other.abort()


async def test_a_direction_holds_its_capacity_and_no_more() -> None:
    one, other = memory_lines(10)
    async with anyio.create_task_group() as group:
        await one.send(bytes(10))
        group.start_soon(one.send, bytes(11))
        await other.send(bytes(10))
        await settle()
        assert (one.unwritten, other.unwritten) == (11, 0)
        assert await other.receive() == bytes(10)
        assert await other.receive() == bytes(10)
        assert await other.receive() == bytes(1)
    assert one.unwritten == 0


async def test_who_may_have_to_wait_is_not_asked_to_send_at_once() -> None:
    for capacity, at_once in ((32_767, False), (32_768, True)):
        for line in memory_lines(capacity):
            assert line.takes_at_once is at_once
    one, other = memory_lines()
    told: list[tuple[bool, int]] = []
    for size, taken in ((32_768, 0), (1, 0), (0, 1), (65_536, 0), (0, 65_536), (0, 32_768)):
        if size:
            one.send_at_once(bytes(size))
        assert len(other.take(taken)) == taken
        told.append((one.takes_at_once, one.unwritten))
    assert told == [(True, 0), (False, 0), (True, 0), (False, 32_768), (True, 0), (True, 0)]


async def test_what_has_come_in_pieces_is_received_as_one() -> None:
    one, other = memory_lines()
    for piece in (b"abc", b"", b"de", memoryview(b"f")):
        one.send_at_once(piece)
    assert other.take(4) == b"abcd"
    assert other.take(4) == b"ef"
    assert other.take(4) == b""


async def test_in_step_who_receives_has_answered_when_the_sender_goes_on() -> None:
    one, other = memory_lines(in_step=True)
    senders: list[object] = []

    async def answer() -> None:
        me = anyio.get_current_task()
        while True:
            data = await other.receive()
            senders.append((anyio.get_current_task() == me, data))
            await other.send(b"re: " + data)

    async with anyio.create_task_group() as group:
        group.start_soon(answer)
        await settle()
        for data in (b"a", b"b"):
            me = anyio.get_current_task()
            one.send_at_once(data)
            assert anyio.get_current_task() == me
            if on_asyncio():
                assert one.take(9) == b"re: " + data
            else:
                # trio's tasks take their turns.
                assert one.take(9) == b""
                assert await one.receive() == b"re: " + data
        group.cancel_scope.cancel()
    assert senders == [(True, b"a"), (True, b"b")]


async def test_in_turn_it_has_not() -> None:
    one, other = memory_lines()

    async def answer() -> None:
        await other.send(await other.receive())

    async with anyio.create_task_group() as group:
        group.start_soon(answer)
        await settle()
        one.send_at_once(b"a")
        assert one.take(9) == b""
        assert await one.receive() == b"a"


async def test_others_get_their_turn_now_and_then() -> None:
    one, other = memory_lines(in_step=True)
    turns = Turns()

    async with anyio.create_task_group() as group:
        group.start_soon(turns.run)
        await settle()
        for call in (lambda: one.send(b"x"), lambda: other.receive(1)):
            before = turns.count
            for _ in range(31):
                await call()
            assert turns.count == before
            # Of two tasks that trio runs in the same turn either may be the first.
            for _ in range(65):
                await call()
            assert turns.count > before
        group.cancel_scope.cancel()


async def test_what_was_sent_is_taken_before_the_close_unless_somebody_has_waited() -> None:
    one, other = memory_lines(10)
    one.send_at_once(bytes(25))
    assert not one.close_at_once()
    async with anyio.create_task_group() as group:
        group.start_soon(one.aclose)
        await settle()
        received = b""
        with pytest.raises(EndOfStream):
            while True:
                received += await other.receive()
    assert received == bytes(25)

    one, other = memory_lines(10)
    with anyio.move_on_after(0) as scope:
        await one.send(bytes(25))
    assert scope.cancelled_caught
    with anyio.fail_after(PATIENCE):
        await one.aclose()
    assert await other.receive() == bytes(10)


async def test_the_end_comes_behind_what_was_sent() -> None:
    one, other = memory_lines(10)
    one.send_at_once(bytes(15))
    async with anyio.create_task_group() as group:
        group.start_soon(one.send_eof)
        await settle()
        assert await other.receive() == bytes(10)
        assert await other.receive() == bytes(5)
        with pytest.raises(EndOfStream):
            await other.receive()
    with pytest.raises(ClosedResourceError):
        await one.send(b"x")
    assert not one.takes_at_once


async def test_one_that_is_closed_at_once() -> None:
    one, other = memory_lines()
    one.send_at_once(b"last")
    assert one.close_at_once()
    assert not one.close_at_once()
    assert not other.takes_at_once
    assert await other.receive() == b"last"
    with pytest.raises(BrokenResourceError):
        await other.until_written()
    with pytest.raises(ClosedResourceError):
        await one.until_written()


async def test_one_that_vanishes_takes_what_was_under_way_with_it() -> None:
    one, other = memory_lines()
    one.send_at_once(b"lost")
    other.send_at_once(b"lost")
    one.abort()
    with pytest.raises(BrokenResourceError):
        await other.receive()
    with pytest.raises(BrokenResourceError):
        await other.send(b"x")
    with pytest.raises(ClosedResourceError):
        await one.receive()


async def test_instead_of_a_reader_somebody_can_be_called() -> None:
    one, other = memory_lines(in_step=True)
    calls: list[str] = []
    assert other.call_on_input(lambda: calls.append("once"))
    assert calls == []
    one.send_at_once(b"a")
    one.send_at_once(b"b")
    assert calls == ["once"]
    assert not other.call_on_input(lambda: calls.append("never"))
    assert other.take(9) == b"ab"
    assert other.call_on_input(lambda: calls.append("never"))
    other.forget_call()
    one.send_at_once(b"c")
    assert other.take(9) == b"c"
    assert other.call_on_input(lambda: calls.append("at the end"))
    one.close_at_once()
    assert calls == ["once", "at the end"]
    assert not other.call_on_input(lambda: calls.append("never"))


async def test_a_reader_can_be_called_off() -> None:
    _, other = memory_lines(in_step=True)
    called_off = False

    async def wait() -> None:
        nonlocal called_off
        readiness = other.readiness()
        assert readiness is not None
        await readiness
        called_off = True

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        await settle()
        with pytest.raises(BusyResourceError):
            await other.receive()
        assert not called_off
        other.call_reader_off()
    assert called_off
    assert other.take(9) == b""
