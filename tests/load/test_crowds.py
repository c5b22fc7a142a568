"""Many connections, and many requests on one; and clients that read only at the end."""

import socket
from contextlib import ExitStack

import pytest

from .running import Program, connect, get, read_answer, read_to_end, reset_on_close

GET = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"

KEPT = 16
"""Tasks that a server keeps for the next connections, on asyncio and uvloop."""


def test_a_thousand_pipelined_requests_are_answered_in_order(program: Program) -> None:
    requests = [b"GET /number/%d HTTP/1.1\r\nHost: a\r\n" % number for number in range(1_000)]
    requests[-1] += b"Connection: close\r\n"
    with connect(program) as sock:
        sock.sendall(b"".join(request + b"\r\n" for request in requests))
        for number in range(1_000):
            head, body = read_answer(sock)
            assert head.startswith(b"HTTP/1.1 200 ")
            assert body == b"%d" % number
        assert read_to_end(sock) == b""


def test_two_hundred_half_sent_heads_keep_nobody_waiting(program: Program) -> None:
    with ExitStack() as stack, connect(program) as other:
        slow = [stack.enter_context(connect(program)) for _ in range(200)]
        for number, sock in enumerate(slow):
            sock.sendall(GET[: 1 + number % (len(GET) - 1)])
        for _ in range(50):
            assert get(other, "/hello") == b"hello"
        for number, sock in enumerate(slow):
            sock.sendall(GET[1 + number % (len(GET) - 1) :])
        for sock in slow:
            assert read_answer(sock)[1] == b"hello"


BEFORE_THE_RESET = {
    "nothing sent": b"",
    "half a head": GET[:20],
    "an answer unread": GET,
    "a body begun": b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1",
    "a handler that waits": b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n",
    "a handler that sends": b"GET /download/1000000000 HTTP/1.1\r\nHost: a\r\n\r\n",
}


def test_a_thousand_resets_leave_neither_sockets_nor_tasks_behind(program: Program) -> None:
    with connect(program) as observer:
        before = left_behind(observer)
        for sent in BEFORE_THE_RESET.values():
            with ExitStack() as stack:
                for _ in range(170):
                    sock = stack.enter_context(connect(program))
                    sock.sendall(sent)
                    reset_on_close(sock)
                assert get(observer, "/hello") == b"hello"
        # A handler that waits hears of it at once, one that sends when it sends.
        while not has_ended(observer, before):
            pass


ABORTED = {
    "uploads": b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"
    + bytes(20_000),
    "downloads": b"GET /download/1000000000 HTTP/1.1\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("what", ABORTED)
def test_two_hundred_and_fifty_that_are_aborted_leave_nothing_behind(
    program: Program, what: str
) -> None:
    with connect(program) as observer:
        before = left_behind(observer)
        for _ in range(5):
            with ExitStack() as stack:
                for number in range(50):
                    sock = stack.enter_context(connect(program, receive_buffer=65_536))
                    sock.sendall(ABORTED[what])
                    if what == "downloads":
                        assert sock.recv(1_000)
                    if number % 2:
                        reset_on_close(sock)
        while not has_ended(observer, before):
            pass


def left_behind(observer: socket.socket) -> tuple[int, int]:
    """How many sockets and tasks the server has."""
    return int(get(observer, "/sockets")), int(get(observer, "/tasks"))


def has_ended(observer: socket.socket, before: tuple[int, int]) -> bool:
    """Whether there are no more than before, but for the few tasks that wait for connections."""
    sockets, tasks = left_behind(observer)
    return sockets <= before[0] and tasks <= before[1] + KEPT


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_who_sends_too_much_can_read_the_refusal(program: Program, framing: str) -> None:
    size = 5_000_000
    with connect(program) as sock:
        sock.sendall(b"POST /limited/1000000 HTTP/1.1\r\nHost: a\r\n")
        if framing == "length":
            sock.sendall(b"Content-Length: %d\r\n\r\n" % size + bytes(size))
        else:
            chunk = b"186a0\r\n" + bytes(100_000) + b"\r\n"
            sock.sendall(b"Transfer-Encoding: chunked\r\n\r\n")
            for _ in range(size // 100_000):
                sock.sendall(chunk)
            sock.sendall(b"0\r\n\r\n")
        # Only now does it look at what came.
        answer = read_to_end(sock)
    assert answer.startswith(b"HTTP/1.1 413 Content Too Large\r\n")
    assert b"\r\nconnection: close\r\n" in answer.lower()


def test_who_sends_no_more_than_allowed_is_answered(program: Program) -> None:
    with connect(program) as sock:
        sock.sendall(
            b"POST /limited/1000000 HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"
            + bytes(1_000_000)
        )
        assert read_answer(sock)[1] == b"1000000"
