"""Has a server echo WebSocket messages, from a frame that was prepared once."""

import os
import socket
import time

from load import connect, repeat

__all__ = ("echo",)

CONNECTIONS = 16
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def echo(port: int, size: int, seconds: float) -> float:
    """Binary messages of that size per second that come back, over 16 connections."""
    opened = [_open(port) for _ in range(CONNECTIONS)]
    try:
        prepared = _frame(size)
        # The server's frame has no mask, which takes 4 bytes.
        began = time.perf_counter()
        count = repeat(opened, lambda: prepared, len(prepared) - 4, seconds)
        return count / (time.perf_counter() - began)
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
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2)
    mask = os.urandom(4)
    payload = bytes(mask[index % 4] ^ 0x61 for index in range(size))
    return b"\x82" + length + mask + payload
