"""Starts `program` and talks to it over plain blocking sockets."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tremolo_core import value

__all__ = ("Program", "connect", "get", "read_answer", "read_to_end", "reset_on_close", "running")

PATIENCE = 60.0
"""Seconds after which a test that hangs fails; no test that works comes near."""

ROOT = Path(__file__).parents[2]


@value
class Program:
    """A server in a process of its own."""

    pid: int
    port: int

    @property
    def most_memory(self) -> int:
        """The most bytes of memory that the process has ever had resident."""
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines()
        [kilobytes] = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
        return int(kilobytes) * 1024

    @property
    def memory(self) -> int:
        """The bytes of memory that the process has resident now."""
        pages = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def running(loop: str, *options: str, module: str = "tests.load.program") -> Iterator[Program]:
    """A server on `loop`; afterwards it must have stopped in good order, without a complaint."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", module, loop, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    try:
        assert process.stdout is not None
        port = process.stdout.readline()
        assert port, process.communicate()[1].decode()
        yield Program(pid=process.pid, port=int(port))
        _, complaints = process.communicate(timeout=PATIENCE)
        assert (process.returncode, complaints) == (0, b""), complaints.decode()
    finally:
        process.kill()
        process.communicate()


@contextmanager
def connect(program: Program, *, receive_buffer: int | None = None) -> Iterator[socket.socket]:
    """A connection to `program`."""
    with socket.socket() as sock:
        sock.settimeout(PATIENCE)
        if receive_buffer is not None:
            # Before connecting, as the window is agreed on then.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.connect(("127.0.0.1", program.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield sock


def reset_on_close(sock: socket.socket) -> None:
    """Let the peer be told of the end by a reset, and at once, whatever is still on its way."""
    no_time_to_linger = b"\x01\0\0\0\0\0\0\0"
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_time_to_linger)


def read_to_end(sock: socket.socket) -> bytes:
    """All that comes until the server closes."""
    received = bytearray()
    while data := sock.recv(1 << 20):
        received += data
    return bytes(received)


def read_answer(sock: socket.socket) -> tuple[bytes, bytes]:
    """The head and the body of one answer with a Content-Length, and no byte beyond."""
    with sock.makefile("rb", buffering=0) as file:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = file.read(1)
            assert byte, f"the server closed after {head!r}"
            head += byte
        _, _, rest = head.lower().partition(b"content-length:")
        length, body = int(rest.partition(b"\r\n")[0]), b""
        while len(body) < length:
            more = file.read(length - len(body))
            assert more, f"the server closed after {body!r}"
            body += more
    return head, body


def get(sock: socket.socket, path: str) -> bytes:
    """The body of what `path` answers with success."""
    sock.sendall(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode())
    head, body = read_answer(sock)
    assert head.startswith(b"HTTP/1.1 200 "), head
    return body
