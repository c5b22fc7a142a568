"""asyncio's native stream: that it is a byte stream like the others, but for one deviation."""

import asyncio
import socket
import struct
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

from tremolo_transport.asyncio_stream import AsyncioStream

from .conversations import PATIENCE, settle
from .stream_conformance import (
    CHECKS,
    Check,
    sending_and_receiving_let_others_run,
    what_is_cancelled_before_it_begins_does_nothing,
)

pytestmark = pytest.mark.anyio

DEVIATION = {
    sending_and_receiving_let_others_run,
    what_is_cancelled_before_it_begins_does_nothing,
}
"""What asks for a checkpoint in each call."""


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    if request.param:
        pytest.importorskip("uvloop")
    return "asyncio", {"use_uvloop": request.param}


@asynccontextmanager
async def native_pair() -> AsyncIterator[tuple[AsyncioStream, AsyncioStream]]:
    """Two native streams joined over TCP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dialled = socket.create_connection(listener.getsockname())
        accepted, _ = listener.accept()
    for sock in (dialled, accepted):
        sock.setblocking(False)
    one, other = [await AsyncioStream.from_socket(sock) for sock in (dialled, accepted)]
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


async def test_it_waits_until_the_kernel_has_everything() -> None:
    async with native_pair() as (one, other):
        await one.until_written()
        transport = one._transport
        assert transport is not None
        while not transport.get_write_buffer_size():
            # What the kernel does not take waits, but is too little to have us wait.
            await one.send(bytes(60_000))
        async with anyio.create_task_group() as group:
            group.start_soon(one.until_written)
            await checkpoint()
            with pytest.raises(BusyResourceError):
                await one.until_written()
            with pytest.raises(BusyResourceError):
                await one.send(b"too early")
            while one._drained is not None:
                await other.receive()
            assert transport.get_write_buffer_size() == 0
        await one.send(b"again")
        await close(one)
        with pytest.raises(ClosedResourceError):
            await one.until_written()


async def turns_of_others_during(calls: int, *, stream: AsyncioStream, size: int) -> int:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(count)
        await settle()
        before = turns
        for _ in range(calls):
            await stream.send(bytes(size))
        after = turns
        group.cancel_scope.cancel()
    return after - before


async def test_others_run_after_a_number_of_calls_that_need_not_wait() -> None:
    async with native_pair() as (one, _):
        assert await turns_of_others_during(31, stream=one, size=1) == 0
        assert await turns_of_others_during(64, stream=one, size=1) >= 2


async def test_others_run_after_a_number_of_bytes_that_need_not_wait() -> None:
    async with native_pair() as (one, other):
        turns = 0
        for _ in range(16):
            turns += await turns_of_others_during(1, stream=one, size=32_768)
            left = 32_768
            while left:
                left -= len(await other.receive())
        assert turns >= 1


async def test_receiving_lets_others_run_too() -> None:
    async with native_pair() as (one, other):
        await one.send(bytes(100))
        await other.receive(1)
        with CancelScope() as scope:
            scope.cancel()
            for _ in range(64):
                await other.receive(1)
        assert scope.cancelled_caught


async def test_a_cancelled_send_has_taken_all_bytes() -> None:
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
        with pytest.raises(BusyResourceError):
            await one.send(b"x")
        with anyio.fail_after(PATIENCE):
            left = size
            while left:
                left -= len(await other.receive())


async def test_the_kernel_holds_what_nobody_receives() -> None:
    async with native_pair() as (one, other):
        sending = asyncio.ensure_future(one.send(bytes(20_000_000)))
        await settle()
        # The part of it that lies in our memory: what was read ahead, and one read.
        assert len(other._received) <= 2 * 65_536
        sending.cancel()
        await asyncio.wait([sending])


async def full(sender: AsyncioStream, receiver: AsyncioStream) -> int:
    """Send until the receiver's event loop leaves the rest to the kernel; return how much."""
    size = 2_000_000
    sending = asyncio.ensure_future(sender.send(bytes(size)))
    with anyio.fail_after(PATIENCE):
        while receiver._reading:
            await checkpoint()
    # What is cancelled has taken all.
    sending.cancel()
    await asyncio.wait([sending])
    return size


async def test_what_the_kernel_holds_is_read_without_the_event_loop() -> None:
    async with native_pair() as (one, other):
        size = await full(one, other)
        assert len(await other.receive(262_144)) == 65_536
        largest, left = 0, size - 65_536
        with anyio.fail_after(PATIENCE):
            while left:
                data = await other.receive(262_144)
                largest = max(largest, len(data))
                left -= len(data)
        assert largest > 65_536
        await one.until_written()
        await one.send(b"again")
        assert await other.receive() == b"again"
        await one.send_eof()
        with pytest.raises(EndOfStream):
            await other.receive()


