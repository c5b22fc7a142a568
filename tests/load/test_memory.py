"""However much goes through a server, what it holds is bounded."""

import os
import socket
from contextlib import ExitStack

import pytest

from .program import PIECE
from .running import Program, connect, get, read_answer, read_to_end, reset_on_close

pytestmark = pytest.mark.skipif(
    not os.path.exists("/proc/self/status"), reason="only Linux tells how much memory was used"
)

MIB = 1 << 20
GIB = 1 << 30

MOST = 80 * MIB
"""What a server process may use; the interpreter with an event loop takes some 30 MiB of it."""


def test_a_download_of_one_gibibyte(fresh_program: Program) -> None:
    buffer = bytearray(MIB)
    with connect(fresh_program) as sock:
        # HTTP/1.0, so that the body is all there is to count.
        sock.sendall(b"GET /download/%d HTTP/1.0\r\n\r\n" % GIB)
        received = 0
        while size := sock.recv_into(buffer):
            received += size
    assert GIB < received < GIB + 1_000
    assert fresh_program.most_memory < MOST


def test_an_upload_of_one_gibibyte(fresh_program: Program) -> None:
    piece = bytes(MIB)
    with connect(fresh_program) as sock:
        sock.sendall(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % GIB)
        for _ in range(GIB // len(piece)):
            sock.sendall(piece)
        assert read_answer(sock)[1] == b"%d" % GIB
    assert fresh_program.most_memory < MOST


def test_an_upload_in_chunks_of_whatever_size(fresh_program: Program) -> None:
    # A server that waited for whole chunks would need more than it may use.
    sizes = [100 * MIB, 1, 65_536, 28 * MIB]
    with connect(fresh_program) as sock:
        sock.sendall(b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for size in sizes:
            sock.sendall(b"%x\r\n" % size)
            for _ in range(size // MIB):
                sock.sendall(bytes(MIB))
            sock.sendall(bytes(size % MIB) + b"\r\n")
        sock.sendall(b"0\r\n\r\n")
        assert read_answer(sock)[1] == b"%d" % sum(sizes)
    assert fresh_program.most_memory < MOST


def test_readers_that_stop_reading_stop_the_handlers(fresh_program: Program) -> None:
    readers = 20
    with connect(fresh_program) as other, ExitStack() as stack:
        for _ in range(readers):
            reader = stack.enter_context(connect(fresh_program, receive_buffer=65_536))
            reader.sendall(b"GET /download/%d HTTP/1.1\r\nHost: a\r\n\r\n" % GIB)
        produced = settled(other)
        # What the kernel takes from each is its affair, 4 MiB at most on Linux as it comes.
        assert produced < readers * 16 * MIB
        assert fresh_program.most_memory < MOST


def settled(sock: socket.socket) -> int:
    """What the handlers have produced when they produce no more."""
    same, last = 0, -1
    while same < 200:
        produced = int(get(sock, "/produced"))
        same = same + 1 if produced == last and produced else 0
        last = produced
    return last


def test_a_reader_that_goes_on_gets_the_rest(program: Program) -> None:
    size = 64 * MIB
    with connect(program) as other, connect(program, receive_buffer=65_536) as reader:
        reader.sendall(b"GET /download/%d HTTP/1.0\r\n\r\n" % size)
        before = settled(other)
        _, _, body = read_to_end(reader).partition(b"\r\n\r\n")
        assert len(body) == size
        assert body.count(PIECE) == size // len(PIECE)
        assert settled(other) > before


def test_an_upload_that_nobody_reads_stops_the_client(fresh_program: Program) -> None:
    with connect(fresh_program) as other, connect(fresh_program) as writer:
        writer.sendall(b"POST /hold HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % GIB)
        writer.settimeout(0.5)
        sent = 0
        with pytest.raises(TimeoutError):
            while True:
                sent += writer.send(bytes(MIB))
        assert sent < 64 * MIB
        # Without that the end would come behind all that nobody reads.
        reset_on_close(writer)
        assert get(other, "/hello") == b"hello"
    assert fresh_program.most_memory < MOST
