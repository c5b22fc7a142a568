"""The streams in memory: that they behave as the real ones do, and what is theirs alone."""

import anyio
import pytest
from anyio import BrokenResourceError, CancelScope, ClosedResourceError
from anyio.abc import SocketAttribute

from tremolo_transport.memory import MemoryStream, memory_stream_pair
from tremolo_transport.streams import Transport

from . import stream_conformance
from .conversations import PATIENCE, MakePair, memory_pair, settle, tcp_pair
from .stream_conformance import CHECKS, Check

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "make_pair", [memory_pair(), tcp_pair(Transport.ANYIO)], ids=["memory", "tcp"]
)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_contract_of_a_byte_stream(check: Check, make_pair: MakePair) -> None:
    with anyio.fail_after(PATIENCE):
        async with make_pair() as (one, other):
            await check(one, other)
        async with make_pair() as (one, other):
            await check(other, one)


def test_no_check_is_forgotten() -> None:
    checks = {
        name
        for name, check in vars(stream_conformance).items()
        if callable(check)
        and getattr(check, "__module__", "") == stream_conformance.__name__
        and list(check.__annotations__) == ["one", "other", "return"]
    }
    assert checks - {"begin"} == {check.__name__ for check in CHECKS}


async def test_a_direction_holds_its_capacity_and_no_more() -> None:
    one, other = memory_stream_pair(10)
    async with anyio.create_task_group() as group:
        await one.send(bytes(10))
        group.start_soon(one.send, bytes(11))
        await other.send(bytes(10))
        await settle()
        assert await other.receive() == bytes(10)
        await settle()
        assert await other.receive() == bytes(10)
        assert await other.receive() == bytes(1)


async def test_a_stream_that_aborts_loses_what_was_under_way() -> None:
    one, other = memory_stream_pair()
    await one.send(b"lost")
    await other.send(b"lost")
    one.abort()
    with pytest.raises(BrokenResourceError):
        await other.receive()
    with pytest.raises(BrokenResourceError):
        await other.send(b"x")
    with pytest.raises(ClosedResourceError):
        await one.receive()
    with pytest.raises(ClosedResourceError):
        await one.send(b"x")


async def test_an_abort_wakes_who_waits_at_the_other_end() -> None:
    one, other = memory_stream_pair(10)

    async def receive(stream: MemoryStream) -> None:
        with pytest.raises(BrokenResourceError):
            await stream.receive()

    async def send(stream: MemoryStream) -> None:
        with pytest.raises(BrokenResourceError):
            await stream.send(bytes(100))

    async with anyio.create_task_group() as group:
        group.start_soon(receive, other)
        group.start_soon(send, other)
        await settle()
        one.abort()


async def test_whoever_waits_does_so_without_being_run() -> None:
    one, other = memory_stream_pair(10)
    await one.send(b"x")
    await other.receive()
    async with anyio.create_task_group() as group:
        group.start_soon(other.receive)
        group.start_soon(other.send, bytes(11))
        with anyio.fail_after(PATIENCE):
            await anyio.wait_all_tasks_blocked()
        await one.receive()
        await one.send(b"x")


async def test_closing_is_a_checkpoint() -> None:
    one, _ = memory_stream_pair()
    with CancelScope() as scope:
        scope.cancel()
        await one.aclose()
    assert scope.cancelled_caught


async def test_nothing_can_be_sent_behind_the_end() -> None:
    one, _ = memory_stream_pair()
    await one.send_eof()
    with pytest.raises(ClosedResourceError):
        await one.send(b"x")


def test_a_stream_in_memory_has_no_addresses() -> None:
    one, _ = memory_stream_pair()
    assert one.extra(SocketAttribute.remote_address, None) is None
    assert one.extra(SocketAttribute.raw_socket, None) is None
