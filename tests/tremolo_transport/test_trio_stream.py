"""trio's native stream: what of it is only there; the rest is in `test_native_stream`."""

import math
import queue
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
import outcome
import pytest
import trio
import trio.testing
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream
from anyio.abc import SocketAttribute
from anyio.lowlevel import checkpoint

from tremolo_transport.trio_arrivals import Arrivals, arrivals_here
from tremolo_transport.trio_stream import TrioStream

from . import test_native_stream
from .conversations import PATIENCE, settle

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "trio"


@asynccontextmanager
async def native_pair() -> AsyncIterator[tuple[TrioStream, TrioStream]]:
    async with test_native_stream.native_pair() as (one, other):
        assert isinstance(one, TrioStream)
        assert isinstance(other, TrioStream)
        yield one, other


class Calls:
    """A socket that counts what it is asked."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.received = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._sock, name)

    def recv(self, size: int) -> bytes:
        self.received += 1
        return self._sock.recv(size)


def counted(stream: TrioStream) -> Calls:
    calls = Calls(stream._socket)
    stream._socket = calls  # type: ignore[assignment]  # it has what the stream uses of one
    return calls


async def test_nothing_is_received_in_vain_but_once() -> None:
    async with native_pair() as (one, other):
        calls = counted(one)
        with anyio.fail_after(PATIENCE):
            for _ in range(5):
                async with anyio.create_task_group() as group:
                    group.start_soon(one.receive)
                    await settle()
                    await other.send(b"x")
        assert calls.received == 5 + 1


async def test_an_end_that_comes_with_the_last_bytes_is_not_missed() -> None:
    async with native_pair() as (one, other):
        await test_native_stream.wait_in_vain(one)
        await other.send(b"last")
        await other.aclose()
        with anyio.fail_after(PATIENCE):
            assert await one.receive() == b"last"
            for _ in range(2):
                with pytest.raises(EndOfStream):
                    await one.receive()


async def test_what_comes_between_two_reads_is_not_missed() -> None:
    async with native_pair() as (one, other):
        await test_native_stream.wait_in_vain(one)
        with anyio.fail_after(PATIENCE):
            for count in range(50):
                await other.send(b"a" * 10)
                for _ in range(count % 5):
                    await checkpoint()
                received = await one.receive(1 + count % 11)
                while len(received) < 10:
                    received += await one.receive()
                assert received == b"a" * 10


async def test_a_reset_is_told_to_reader_and_writer() -> None:
    async with native_pair() as (one, other):
        while one.takes_at_once:
            one.send_at_once(bytes(32_768))
        failures: list[type[Exception]] = []

        async def receive() -> None:
            try:
                await one.receive()
            except (BrokenResourceError, EndOfStream) as error:
                failures.append(type(error))

        async def send() -> None:
            try:
                await one.send(b"x")
            except BrokenResourceError as error:
                failures.append(type(error))

        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as group:
                group.start_soon(receive)
                group.start_soon(send)
                await settle()
                # It has not read what came, so the kernel sends a reset.
                assert other.close_at_once()
        assert BrokenResourceError in failures
        assert len(failures) == 2


async def test_a_kernel_that_can_watch_no_more_breaks_the_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with native_pair() as (one, other):

        def refuse(arrivals: Arrivals, descriptor: int, watcher: object) -> None:
            raise OSError("no space left")

        monkeypatch.setattr(Arrivals, "watch", refuse)
        with pytest.raises(BrokenResourceError):
            await one.receive()
        while other.takes_at_once:
            other.send_at_once(bytes(32_768))
        with pytest.raises(BrokenResourceError):
            await other.send(b"x")


async def test_the_names_of_a_socket_that_is_closed_are_unknown() -> None:
    async with native_pair() as (one, _):
        assert one.extra(SocketAttribute.remote_address) is not None
        await one.aclose()
        assert one.extra(SocketAttribute.remote_address) is None
        assert one.extra(SocketAttribute.local_address) is None


async def wait_and_serve(stream: TrioStream, serve: Callable[[bytes], bool]) -> None:
    wait = stream.readiness()
    assert wait is not None
    stream.serve_meanwhile(serve)
    await wait


async def test_what_comes_is_served_in_the_wait_until_that_is_not_enough() -> None:
    async with native_pair() as (one, other):
        await test_native_stream.wait_in_vain(one)
        served: list[bytes] = []

        def serve(data: bytes) -> bool:
            served.append(data)
            return data != b"last"

        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as group:
                group.start_soon(wait_and_serve, one, serve)
                for item in (b"first", b"next", b"last"):
                    await settle()
                    await other.send(item)
            assert served == [b"first", b"next", b"last"]
            await other.send(b"more")
            assert await one.receive() == b"more"
        assert len(served) == 3


@pytest.mark.parametrize("how", ["cancelled", "called off", "closed", "ended"])
async def test_nothing_is_served_when_the_wait_is_over(how: str) -> None:
    async with native_pair() as (one, other):
        await test_native_stream.wait_in_vain(one)
        served: list[bytes] = []
        ended: list[type[Exception]] = []

        def serve(data: bytes) -> bool:
            served.append(data)
            return True

        async def wait() -> None:
            try:
                await wait_and_serve(one, serve)
            except (ClosedResourceError, EndOfStream) as error:
                ended.append(type(error))

        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as group:
                group.start_soon(wait)
                await settle()
                match how:
                    case "cancelled":
                        group.cancel_scope.cancel()
                    case "called off":
                        one.call_reader_off()
                    case "closed":
                        one.close_at_once()
                    case _:
                        await other.send_eof()
            if how in ("cancelled", "called off"):
                await other.send(b"x")
                assert await one.receive() == b"x"
        assert ended == {"closed": [ClosedResourceError], "ended": [EndOfStream]}.get(how, [])
        assert served == []


async def test_a_connection_that_never_waits_is_never_watched() -> None:
    async with native_pair() as (one, other):
        await one.send(b"x")
        assert await other.receive() == b"x"
        assert not one._watched
        assert not other._watched


def test_a_stream_can_be_closed_when_its_event_loop_has_ended() -> None:
    one, other = socket.socketpair(socket.AF_UNIX)
    one.setblocking(False)

    async def live() -> TrioStream:
        stream = TrioStream(one)
        with trio.move_on_after(0):
            await stream.receive()
        assert stream._watched
        return stream

    with other:
        assert trio.run(live).close_at_once()


async def ask_and_answer(asking: socket.socket, answering: socket.socket) -> bytes:
    """Have what is held answered, by a peer that waits; and be told of it in time."""
    async with TrioStream(asking) as one, TrioStream(answering) as other:

        async def answer() -> None:
            other.send_at_once(await other.receive() + b"!")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(answer)
            arrivals_here().turn.longest = math.inf
            await trio.testing.wait_all_tasks_blocked()
            one.send_at_once(b"x")
            assert one.unwritten == 1
            return await one.receive()


def non_blocking_pair() -> tuple[socket.socket, socket.socket]:
    one, other = socket.socketpair(socket.AF_UNIX)
    one.setblocking(False)
    other.setblocking(False)
    return one, other


def test_a_guest_of_another_event_loop_is_told_and_writes() -> None:
    one, other = non_blocking_pair()
    calls: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
    ended: list[outcome.Outcome[bytes]] = []
    trio.lowlevel.start_guest_run(
        ask_and_answer,
        one,
        other,
        run_sync_soon_threadsafe=calls.put,
        done_callback=ended.append,
    )
    while not ended:
        calls.get(timeout=PATIENCE)()
    assert ended[0].unwrap() == b"x!"


def test_a_clock_that_jumps_when_nothing_happens_sees_what_comes() -> None:
    async def main() -> None:
        one, other = non_blocking_pair()
        begun = trio.current_time()
        with trio.fail_after(10):
            assert await ask_and_answer(one, other) == b"x!"
        assert trio.current_time() == begun
        waiting, silent = non_blocking_pair()
        with silent:
            async with TrioStream(waiting) as stream:
                with trio.move_on_after(10) as scope:
                    await stream.receive()
        assert scope.cancelled_caught
        assert trio.current_time() == begun + 10

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