async def test_of_what_the_kernel_holds_no_more_is_read_than_was_asked_for() -> None:
    async with native_pair() as (one, other):
        await full(one, other)
        sizes = [len(await other.receive(65_536)) for _ in range(8)]
        assert max(sizes) <= 65_536
        assert len(other._received) <= 65_536


async def test_others_run_while_the_kernel_has_ever_more() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await checkpoint()

    async with native_pair() as (one, other), anyio.create_task_group() as group:
        left = await full(one, other)
        group.start_soon(count)
        await settle()
        before, reads = turns, 0
        with anyio.fail_after(PATIENCE):
            while left > 500_000:
                left -= len(await other.receive(131_072))
                reads += 1
        assert turns - before >= reads // 4
        group.cancel_scope.cancel()


async def test_the_end_comes_behind_what_the_kernel_holds() -> None:
    async with native_pair() as (one, other):
        left = await full(one, other)
        async with anyio.create_task_group() as group:
            group.start_soon(one.aclose)
            with anyio.fail_after(PATIENCE), pytest.raises(EndOfStream):
                while True:
                    left -= len(await other.receive(262_144))
        assert left == 0


async def test_a_reset_is_noticed_without_the_event_loop() -> None:
    async with native_pair() as (one, other):
        await full(one, other)
        assert one._transport is not None
        assert await other.receive()
        linger = struct.pack("ii", 1, 0)
        raw = one.extra(SocketAttribute.raw_socket)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        one._transport.abort()
        with anyio.fail_after(PATIENCE), pytest.raises(BrokenResourceError) as caught:
            while True:
                await other.receive()
        assert isinstance(caught.value.__cause__, ConnectionResetError)
        with pytest.raises(BrokenResourceError):
            await other.receive()
        with pytest.raises(BrokenResourceError):
            await other.send(b"x")


async def test_what_the_kernel_holds_is_not_read_once_it_is_closed() -> None:
    async with native_pair() as (one, other):
        await full(one, other)
        assert len(await other.receive()) == 65_536
        await close(other)
        with pytest.raises(ClosedResourceError):
            await other.receive()


async def test_whoever_is_to_be_called_on_input_is_where_the_kernel_has_some() -> None:
    async with native_pair() as (one, other):
        await full(one, other)
        assert len(await other.receive()) == 65_536
        called = anyio.Event()
        assert other.call_on_input(called.set)
        with anyio.fail_after(PATIENCE):
            await called.wait()
        assert await other.receive()


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


async def test_it_is_not_closed_at_once_while_something_waits() -> None:
    async with native_pair() as (one, _):
        with pytest.raises(BusyResourceError):
            while True:
                with CancelScope() as scope:
                    scope.cancel()
                    await one.send(bytes(1_000_000))
        assert not one.close_at_once()
        with pytest.raises(BusyResourceError):
            await one.send(b"still open")


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
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await checkpoint()

    async with native_pair() as (one, other), anyio.create_task_group() as group:
        group.start_soon(count)
        await settle()
        before = turns
        await other.send(bytes(4_096))
        for _ in range(64):
            await one.receive(1)
            one.send_at_once(b"x")
        assert turns > before + 2
        group.cancel_scope.cancel()


async def until_ready(stream: AsyncioStream) -> None:
    waiting = stream.readiness()
    assert waiting is not None
    await waiting


async def test_whoever_waits_for_input_by_itself_takes_what_came() -> None:
    async with native_pair() as (one, other):
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
        called = asyncio.Event()
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
        called = asyncio.Event()
        assert other.call_on_input(called.set)
        await one.send(b"x")
        with anyio.fail_after(PATIENCE):
            await called.wait()
        assert await other.receive() == b"x"


async def test_the_end_is_raised_where_a_wait_would_begin() -> None:
    async with native_pair() as (one, other):
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as group:
                group.start_soon(until_ready, other)
                await settle()
                await one.aclose()
        assert other.take(1) == b""
        with pytest.raises(EndOfStream):
            other.readiness()


async def test_a_turn_is_over_after_a_number_of_calls_or_bytes() -> None:
    async with native_pair() as (one, _):
        over: list[bool] = []
        for _ in range(32):
            one.send_at_once(b"x")
            over.append(one.turn_is_over)
        assert over == [False] * 31 + [True]
        await one.send(b"x")
        over.clear()
        for _ in range(8):
            over.append(one.turn_is_over)
            one.send_at_once(bytes(32_768))
        assert over == [False] * 8
        assert one.turn_is_over
