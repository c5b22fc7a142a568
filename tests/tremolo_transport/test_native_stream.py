"""Our own streams, one for each event loop: alike, and byte streams but for one deviation."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio import (
    BrokenResourceError,
    BusyResourceError,
    CancelScope,
    ClosedResourceError,
    EndOfStream,
)
from anyio.abc import ByteStream, SocketAttribute
from anyio.lowlevel import checkpoint

from tests.turns import Turns
from tremolo_transport.native_stream import NativeStream
from tremolo_transport.streams import Transport, open_stream

from .conversations import PATIENCE, settle
from .stream_conformance import (
    CHECKS,
    Check,
    sending_and_receiving_let_others_run,
    what_is_cancelled_before_it_begins_does_nothing,
)

__all__ = ("DEVIATION", "close", "native_pair", "until_ready", "wait_in_vain")

pytestmark = pytest.mark.anyio

DEVIATION = {
    sending_and_receiving_let_others_run,
    what_is_cancelled_before_it_begins_does_nothing,
}
"""What asks for a checkpoint in each call."""


@asynccontextmanager
async def native_pair() -> AsyncIterator[tuple[NativeStream, NativeStream]]:
    """Two native streams joined over TCP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dialled = socket.create_connection(listener.getsockname())
        accepted, _ = listener.accept()
    for sock in (dialled, accepted):
        sock.setblocking(False)
    one, other = [await open_stream(sock, Transport.NATIVE) for sock in (dialled, accepted)]
    assert isinstance(one, NativeStream)
    assert isinstance(other, NativeStream)
    try:
        yield one, other
    finally:
        with CancelScope(shield=True, deadline=anyio.current_time() + PATIENCE):
            await close(one)
            await close(other)


async def close(stream: ByteStream) -> None:
    # Nobody reads any more, so what waits to be written would wait for ever.
    with CancelScope() as scope:
        scope.cancel()
        await stream.aclose()


@pytest.mark.parametrize(
    "check", [check for check in CHECKS if check not in DEVIATION], ids=lambda check: check.__name__
)
async def test_the_contract_of_a_byte_stream(check: Check) -> None:
    with anyio.fail_after(PATIENCE):
        async with native_pair() as (one, other):
            await check(one, other)
        async with native_pair() as (one, other):
            await check(other, one)


async def turns_of_others_during(calls: int, *, stream: NativeStream, size: int) -> int:
    turns = Turns()

    async with anyio.create_task_group() as group:
        group.start_soon(turns.run)
        await settle()
        before = turns.count
        for _ in range(calls):
            await stream.send(bytes(size))
        after = turns.count
        group.cancel_scope.cancel()
    return after - before


async def test_others_run_after_a_number_of_calls_that_need_not_wait() -> None:
    async with native_pair() as (one, _):
        assert await turns_of_others_during(31, stream=one, size=1) == 0
        # Of two tasks that trio runs in the same turn either may be the first.
        assert await turns_of_others_during(96, stream=one, size=1) >= 2


async def test_others_run_after_a_number_of_bytes_that_need_not_wait() -> None:
    async with native_pair() as (one, other):
        over: list[bool] = []
        # Far fewer than the calls after which they run.
        for _ in range(16):
            with CancelScope() as scope:
                scope.cancel()
                await one.send(bytes(131_072))
            over.append(scope.cancelled_caught)
            left = 131_072
            with anyio.fail_after(PATIENCE):
                while left:
                    left -= len(await other.receive())
        assert over == [False] * 15 + [True]


async def test_parts_that_are_sent_at_once_are_one_behind_the_other() -> None:
    async with native_pair() as (one, other):
        parts = [b"a", bytes(5_000), b"", b"z"]
        if one.takes_at_once:
            assert one.send_parts_at_once(parts) == 5_002
            one.send_at_once(b"!")
        else:
            await one.send(b"".join(parts) + b"!")
        received = b""
        with anyio.fail_after(PATIENCE):
            while len(received) < 5_003:
                received += await other.receive()
        assert received == b"a" + bytes(5_000) + b"z!"


