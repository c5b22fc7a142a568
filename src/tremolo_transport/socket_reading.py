"""How bytes come out of the kernel where an event loop is left out.

Who waits for them, and when the loop is left out, is the business of `asyncio_stream`.
"""

import os
import socket
import threading

__all__ = ("read_past_the_loop", "view_past_the_loop")

_NOT_NOW = (BlockingIOError, InterruptedError)


class _ReadBuffer(threading.local):
    """What `view_past_the_loop` reads to. It stays, as fresh memory is slow to use."""

    def __init__(self) -> None:
        self.view = memoryview(b"")


_read_buffer = _ReadBuffer()


def read_past_the_loop(sock: socket.socket, most: int) -> bytes:
    """Return what has come on a non-blocking socket, `most` bytes at most; none if nothing has.

    None, too, if only the end has come, which the event loop sees all the same.
    Raises OSError for what is wrong, which the kernel may not say again.
    """
    try:
        # What an event loop gives out as its socket can often not receive.
        return os.read(sock.fileno(), most)
    except _NOT_NOW:
        return b""


def view_past_the_loop(sock: socket.socket, most: int) -> memoryview:
    """As `read_past_the_loop`, but return a view of memory that all streams of a thread read to.

    So it is good until the next read of any.
    """
    if most > len(_read_buffer.view):
        _read_buffer.view = memoryview(bytearray(most))
    view = _read_buffer.view[:most]
    try:
        return view[: os.readv(sock.fileno(), [view])]
    except _NOT_NOW:
        return view[:0]
