"""trio's native stream: what of it is only there; the rest is in `test_native_stream`."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
import trio
from anyio import BrokenResourceError, BusyResourceError, CancelScope, EndOfStream
from anyio.abc import SocketAttribute
from anyio.lowlevel import checkpoint

from tremolo_transport.trio_arrivals import Arrivals
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
