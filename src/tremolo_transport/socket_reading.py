"""How bytes come out of the kernel: where an event loop puts them, and what is read without it.

Who waits for them, and when the loop is left out, is the business of `asyncio_stream`.
"""

import os
import socket
import threading

__all__ = ("read_buffer", "read_past_the_loop", "view_past_the_loop")

_READ_SIZE = 65_536
"""The most that an event loop reads at once."""

_NOT_NOW = (BlockingIOError, InterruptedError)


class _ReadBuffer(threading.local):
    """Where an event loop reads to: one for all streams of a thread, as reads do not overlap."""

    def __init__(self) -> None:
        self.view = memoryview(bytearray(_READ_SIZE))
        self.large = memoryview(b"")
        """What `view_past_the_loop` reads to. It stays, as fresh memory is slow to use."""


read_buffer = _ReadBuffer()


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
    if most > len(read_buffer.large):
        read_buffer.large = memoryview(bytearray(most))
    view = read_buffer.large[:most]
    try:
        return view[: os.readv(sock.fileno(), [view])]
    except _NOT_NOW:
        return view[:0]