async def test_receiving_lets_others_run_too() -> None:
    async with native_pair() as (one, other):
        await one.send(bytes(100))
        await other.receive(1)
        with CancelScope() as scope:
            scope.cancel()
            for _ in range(64):
                await other.receive(1)
        assert scope.cancelled_caught


async def test_closing_writes_what_was_sent() -> None:
    async with native_pair() as (one, other):
        await one.send(bytes(65_536))
        async with anyio.create_task_group() as group:
            group.start_soon(one.aclose)
            left = 65_536
            while left:
                left -= len(await other.receive())


async def test_the_half_close_of_a_lost_connection_is_nothing() -> None:
    async with native_pair() as (one, _):
        await one.aclose()
        await one.send_eof()
        with pytest.raises(ClosedResourceError):
            await one.receive()


async def test_the_addresses_are_those_of_the_socket() -> None:
    async with native_pair() as (one, other):
        assert one.extra(SocketAttribute.local_address) == other.extra(
            SocketAttribute.remote_address
        )
        assert one.extra(SocketAttribute.family) is socket.AF_INET
        assert one.extra(SocketAttribute.raw_socket).fileno() >= 0


async def test_it_is_closed_at_once_if_nothing_waits() -> None:
    async with native_pair() as (one, other):
        await one.send(b"last")
        # uvloop writes at the end of a turn.
        await one.until_written()
        assert one.close_at_once()
        assert not one.close_at_once()
        with pytest.raises(ClosedResourceError):
            await one.receive()
        assert await other.receive() == b"last"
        with pytest.raises(EndOfStream):
            await other.receive()


async def test_what_is_sent_at_once_is_sent_in_order() -> None:
    async with native_pair() as (one, other):
        await one.send(b"a")
        assert one.takes_at_once
        one.send_at_once(b"b")
        await one.send(b"c")
        received = b""
        while len(received) < 3:
            received += await other.receive()
        assert received == b"abc"


async def test_nothing_is_sent_at_once_to_who_does_not_read() -> None:
    async with native_pair() as (one, other):
        sent = 0
        while one.takes_at_once:
            one.send_at_once(bytes(32_768))
            sent += 32_768
            await checkpoint()
        received = 0

        async def send_the_rest() -> None:
            # Whoever sends next waits for what went before.
            await one.send(b"x")

        async with anyio.create_task_group() as group:
            group.start_soon(send_the_rest)
            await settle()
            assert not one.takes_at_once
            with pytest.raises(BusyResourceError):
                await one.send(b"x")
            while received <= sent:
                received += len(await other.receive())
        assert received == sent + 1
        assert one.takes_at_once


async def test_what_was_sent_at_once_is_waited_for_by_who_asks() -> None:
    async with native_pair() as (one, other):
        while one.takes_at_once:
            one.send_at_once(bytes(32_768))
            await checkpoint()
        async with anyio.create_task_group() as group:
            group.start_soon(one.until_written)
            while not one.takes_at_once:
                await other.receive()
                await checkpoint()


async def test_closing_writes_what_was_sent_at_once() -> None:
    async with native_pair() as (one, other):
        sent = received = 0
        while one.takes_at_once:
            one.send_at_once(bytes(32_768))
            sent += 32_768
            await checkpoint()
        async with anyio.create_task_group() as group:
            group.start_soon(one.aclose)
            await settle()
            while received < sent:
                received += len(await other.receive())
        assert not one.takes_at_once


async def test_nothing_is_sent_at_once_over_a_lost_connection() -> None:
    async with native_pair() as (one, other):
        await other.aclose()
        with pytest.raises(EndOfStream):
            await one.receive()
        with anyio.fail_after(PATIENCE):
            while one.takes_at_once:
                one.send_at_once(b"x")
                await checkpoint()
        assert not one.takes_at_once


async def test_who_sends_at_once_again_and_again_lets_others_run() -> None:
    turns = Turns()

    async with native_pair() as (one, other), anyio.create_task_group() as group:
        group.start_soon(turns.run)
        await settle()
        before = turns.count
        await other.send(bytes(4_096))
        for _ in range(64):
            await one.receive(1)
            one.send_at_once(b"x")
        # Of two tasks that trio runs in the same turn either may be the first.
        assert turns.count >= before + 2
        group.cancel_scope.cancel()


