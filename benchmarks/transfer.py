"""Moves one large body over a connection of its own, and says how fast it went."""

import socket
import time

from figure import Figure
from load import connect

__all__ = ("MIB", "receive", "send")

MIB = 1 << 20
_PIECE = bytes(256 * 1024)
_FORM = "Content-Type: multipart/form-data; boundary=bench\r\n"
_OPENING = (
    b'--bench\r\nContent-Disposition: form-data; name="file"; filename="file.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n"
)
_CLOSING = b"\r\n--bench--\r\n"
_BUFFER = bytearray(MIB)


def receive(port: int, target: str, size: int) -> Figure:
    """MiB per second of an answer with a body of that size. Raises RuntimeError if it is cut."""
    with connect(port) as connection:
        began = time.perf_counter()
        # Without `Connection: close`, at which some servers cut off what they have not written.
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode("ascii"))
        head = _read_head(connection)
        missing = size
        # The kernel drops what comes: the client is not what is measured.
        flag = getattr(socket, "MSG_TRUNC", 0)
        while missing:
            count = connection.recv_into(_BUFFER, min(missing, len(_BUFFER)), flag)
            if not count:
                raise RuntimeError(f"{size - missing} of {size} bytes came")
            missing -= count
        # The frames of chunks have pushed some of the body behind that.
        end = b"" if b"transfer-encoding: chunked" not in head.lower() else b"\r\n0\r\n\r\n"
        rest = b""
        while not rest.endswith(end):
            data = connection.recv(65_536)
            if not data:
                raise RuntimeError("the last chunk did not come")
            rest = rest[-len(end) :] + data
        elapsed = time.perf_counter() - began
    return Figure(value=size / MIB / elapsed, count=size / MIB)


def _read_head(connection: socket.socket) -> bytes:
    """The head of an answer, and not a byte more. Raises RuntimeError if it is not 200."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            break
        head += byte
    if not head.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(f"the server answered {head!r}")
    return head


def send(port: int, size: int, *, multipart: bool = False) -> Figure:
    """MiB per second of a request that the application counts, in a form if so asked."""
    opening, closing = (_OPENING, _CLOSING) if multipart else (b"", b"")
    length = f"Content-Length: {len(opening) + size + len(closing)}\r\n"
    with connect(port) as connection:
        began = time.perf_counter()
        if multipart:
            connection.sendall(_head("POST /multipart", f"{_FORM}{length}") + opening)
        else:
            connection.sendall(_head("POST /upload", length))
        for _ in range(size // len(_PIECE)):
            connection.sendall(_PIECE)
        connection.sendall(closing)
        answer = b""
        while data := connection.recv(65_536):
            answer += data
        elapsed = time.perf_counter() - began
    if not answer.startswith(b"HTTP/1.1 200 ") or f"{size}".encode() not in answer:
        raise RuntimeError(f"the server answered {answer[:200]!r}")
    return Figure(value=size / MIB / elapsed, count=size / MIB)


def _head(line: str, fields: str = "") -> bytes:
    return f"{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n".encode("ascii")
