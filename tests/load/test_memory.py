"""However much goes through a server, what it holds is bounded.

What is large is so many times larger than what the server may use; `nox -s soak`
has it a gibibyte large.
"""

import os
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.tremolo_transport.certificates import client_context, write_certificate

from .conftest import LOOPS
from .program import PIECE
from .running import (
    Program,
    connect,
    get,
    read_answer,
    read_to_end,
    reset_on_close,
    running,
)

pytestmark = pytest.mark.skipif(
    not os.path.exists("/proc/self/status"), reason="only Linux tells how much memory was used"
)

MIB = 1 << 20
LARGE = 1_024 * MIB if os.environ.get("TREMOLO_SOAK") else 128 * MIB

MOST = 80 * MIB
"""What a server process may use; the interpreter with an event loop takes some 30 MiB of it."""


def test_a_large_download(fresh_program: Program) -> None:
    buffer = bytearray(MIB)
    with connect(fresh_program) as sock:
        # HTTP/1.0, so that the body is all there is to count.
        sock.sendall(b"GET /download/%d HTTP/1.0\r\n\r\n" % LARGE)
        received = 0
        while size := sock.recv_into(buffer):
            received += size
    assert LARGE < received < LARGE + 1_000
    assert fresh_program.most_memory < MOST


def test_64_mebibytes_of_a_file(fresh_program: Program) -> None:
    size, buffer = 64 * MIB, bytearray(MIB)
    before = fresh_program.most_memory
    with connect(fresh_program) as sock:
        sock.sendall(b"GET /file/%d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % size)
        received = 0
        while more := sock.recv_into(buffer):
            received += more
    assert size < received < size + 1_000
    assert fresh_program.most_memory < before + 20 * MIB


def test_a_large_upload(fresh_program: Program) -> None:
    piece = bytes(MIB)
    with connect(fresh_program) as sock:
        sock.sendall(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % LARGE)
        for _ in range(LARGE // len(piece)):
            sock.sendall(piece)
        assert read_answer(sock)[1] == b"%d" % LARGE
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
            reader.sendall(b"GET /download/%d HTTP/1.1\r\nHost: a\r\n\r\n" % LARGE)
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
        writer.sendall(b"POST /hold HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % LARGE)
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


@pytest.mark.parametrize("loop", LOOPS)
def test_an_idle_connection_over_tls_costs_60_kilobytes_at_most(loop: str, tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes(Path(certificate).read_bytes() + Path(key).read_bytes())
    context = client_context()

    def connect_all(stack: ExitStack, count: int) -> None:
        """So many, each of which has sent and received more than buffers hold."""
        for _ in range(count):
            sock = context.wrap_socket(stack.enter_context(connect(program)))
            stack.enter_context(sock)
            sock.sendall(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
            sock.sendall(bytes(100_000))
            assert read_answer(sock)[1] == b"100000"
            sock.sendall(b"GET /download/131072 HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = b""
            while not answer.endswith(b"\r\n0\r\n\r\n"):
                answer += sock.recv(65_536)

    with running(loop, str(both)) as program, ExitStack() as stack:
        # What the first ones take is the server's for ever.
        connect_all(stack, 30)
        before = program.memory
        connect_all(stack, 100)
        assert (program.memory - before) / 100 < 60 * 1_024
