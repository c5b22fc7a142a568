"""No connection keeps the others waiting, whatever it does.

A machine that is busy with other things delays everything now and then. A server
that does not share its time delays every request. So what counts is the best of
several rounds, and of each round the median.
"""

import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from .running import Program, connect, get

MOST_DELAY = 0.05
"""Seconds that a handler's small pieces may delay another connection's request."""

MOST_WAIT = 0.25
"""Seconds that a peer who sends without end may: a turn of it holds many requests."""

ROUNDS = 20
REQUESTS_PER_ROUND = 9


def delays(sock: socket.socket) -> Iterator[float]:
    """How long each request of a round takes, in seconds."""
    for _ in range(REQUESTS_PER_ROUND):
        began = time.perf_counter()
        assert get(sock, "/hello") == b"hello"
        yield time.perf_counter() - began


def assert_not_delayed(sock: socket.socket, *, most: float) -> None:
    medians: list[float] = []
    for _ in range(ROUNDS):
        medians.append(statistics.median(delays(sock)))
        if medians[-1] < most:
            return
    raise AssertionError(f"every round was delayed, by so many seconds: {medians}")


@contextmanager
def in_a_thread(work: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()


class FastReader:
    """Someone who reads as fast as it comes, and keeps only the end."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.begun = threading.Event()
        self.end = b""

    def read(self) -> None:
        with suppress(ConnectionError):
            while data := self._sock.recv(1 << 20):
                self.end = (self.end + data)[-100:]
                self.begun.set()
        self.begun.set()


ENDLESS = {
    "GET": b"GET /endless HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    # Of its body nothing is written, so that no stream ever waits.
    "HEAD": b"HEAD /endless HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
}


@pytest.mark.parametrize("method", ENDLESS)
def test_small_pieces_without_end_delay_nobody_and_can_be_cancelled(
    program: Program, method: str
) -> None:
    with connect(program) as greedy, connect(program) as other:
        reader = FastReader(greedy)
        with in_a_thread(reader.read):
            greedy.sendall(ENDLESS[method])
            reader.begun.wait()
            try:
                assert_not_delayed(other, most=MOST_DELAY)
            finally:
                get(other, "/cancel")
    # That the thread has ended says that the answer has; and no more is to be had for HEAD.
    assert reader.end.endswith(b"\r\n\r\n") == (method == "HEAD")


GREEDY = {
    "pipelined requests": (b"", b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n" * 1_000),
    "an upload in chunks": (
        b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        (b"200\r\n" + bytes(512) + b"\r\n") * 1_000,
    ),
    "an upload that is echoed": (
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        (b"200\r\n" + bytes(512) + b"\r\n") * 1_000,
    ),
}


@pytest.mark.parametrize("what", GREEDY)
def test_who_sends_without_end_delays_nobody(program: Program, what: str) -> None:
    first, again_and_again = GREEDY[what]
    stop = threading.Event()
    with connect(program) as greedy, connect(program) as other:

        def send() -> None:
            # At the end it is reset in the middle of a call.
            with suppress(OSError):
                greedy.sendall(first)
                while not stop.is_set():
                    greedy.sendall(again_and_again)

        with in_a_thread(FastReader(greedy).read), in_a_thread(send):
            try:
                assert_not_delayed(other, most=MOST_WAIT)
            finally:
                stop.set()
                greedy.shutdown(socket.SHUT_RDWR)
