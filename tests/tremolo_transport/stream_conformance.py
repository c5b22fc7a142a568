"""What the server relies on in a byte stream, as checks that every kind of pair must pass.

A check is given the two ends of a new connection. The streams of anyio, on the
running backend, are the measure: what they do not do alike is not relied on.
"""

import asyncio
from collections.abc import Awaitable, Callable

import anyio
import pytest
from anyio import (
    BrokenResourceError,
    BusyResourceError,
    CancelScope,
    ClosedResourceError,
    EndOfStream,
)
from anyio.abc import ByteStream
from anyio.lowlevel import checkpoint

from tests.turns import Turns

from .conversations import settle

__all__ = ("CHECKS",)

Check = Callable[[ByteStream, ByteStream], Awaitable[None]]

MORE_THAN_FITS = 20_000_000
"""Bytes that no stream holds while nobody reads."""


async def bytes_arrive_in_order_however_they_are_cut(one: ByteStream, other: ByteStream) -> None:
    await one.send(b"012")
    await one.send(b"")
    await one.send(b"3456789")
    data = b""
    while len(data) < 10:
        piece = await other.receive(3)
        assert 1 <= len(piece) <= 3
        data += piece
    assert data == b"0123456789"
    with pytest.raises(ValueError, match="max_bytes"):
        await other.receive(0)


async def both_directions_work_at_once(one: ByteStream, other: ByteStream) -> None:
    async with anyio.create_task_group() as group:
        for stream in (one, other):
            group.start_soon(stream.send, b"x" * 300_000)
        for stream in (one, other):
            left = 300_000
            while left:
                left -= len(await stream.receive())


async def a_pending_receive_gets_what_comes(one: ByteStream, other: ByteStream) -> None:
    received: list[bytes] = []

    async def receive() -> None:
        received.append(await other.receive())

    async with anyio.create_task_group() as group:
        group.start_soon(receive)
        await settle()
        assert received == []
        await one.send(b"at last")
    assert received == [b"at last"]


async def the_end_is_told_behind_the_last_byte_and_again(
    one: ByteStream, other: ByteStream
) -> None:
    await one.send(b"last")
    await one.send_eof()
    assert await other.receive() == b"last"
    for _ in range(2):
        with pytest.raises(EndOfStream):
            await other.receive()


async def a_half_closed_stream_still_receives(one: ByteStream, other: ByteStream) -> None:
    await one.send_eof()
    with pytest.raises(EndOfStream):
        await other.receive()
    await other.send(b"still here")
    assert await one.receive() == b"still here"


async def a_pending_receive_sees_the_end(one: ByteStream, other: ByteStream) -> None:
    async def receive() -> None:
        with pytest.raises(EndOfStream):
            await other.receive()

    async with anyio.create_task_group() as group:
        group.start_soon(receive)
        await settle()
        await one.send_eof()


async def what_was_sent_before_the_close_arrives(one: ByteStream, other: ByteStream) -> None:
    await one.send(b"last")
    await one.aclose()
    assert await other.receive() == b"last"
    with pytest.raises(EndOfStream):
        await other.receive()


async def a_closed_stream_says_so(one: ByteStream, other: ByteStream) -> None:
    await other.send(b"too late")
    await one.aclose()
    await one.aclose()
    with pytest.raises(ClosedResourceError):
        await one.send(b"x")


async def closing_wakes_who_waits_to_receive(one: ByteStream, other: ByteStream) -> None:
    async def receive() -> None:
        with pytest.raises(ClosedResourceError):
            await one.receive()

    async with anyio.create_task_group() as group:
        group.start_soon(receive)
        await settle()
        await one.aclose()


async def closing_wakes_who_waits_to_send(one: ByteStream, other: ByteStream) -> None:
    async def send() -> None:
        with pytest.raises(ClosedResourceError):
            await one.send(bytes(MORE_THAN_FITS))

    await begin(one, other)
    async with anyio.create_task_group() as group:
        group.start_soon(send)
        await settle()
        await one.aclose()


async def closing_works_in_a_cancelled_scope(one: ByteStream, other: ByteStream) -> None:
    with CancelScope() as scope:
        scope.cancel()
        await one.aclose()
    with pytest.raises(EndOfStream):
        await other.receive()


async def sending_to_who_has_closed_fails_in_the_end(one: ByteStream, other: ByteStream) -> None:
    await other.aclose()
    with pytest.raises(BrokenResourceError):
        while True:
            await one.send(bytes(1_000))


async def a_sender_waits_for_its_reader(one: ByteStream, other: ByteStream) -> None:
    sent = False

    async def send() -> None:
        nonlocal sent
        await one.send(bytes(MORE_THAN_FITS))
        sent = True

    received = 0
    await begin(one, other)
    async with anyio.create_task_group() as group:
        group.start_soon(send)
        await settle()
        assert not sent
        while received < MORE_THAN_FITS:
            received += len(await other.receive())
    assert sent


