"""Has a server echo WebSocket messages, from a frame that was prepared once."""

import os
import socket
import time

from figure import Figure
from load import connect, repeat

__all__ = ("echo",)

CONNECTIONS = 16
_LARGE, _FEW = 1 << 20, 4
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def echo(port: int, size: int, seconds: float) -> Figure:
    """Binary messages of that size per second that come back, over 16 connections.

    Where each has a whole MiB under way, there are 4.
    """
    opened = [_open(port) for _ in range(CONNECTIONS if size < _LARGE else _FEW)]
    try:
        prepared = _frame(size)
        began = time.perf_counter()
        count = repeat(opened, lambda: prepared, size + _overhead(size), seconds)
        if not count:
            raise RuntimeError("no message came back in time")
        return Figure(value=count / (time.perf_counter() - began), count=count)
    finally:
        for connection in opened:
            connection.close()


def _open(port: int) -> socket.socket:
    connection = connect(port)
    connection.sendall(HANDSHAKE)
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        data = connection.recv(65_536)
        if not data:
            raise RuntimeError(f"the server closed after {answer[:200]!r}")
        answer += data
    if not answer.startswith(b"HTTP/1.1 101 "):
        raise RuntimeError(f"the server answered {answer[:200]!r}")
    return connection


def _frame(size: int) -> bytes:
    """A whole binary message from a client (RFC 6455, section 5.2)."""
    mask = os.urandom(4)
    masked = bytes(key ^ 0x61 for key in mask) * (size // 4 + 1)
    return b"\x82" + _length(size) + mask + masked[:size]


def _length(size: int) -> bytes:
    if size < 126:
        return bytes((0x80 | size,))
    if size < 65_536:
        return b"\xfe" + size.to_bytes(2, "big")
    return b"\xff" + size.to_bytes(8, "big")


def _overhead(size: int) -> int:
    """The bytes around a server's message, which has no mask."""
    return 1 + len(_length(size))
