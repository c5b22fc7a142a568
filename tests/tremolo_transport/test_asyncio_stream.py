"""asyncio's native stream: what of it is only there; the rest is in `test_native_stream`."""

import asyncio
import socket
import struct
import tempfile
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
from anyio.abc import SocketAttribute
from anyio.lowlevel import checkpoint

from tests.turns import Turns
from tremolo_transport.asyncio_stream import AsyncioStream

from . import test_native_stream
from .conversations import PATIENCE, settle
from .test_native_stream import close, until_ready

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    if request.param:
        pytest.importorskip("uvloop")
    return "asyncio", {"use_uvloop": request.param}


@asynccontextmanager
async def native_pair() -> AsyncIterator[tuple[AsyncioStream, AsyncioStream]]:
    async with test_native_stream.native_pair() as (one, other):
        assert isinstance(one, AsyncioStream)
        assert isinstance(other, AsyncioStream)
        yield one, other


async def test_it_waits_until_the_kernel_has_everything() -> None:
    async with native_pair() as (one, other):
        await one.until_written()
        while not one.unwritten:
            # What the kernel does not take waits, but is too little to have us wait.
            await one.send(bytes(60_000))
        async with anyio.create_task_group() as group:
            group.start_soon(one.until_written)
            await checkpoint()
            with pytest.raises(BusyResourceError):
                await one.until_written()
            with pytest.raises(BusyResourceError):
                await one.send(b"too early")
            while one._room is not None:
                await other.receive()
            assert one.unwritten == 0
        await one.send(b"again")
        await close(one)
        with pytest.raises(ClosedResourceError):
            await one.until_written()


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
        while receiver._watched:
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
    turns = Turns()

    async with native_pair() as (one, other), anyio.create_task_group() as group:
        left = await full(one, other)
        group.start_soon(turns.run)
        await settle()
        before = turns.count
        with anyio.fail_after(PATIENCE):
            while left > 500_000:
                left -= len(await other.receive(131_072))
        assert turns.count > before, "1.5 MB were read, and a turn is over after 1 MiB"
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
        assert await other.receive()
        linger = struct.pack("ii", 1, 0)
        raw = one.extra(SocketAttribute.raw_socket)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        one._end(None)
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


async def test_what_has_come_with_the_connection_is_there_at_once() -> None:
    one, other = socket.socketpair()
    one.setblocking(False)
    with one, other:
        other.sendall(b"early")
        stream = AsyncioStream(one)
        assert not stream._watched, "which mostly need not be"
        assert stream.readiness() is None
        assert stream.take(100) == b"early"
        other.sendall(b"late")
        with anyio.fail_after(PATIENCE):
            assert await stream.receive() == b"late"
        await stream.aclose()


async def test_a_peer_that_has_left_before_is_told_of_by_receive() -> None:
    one, other = socket.socketpair()
    one.setblocking(False)
    with one, other:
        other.sendall(b"early")
        other.close()
        stream = AsyncioStream(one)
        with anyio.fail_after(PATIENCE):
            assert await stream.receive() == b"early"
            with pytest.raises(EndOfStream):
                await stream.receive()
        await stream.aclose()


async def test_a_socket_that_cannot_be_watched_is_told_of_by_receive() -> None:
    # As at the kernel's limit of watches: a file cannot be watched at all.
    one, other = socket.socketpair()
    one.setblocking(False)
    with one, other, tempfile.TemporaryFile() as file:
        stream = AsyncioStream(one)
        stream._end_watch()
        stream._descriptor = file.fileno()
        assert not stream.call_on_input(lambda: None)
        with pytest.raises(BrokenResourceError) as caught:
            await stream.receive()
        assert isinstance(caught.value.__cause__, PermissionError)