async def begin(one: ByteStream, other: ByteStream) -> None:
    """Have `other` wait for a byte of `one`: before that, asyncio's streams read unasked."""
    async with anyio.create_task_group() as group:
        group.start_soon(other.receive)
        await settle()
        await one.send(b"!")


async def a_cancelled_receive_has_lost_nothing(one: ByteStream, other: ByteStream) -> None:
    for turns in range(6):
        received: list[bytes] = []
        scope = CancelScope()
        async with anyio.create_task_group() as group:
            group.start_soon(receive_within, scope, other, received)
            await settle()
            await one.send(b"data")
            for _ in range(turns):
                await checkpoint()
            scope.cancel()
        assert received == [b"data"] or await other.receive() == b"data"


async def a_cancelled_receive_reads_no_further(one: ByteStream, other: ByteStream) -> None:
    sent = False

    async def send() -> None:
        nonlocal sent
        await one.send(bytes(MORE_THAN_FITS))
        sent = True

    await begin(one, other)
    async with anyio.create_task_group() as group:
        scope = CancelScope()
        group.start_soon(receive_within, scope, other, [])
        await settle()
        scope.cancel()
        await settle()
        group.start_soon(send)
        for _ in range(5):
            await settle()
        assert not sent
        group.cancel_scope.cancel()


async def receive_within(scope: CancelScope, stream: ByteStream, received: list[bytes]) -> None:
    with scope:
        received.append(await stream.receive())


async def a_receive_whose_task_is_cancelled_has_lost_nothing(
    one: ByteStream, other: ByteStream
) -> None:
    if anyio.get_cancelled_exc_class() is not asyncio.CancelledError:
        pytest.skip("only on asyncio is a task itself cancelled")
    for turns in range(6):
        received: list[bytes] = []
        task = asyncio.ensure_future(receive_within(CancelScope(), other, received))
        await settle()
        await one.send(b"data")
        for _ in range(turns):
            await checkpoint()
        task.cancel()
        await asyncio.wait([task])
        assert received == [b"data"] or await other.receive() == b"data"


async def what_is_cancelled_before_it_begins_does_nothing(
    one: ByteStream, other: ByteStream
) -> None:
    await one.send(b"data")
    await settle()
    with CancelScope() as scope:
        scope.cancel()
        await other.receive()
    assert scope.cancelled_caught
    with CancelScope() as scope:
        scope.cancel()
        await one.send(b"never sent")
    assert scope.cancelled_caught
    await one.send_eof()
    assert await other.receive() == b"data"
    with pytest.raises(EndOfStream):
        await other.receive()


async def only_one_task_receives_at_a_time(one: ByteStream, other: ByteStream) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(other.receive)
        await settle()
        with pytest.raises(BusyResourceError):
            await other.receive()
        await one.send(b"x")


async def only_one_task_sends_at_a_time(one: ByteStream, other: ByteStream) -> None:
    received = 0
    await begin(one, other)
    async with anyio.create_task_group() as group:
        group.start_soon(one.send, bytes(MORE_THAN_FITS))
        await settle()
        with pytest.raises(BusyResourceError):
            await one.send(b"x")
        while received < MORE_THAN_FITS:
            received += len(await other.receive())


async def sending_and_receiving_let_others_run(one: ByteStream, other: ByteStream) -> None:
    turns = Turns()

    async with anyio.create_task_group() as group:
        group.start_soon(turns.run)
        await settle()
        before = turns.count
        for _ in range(20):
            await one.send(b"x")
        # Of two tasks that trio runs in the same turn either may be the first.
        assert turns.count >= before + 10
        await settle()
        before = turns.count
        for _ in range(20):
            await other.receive(1)
        assert turns.count >= before + 10
        group.cancel_scope.cancel()


CHECKS: tuple[Check, ...] = (
    a_cancelled_receive_has_lost_nothing,
    a_cancelled_receive_reads_no_further,
    a_closed_stream_says_so,
    a_half_closed_stream_still_receives,
    a_pending_receive_gets_what_comes,
    a_pending_receive_sees_the_end,
    a_receive_whose_task_is_cancelled_has_lost_nothing,
    a_sender_waits_for_its_reader,
    both_directions_work_at_once,
    bytes_arrive_in_order_however_they_are_cut,
    closing_wakes_who_waits_to_receive,
    closing_wakes_who_waits_to_send,
    closing_works_in_a_cancelled_scope,
    only_one_task_receives_at_a_time,
    only_one_task_sends_at_a_time,
    sending_and_receiving_let_others_run,
    sending_to_who_has_closed_fails_in_the_end,
    the_end_is_told_behind_the_last_byte_and_again,
    what_is_cancelled_before_it_begins_does_nothing,
    what_was_sent_before_the_close_arrives,
)
