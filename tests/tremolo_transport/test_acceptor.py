"""Taking connections from a listening socket, whatever the kernel says."""

import errno
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import anyio
import pytest
from anyio.lowlevel import checkpoint

from tremolo_transport.acceptor import accept_forever, accept_queued
from tremolo_transport.ceilings import ConnectionCeiling

from .conversations import settle

EXHAUSTED = [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM]
LOST = [errno.ECONNABORTED, errno.EPROTO, errno.ENETDOWN, errno.EHOSTUNREACH, errno.EPERM]


class Listener(socket.socket):
    """A socket that listens, and fails to accept as often as the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.bind(("127.0.0.1", 0))
        self.listen(256)
        self.setblocking(False)
        self.failures: list[int] = []
        self.clients = ExitStack()

    def accept(self) -> tuple[socket.socket, object]:
        if self.failures:
            code = self.failures.pop(0)
            raise OSError(code, os.strerror(code))
        return super().accept()

    def connect_clients(self, count: int) -> list[int]:
        """Connect so many, and return their ports."""
        clients = [
            self.clients.enter_context(socket.create_connection(self.getsockname()))
            for _ in range(count)
        ]
        return [client.getsockname()[1] for client in clients]


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as listener, listener.clients:
        yield listener


class Accepted:
    """The connections that were started, in order."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self.blocking: set[bool] = set()

    def start(self, sock: socket.socket, name: tuple[str, int]) -> None:
        with sock:
            assert name == sock.getpeername()
            self.ports.append(sock.getpeername()[1])
            self.blocking.add(sock.getblocking())


@pytest.fixture
def accepted() -> Accepted:
    return Accepted()


