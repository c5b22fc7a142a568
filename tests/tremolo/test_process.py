"""One serving process: what stops it, and what it says. More of it in tests/processes."""

import signal
import socket
from collections.abc import Awaitable, Callable
from multiprocessing import Pipe

import anyio
import pytest

from tremolo.config import configure
from tremolo.process import Process
from tremolo_transport import Bind, Exchange
from tremolo_transport.listeners import open_sockets
from tremolo_transport.seat import Command, Seat
from tremolo_transport.shutdown import ShutdownNotice

LOOPS = ("asyncio", "uvloop", "trio")


class Worker:
    """A process in a seat; its one request is answered by what the test says."""

    def __init__(self, loop: str, **options: object) -> None:
        self.pipe, theirs = Pipe()
        [self.sock] = open_sockets([Bind(port=0)])
        self._seat = Seat(theirs, [self.sock])
        self._config = configure({"loop": loop, "shutdown_timeout": 0.1, **options})
        self.heard: list[bytes] = []
        self.cancelled = False
        self.over = False
        """Whether the request is not to last."""
        self.shutdown = ShutdownNotice()
        """As its handler sees it."""
        self.late: object = None
        """What SIGTERM does once it has run."""

    def run(self, while_asked: Callable[[], Awaitable[None]]) -> int:
        async def handle(exchange: Exchange) -> None:
            self.shutdown = exchange.shutdown
            await while_asked()
            if self.over:
                await exchange.respond(200)
                return
            try:
                await anyio.sleep_forever()
            except anyio.get_cancelled_exc_class():
                self.cancelled = True
                raise

        process = Process(handle, self._config, listeners=self._seat.sockets, seat=self._seat)
        before = signal.getsignal(signal.SIGTERM)
        try:
            with socket.create_connection(self.sock.address) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                code = process.run()
            self.late = signal.getsignal(signal.SIGTERM)
        finally:
            signal.signal(signal.SIGTERM, before)
        self._seat.close()
        self.pipe.close()
        return code

    async def until_heard(self, *starts: bytes) -> None:
        while not all(any(line.startswith(start) for line in self.heard) for start in starts):
            await anyio.lowlevel.checkpoint()
            while self.pipe.poll():
                self.heard.append(self.pipe.recv_bytes())


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("command", [Command.DROP, Command.STOP, Command.YIELD])
def test_it_says_that_it_is_ready_and_a_command_stops_it(loop: str, command: Command) -> None:
    worker = Worker(loop)

    async def tell() -> None:
        await worker.until_heard(b"ready " + worker.sock.url.encode(), b"alive ")
        worker.pipe.send_bytes(command.value)

    assert worker.run(tell) == 0
    assert worker.cancelled


@pytest.mark.parametrize("loop", LOOPS)
def test_without_a_supervisor_it_stops(loop: str, caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker(loop)

    async def leave() -> None:
        worker.pipe.close()

    assert worker.run(leave) == 0
    assert "the supervisor is gone: stopping" in caplog.text


@pytest.mark.parametrize("loop", LOOPS)
def test_a_worker_leaves_signals_to_its_supervisor(loop: str) -> None:
    worker = Worker(loop)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)

    async def interrupt() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        await worker.until_heard(b"spent it got SIGTERM")
        assert not worker.shutdown.begun
        worker.pipe.send_bytes(Command.YIELD.value)

    try:
        assert worker.run(interrupt) == 0
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_signal_that_comes_when_a_worker_has_run_does_not_change_its_code() -> None:
    worker = Worker("asyncio")

    async def stop() -> None:
        worker.pipe.send_bytes(Command.STOP.value)

    assert worker.run(stop) == 0
    assert callable(worker.late), "neither the default, which ends it, nor inherited by programs"
    assert worker.late is not signal.default_int_handler
    worker.late(signal.SIGTERM, None)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_worker_that_stops_is_in_no_hurry_for_a_signal(loop: str) -> None:
    # All processes of a service were signalled, and the supervisor was faster.
    worker = Worker(loop, shutdown_timeout=60)

    async def stop() -> None:
        worker.pipe.send_bytes(Command.STOP.value)
        await worker.shutdown.wait()
        signal.raise_signal(signal.SIGTERM)
        await worker.until_heard(b"spent it got SIGTERM")
        worker.over = True

    assert worker.run(stop) == 0
    assert not worker.cancelled


@pytest.mark.parametrize(
    ("option", "reason"),
    [("limit_memory", b"spent it has "), ("limit_max_requests", b"spent it has served 1 ")],
)
def test_at_a_limit_it_asks_to_be_replaced_and_serves_on(option: str, reason: bytes) -> None:
    worker = Worker("asyncio", worker_healthcheck_timeout=0.1, **{option: 1})

    async def listen() -> None:
        await worker.until_heard(reason)
        assert not worker.cancelled
        worker.pipe.send_bytes(Command.YIELD.value)

    assert worker.run(listen) == 0
    assert [line for line in worker.heard if line.startswith(b"spent")] == [
        line for line in worker.heard if line.startswith(reason)
    ]


@pytest.mark.parametrize("loop", LOOPS)
def test_a_lively_client_is_answered_once_more(loop: str) -> None:
    config = configure({"loop": loop, "worker_num": 0, "shutdown_timeout": 60})
    [sock] = open_sockets([Bind(port=0)])
    requests: list[bytes] = []

    async def handle(exchange: Exchange) -> None:
        requests.append(exchange.request.target)
        await exchange.respond(200)
        if exchange.request.target == b"/first":
            signal.raise_signal(signal.SIGTERM)
            while not exchange.shutdown.draining:
                await anyio.lowlevel.checkpoint()

    with socket.create_connection(sock.address) as client:
        for path in (b"/first", b"/second"):
            client.sendall(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path)
        # Else it would be listened to for some time after its last answer.
        client.shutdown(socket.SHUT_WR)
        assert Process(handle, config, listeners=[sock]).run() == 0
        assert requests == [b"/first", b"/second"]