async def wait_in_vain(stream: NativeStream) -> None:
    """Have it find out that nothing has come."""
    async with anyio.create_task_group() as group:
        group.start_soon(stream.receive)
        await settle()
        group.cancel_scope.cancel()


async def test_what_a_cancelled_send_has_taken_arrives() -> None:
    size = 20_000_000
    async with native_pair() as (one, other):
        scope = CancelScope()

        async def send() -> None:
            with scope:
                await one.send(bytes(size))

        async with anyio.create_task_group() as group:
            group.start_soon(send)
            await settle()
            scope.cancel()
        assert scope.cancelled_caught
        assert not one.takes_at_once
        with anyio.fail_after(PATIENCE):
            left = size
            while left:
                left -= len(await other.receive())


async def test_closing_drops_what_a_cancelled_send_has_left() -> None:
    async with native_pair() as (one, _):
        async with anyio.create_task_group() as group:
            group.start_soon(one.send, bytes(20_000_000))
            await settle()
            group.cancel_scope.cancel()
        with anyio.fail_after(PATIENCE):
            await one.aclose()


async def test_it_is_not_closed_at_once_while_something_waits() -> None:
    async with native_pair() as (one, other):
        sent = received = 0
        while one.takes_at_once:
            one.send_at_once(bytes(32_768))
            sent += 32_768
            await checkpoint()
        assert not one.close_at_once()
        while received < sent:
            received += len(await other.receive())
        await one.until_written()
        assert one.close_at_once()


async def test_closing_drops_what_waits_if_that_is_cancelled() -> None:
    async with native_pair() as (one, other):
        sent = received = 0
        while one.takes_at_once:
            one.send_at_once(bytes(32_768))
            sent += 32_768
            await checkpoint()
        await close(one)
        # uvloop drops it in its next turn, and who reads without one makes room for it before.
        await settle()
        with anyio.fail_after(PATIENCE), pytest.raises((EndOfStream, BrokenResourceError)):
            while True:
                received += len(await other.receive())
        assert received < sent


async def test_who_waits_until_all_is_sent_hears_of_the_end() -> None:
    async with native_pair() as (one, other):
        while one.takes_at_once:
            one.send_at_once(bytes(32_768))
            await checkpoint()

        async def wait() -> None:
            with pytest.raises(BrokenResourceError):
                await one.until_written()

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await settle()
            await close(other)
        assert not one.takes_at_once
        with pytest.raises(BrokenResourceError):
            await one.send(b"x")


async def test_it_calls_back_once_when_something_comes() -> None:
    async with native_pair() as (one, other):
        called = anyio.Event()
        assert one.call_on_input(called.set)
        await settle()
        assert not called.is_set()
        await other.send(b"x")
        with anyio.fail_after(PATIENCE):
            await called.wait()
            assert not one.call_on_input(called.set)
            assert await one.receive() == b"x"


async def test_it_calls_back_at_the_end_and_when_it_is_closed() -> None:
    async with native_pair() as (one, other):
        calls = [anyio.Event(), anyio.Event()]
        for stream, called in zip((one, other), calls, strict=True):
            assert stream.call_on_input(called.set)
        await other.aclose()
        with anyio.fail_after(PATIENCE):
            for called in calls:
                await called.wait()
        assert not other.call_on_input(called.set)


async def test_a_call_can_be_taken_back() -> None:
    called = False

    def call() -> None:
        nonlocal called
        called = True

    async with native_pair() as (one, other):
        assert one.call_on_input(call)
        one.forget_call()
        await other.send(b"x")
        with anyio.fail_after(PATIENCE):
            assert await one.receive() == b"x"
    assert not called


async def until_ready(stream: NativeStream) -> None:
    waiting = stream.readiness()
    assert waiting is not None
    await waiting


