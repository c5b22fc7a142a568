"""How bytes come out of the kernel where nobody was told that there are any.

Who waits for them, and when they are asked for like this, is the business of `asyncio_stream`.
"""

import socket
import threading

__all__ = ("read_bytes", "read_view")

_NOT_NOW = (BlockingIOError, InterruptedError)


class _ReadBuffer(threading.local):
    """What `read_view` reads to. It stays, as fresh memory is slow to use."""

    def __init__(self) -> None:
        self.view = memoryview(b"")


_read_buffer = _ReadBuffer()


def read_bytes(sock: socket.socket, most: int) -> bytes:
    """Return what has come on a non-blocking socket, `most` bytes at most; none if nothing has.

    None, too, if only the end has come, which is there all the same. Raises
    OSError for what is wrong, which the kernel may not say again.
    """
    try:
        return sock.recv(most)
    except _NOT_NOW:
        return b""


def read_view(sock: socket.socket, most: int) -> memoryview:
    """As `read_bytes`, but return a view of memory that all streams of a thread read to.

    So it is good until the next read of any.
    """
    if most > len(_read_buffer.view):
        _read_buffer.view = memoryview(bytearray(most))
    view = _read_buffer.view[:most]
    try:
        return view[: sock.recv_into(view)]
    except _NOT_NOW:
        return view[:0]
