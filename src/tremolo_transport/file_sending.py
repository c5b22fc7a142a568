"""Has the kernel send a file over a socket, past the stream that owns it.

One code for all event loops: uvloop has no `sendfile`, and asyncio refuses the
descriptor of a transport, so the socket's descriptor is duplicated. When it is
a stream's turn to be passed is decided in `link`; where this cannot be done,
`Exchange.send_file` reads the file in threads.
"""

import io
import os
import stat
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, TypeAlias

import anyio.to_thread
from anyio import BrokenResourceError
from anyio.abc import ByteStream, SocketAttribute, SocketStream
from anyio.lowlevel import checkpoint

from tremolo_core import value

from .native_stream import NativeStream

__all__ = (
    "Allowance",
    "FileSection",
    "duplicate_socket",
    "file_section",
    "send_section",
    "until_written",
)

_AT_ONCE = 262_144
"""Bytes that the kernel is given at a time, before other tasks get their turn."""

_READ_AT_ONCE = 65_536

Allowance: TypeAlias = Callable[[int], Awaitable[int]]


@value
class FileSection:
    """Bytes of an open file that the kernel can send."""

    descriptor: int
    offset: int
    count: int


def file_section(file: BinaryIO, offset: int, count: int | None) -> FileSection | None:
    """The section of `file`, by default to its end; None if the kernel cannot send it.

    It can if it is a regular file of the file system and what it contains is
    what reading it gives: a GzipFile has a descriptor too, but of other bytes.
    """
    if not hasattr(os, "sendfile"):
        return None
    raw = file.raw if type(file) is io.BufferedReader else file
    if type(raw) is not io.FileIO:
        return None
    descriptor = raw.fileno()
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        return None
    if count is None:
        count = max(0, found.st_size - offset)
    return FileSection(descriptor=descriptor, offset=offset, count=count)


@contextmanager
def duplicate_socket(stream: ByteStream) -> Iterator[int | None]:
    """Another descriptor of the stream's socket, for the time of the context.

    None if there is no socket, if what the stream sends is not what its socket
    sends, as with TLS, and if there are no descriptors left.
    """
    duplicate = None
    if isinstance(stream, NativeStream | SocketStream):
        try:
            duplicate = os.dup(stream.extra(SocketAttribute.raw_socket).fileno())
        except OSError:
            duplicate = None
    try:
        yield duplicate
    finally:
        if duplicate is not None:
            os.close(duplicate)


async def until_written(stream: ByteStream) -> None:
    """Wait until the kernel has all that `stream` was given. Raises as its `send` does."""
    # anyio's own waits for that in `send`.
    if isinstance(stream, NativeStream):
        await stream.until_written()


async def send_section(
    section: FileSection,
    *,
    over: int,
    stream: ByteStream,
    allowance: Allowance,
    on_sent: Callable[[], None] = lambda: None,
) -> None:
    """Send `section` by the socket's other descriptor `over`, or else by its `stream`.

    `allowance` is asked how many bytes may go, of so many at most; `on_sent` is
    called for each part that the kernel has taken.

    Raises EOFError if the file ends before it, OSError if it cannot be read,
    BrokenResourceError if the peer is gone.
    """
    offset, end = section.offset, section.offset + section.count
    allowed = 0
    while offset < end:
        if not allowed:
            allowed = await allowance(min(end - offset, _AT_ONCE))
        try:
            size = os.sendfile(over, section.descriptor, offset, allowed)
        except BlockingIOError:
            await anyio.wait_writable(over)
            continue
        except ConnectionError as error:
            raise BrokenResourceError from error
        except OSError:
            # A file system that cannot do it, or one that fails to read: reading tells.
            size = await _send_by_reading(section.descriptor, offset, allowed, stream)
        if not size:
            raise EOFError(f"the file ended {end - offset} bytes before its announced end")
        offset += size
        on_sent()
        allowed -= size
        await checkpoint()


async def _send_by_reading(descriptor: int, offset: int, most: int, stream: ByteStream) -> int:
    size = min(most, _READ_AT_ONCE)
    data = await anyio.to_thread.run_sync(os.pread, descriptor, size, offset)
    if data:
        await stream.send(data)
        await until_written(stream)
    return len(data)
