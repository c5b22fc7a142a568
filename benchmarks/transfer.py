"""Moves one large body over a connection of its own, and says how fast it went."""

import socket
import time

from load import connect

__all__ = ("MIB", "receive", "send")

MIB = 1 << 20
_PIECE = bytes(256 * 1024)
_BUFFER = bytearray(MIB)


def receive(port: int, target: str, size: int) -> float:
    """MiB per second of an answer with a body of that size. Raises RuntimeError if it is cut."""
    with connect(port) as connection:
        began = time.perf_counter()
        connection.sendall(_head(f"GET {target}"))
        received = 0
        # The kernel drops what comes: the client is not what is measured.
        flag = getattr(socket, "MSG_TRUNC", 0)
        start = connection.recv(32)
        if not start.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"the server answered {start!r}")
        while count := connection.recv_into(_BUFFER, len(_BUFFER), flag):
            received += count
        elapsed = time.perf_counter() - began
    if received < size:
        raise RuntimeError(f"{received} of {size} bytes came")
    return size / MIB / elapsed


def send(port: int, size: int) -> float:
    """MiB per second of a request that the application counts."""
    with connect(port) as connection:
        began = time.perf_counter()
        connection.sendall(_head("POST /upload", f"Content-Length: {size}\r\n"))
        for _ in range(size // len(_PIECE)):
            connection.sendall(_PIECE)
        answer = b""
        while data := connection.recv(65_536):
            answer += data
        elapsed = time.perf_counter() - began
    if not answer.startswith(b"HTTP/1.1 200 ") or f"{size}".encode() not in answer:
        raise RuntimeError(f"the server answered {answer[:200]!r}")
    return size / MIB / elapsed


def _head(line: str, fields: str = "") -> bytes:
    return f"{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n".encode("ascii")