async def accept_until(listener: Listener, accepted: Accepted, count: int) -> None:
    """Accept until so many connections have been started."""
    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(accept_forever, listener, accepted.start)
            while len(accepted.ports) < count:
                await checkpoint()
            group.cancel_scope.cancel()


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the loop would have slept, each time; it does not."""
    slept: list[float] = []

    async def nap(delay: float) -> None:
        slept.append(delay)
        await checkpoint()

    monkeypatch.setattr(anyio, "sleep", nap)
    return slept


# What is there already.


def test_all_that_wait_are_taken_in_order(listener: Listener, accepted: Accepted) -> None:
    ports = listener.connect_clients(5)
    accept_queued(listener, accepted.start, most=64)
    assert accepted.ports == ports


def test_no_more_are_taken_than_are_asked_for(listener: Listener, accepted: Accepted) -> None:
    ports = listener.connect_clients(5)
    accept_queued(listener, accepted.start, most=2)
    assert accepted.ports == ports[:2]
    accept_queued(listener, accepted.start, most=2)
    assert accepted.ports == ports[:4]


def test_none_is_none(listener: Listener, accepted: Accepted) -> None:
    accept_queued(listener, accepted.start, most=64)
    assert accepted.ports == []


def test_what_is_accepted_does_not_block(listener: Listener, accepted: Accepted) -> None:
    listener.connect_clients(1)
    accept_queued(listener, accepted.start, most=64)
    assert accepted.blocking == {False}


@pytest.mark.parametrize("code", LOST, ids=errno.errorcode.get)
def test_a_connection_that_was_lost_is_passed_over(
    listener: Listener, accepted: Accepted, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    ports = listener.connect_clients(2)
    listener.failures = [code, code]
    accept_queued(listener, accepted.start, most=64)
    assert accepted.ports == ports
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []


@pytest.mark.parametrize("code", EXHAUSTED, ids=errno.errorcode.get)
def test_being_out_of_something_is_raised(
    listener: Listener, accepted: Accepted, code: int
) -> None:
    ports = listener.connect_clients(1)
    listener.failures = [code]
    with pytest.raises(OSError, match=os.strerror(code)):
        accept_queued(listener, accepted.start, most=64)
    accept_queued(listener, accepted.start, most=64)
    assert accepted.ports == ports


def test_a_socket_that_no_longer_listens_is_raised(accepted: Accepted) -> None:
    with Listener() as listener:
        # Linux has the socket readable for ever then, so it may not look like a lost connection.
        listener.shutdown(socket.SHUT_RDWR)
        with pytest.raises(OSError, match="Invalid argument"):
            accept_queued(listener, accepted.start, most=64)
    with pytest.raises(OSError, match="Bad file descriptor"):
        accept_queued(listener, accepted.start, most=64)


# For ever.


@pytest.mark.anyio
async def test_connections_are_taken_as_they_come(listener: Listener, accepted: Accepted) -> None:
    ports = listener.connect_clients(100)
    await accept_until(listener, accepted, 100)
    ports += listener.connect_clients(1)
    await accept_until(listener, accepted, 101)
    assert accepted.ports == ports


@pytest.mark.anyio
async def test_others_get_their_turn_while_many_come(listener: Listener) -> None:
    reconnected = 0

    def start(sock: socket.socket, name: object) -> None:
        nonlocal reconnected
        # Whoever is accepted is followed by another at once: there is always one that waits.
        sock.close()
        listener.connect_clients(1)
        reconnected += 1

    listener.connect_clients(1)
    async with anyio.create_task_group() as group:
        group.start_soon(accept_forever, listener, start)
        while not reconnected:
            await checkpoint()
        group.cancel_scope.cancel()
    assert reconnected < 200


@pytest.mark.anyio
@pytest.mark.parametrize("code", [*EXHAUSTED, *LOST], ids=errno.errorcode.get)
async def test_no_failure_to_accept_ends_it(
    listener: Listener, accepted: Accepted, naps: list[float], code: int
) -> None:
    ports = listener.connect_clients(3)
    listener.failures = [code] * 3
    await accept_until(listener, accepted, 3)
    assert accepted.ports == ports


@pytest.mark.anyio
async def test_it_waits_longer_each_time_and_says_so_once(
    listener: Listener,
    accepted: Accepted,
    naps: list[float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    listener.connect_clients(1)
    listener.failures = [errno.EMFILE] * 8
    await accept_until(listener, accepted, 1)
    assert naps == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0])
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "cannot accept connections, will go on trying: [Errno 24] Too many open files")
    ]


@pytest.mark.anyio
async def test_after_a_success_it_begins_anew(
    listener: Listener,
    accepted: Accepted,
    naps: list[float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(accept_forever, listener, accepted.start)
            for count in (1, 2):
                listener.failures = [errno.EMFILE] * 2
                listener.connect_clients(1)
                while len(accepted.ports) < count:
                    await checkpoint()
            group.cancel_scope.cancel()
    assert naps == pytest.approx([0.05, 0.1] * 2)
    assert len(caplog.records) == 2


@pytest.mark.anyio
async def test_it_really_waits(listener: Listener, accepted: Accepted) -> None:
    listener.connect_clients(1)
    listener.failures = [errno.EMFILE] * 2
    began = anyio.current_time()
    await accept_until(listener, accepted, 1)
    assert anyio.current_time() - began > 0.1


@pytest.mark.anyio
async def test_it_does_not_spin_over_a_socket_that_no_longer_listens(
    naps: list[float], accepted: Accepted
) -> None:
    with Listener() as listener:
        listener.shutdown(socket.SHUT_RDWR)
        async with anyio.create_task_group() as group:
            group.start_soon(accept_forever, listener, accepted.start)
            while len(naps) < 6:
                await checkpoint()
            group.cancel_scope.cancel()
    assert naps[5] == 1.0


@pytest.mark.anyio
async def test_no_more_are_taken_than_there_is_room_for(
    listener: Listener, accepted: Accepted
) -> None:
    ceiling = ConnectionCeiling(2)

    def start(sock: socket.socket, name: tuple[str, int]) -> None:
        ceiling.take()
        accepted.start(sock, name)

    ports = listener.connect_clients(5)
    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(accept_forever, listener, start, ceiling)
            for most in (2, 3, 4, 5):
                while len(accepted.ports) < most:
                    await checkpoint()
                await settle()
                assert accepted.ports == ports[:most]
                ceiling.give_back()
            group.cancel_scope.cancel()


@pytest.mark.anyio
async def test_what_taking_one_raises_ends_it(listener: Listener) -> None:
    def start(sock: socket.socket, name: object) -> None:
        sock.close()
        raise ValueError("this one cannot be taken")

    listener.connect_clients(2)
    with anyio.fail_after(60), pytest.raises(ValueError, match="cannot be taken"):
        await accept_forever(listener, start)


@pytest.mark.anyio
async def test_whoever_was_cancelled_meanwhile_is_left_alone(
    listener: Listener, accepted: Accepted
) -> None:
    ceiling = ConnectionCeiling(1)

    def start(sock: socket.socket, name: tuple[str, int]) -> None:
        ceiling.take()
        accepted.start(sock, name)
        group.cancel_scope.cancel()

    listener.connect_clients(2)
    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(accept_forever, listener, start, ceiling)
    assert len(accepted.ports) == 1