async def test_whoever_waits_for_input_by_itself_takes_what_came() -> None:
    async with native_pair() as (one, other):
        await wait_in_vain(other)
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as group:
                group.start_soon(until_ready, other)
                await settle()
                with pytest.raises(BusyResourceError):
                    other.readiness()
                await one.send(b"abc")
        assert other.readiness() is None
        assert other.take(2) == b"ab"
        assert other.take(2) == b"c"
        assert other.take(2) == b""


async def test_a_reader_that_is_called_off_finds_nothing() -> None:
    async with native_pair() as (one, other):
        await wait_in_vain(other)
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as group:
                group.start_soon(until_ready, other)
                await settle()
                other.call_reader_off()
        assert other.take(1) == b""
        # Nobody is there to be called off.
        other.call_reader_off()
        await one.send(b"x")
        assert await other.receive() == b"x"


async def test_who_was_to_be_called_on_input_is_not_when_a_reader_is_called_off() -> None:
    async with native_pair() as (one, other):
        called = anyio.Event()
        assert other.call_on_input(called.set)
        other.call_reader_off()
        assert not called.is_set()
        await one.send(b"x")
        with anyio.fail_after(PATIENCE):
            await called.wait()


async def test_a_wait_for_input_that_is_cancelled_is_over() -> None:
    async with native_pair() as (one, other):
        with CancelScope() as scope:
            scope.cancel()
            await other.receive()
        called = anyio.Event()
        assert other.call_on_input(called.set)
        await one.send(b"x")
        with anyio.fail_after(PATIENCE):
            await called.wait()
        assert await other.receive() == b"x"


async def test_a_turn_is_over_after_a_number_of_calls_or_bytes() -> None:
    async with native_pair() as (one, _):
        over: list[bool] = []
        for _ in range(32):
            one.send_at_once(b"x")
            over.append(one.turn_is_over)
        assert over == [False] * 31 + [True]
        await one.send(b"x")
        over.clear()
        for _ in range(16):
            over.append(one.turn_is_over)
            one.send_at_once(bytes(131_072))
        assert over == [False] * 16
        assert one.turn_is_over


async def test_the_end_is_raised_to_who_waits_by_itself() -> None:
    async with native_pair() as (one, other):
        await wait_in_vain(other)
        await one.aclose()
        with anyio.fail_after(PATIENCE), pytest.raises(EndOfStream):
            while True:
                wait = other.readiness()
                if wait is not None:
                    await wait
                assert other.take(1) == b""


async def test_it_does_not_call_back_for_what_is_there_already() -> None:
    async with native_pair() as (one, other):
        await one.send(b"abc")
        with anyio.fail_after(PATIENCE):
            # asyncio's reads it in one of its next turns.
            await settle()
            for _ in range(2):
                assert not other.call_on_input(lambda: None)
            assert await other.receive(2) == b"ab"
            assert await other.receive() == b"c"
            await wait_in_vain(other)
            await one.aclose()
            await settle()
            assert not other.call_on_input(lambda: None)
            with pytest.raises(EndOfStream):
                await other.receive()


async def test_a_view_may_be_taken_in_place_of_a_copy() -> None:
    sent = bytes(range(256)) * 4_000
    async with native_pair() as (one, other), anyio.create_task_group() as group:
        group.start_soon(one.send, memoryview(sent))
        received = bytearray()
        with anyio.fail_after(PATIENCE):
            while len(received) < len(sent):
                if (wait := other.readiness()) is not None:
                    await wait
                view = other.take_view(300_000)
                assert len(view) <= 300_000
                received += view
        assert received == sent
        assert other.take_view(100) == b""


async def test_it_is_told_how_much_the_kernel_has_not_taken() -> None:
    async with native_pair() as (one, other):
        assert one.unwritten == 0
        async with anyio.create_task_group() as group:
            group.start_soon(one.send, bytes(20_000_000))
            with anyio.fail_after(PATIENCE):
                while not one.unwritten:
                    await checkpoint()
                before, left = one.unwritten, 20_000_000
                assert before <= left
                while left:
                    left -= len(await other.receive())
                    if left == 10_000_000:
                        assert one.unwritten < before
        assert one.unwritten == 0
        await one.aclose()
        assert one.unwritten == 0
