"""Has the kernel send a file over a socket, past the stream that owns it.

One code for all event loops: uvloop has no `sendfile`, and asyncio refuses the
descriptor of a transport, so the socket's descriptor is duplicated. When it is
a stream's turn to be passed is decided in `link`, which files it can send in
`file_section`; where this cannot be done, `Exchange.send_file` reads the file in
threads.
"""

import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias

import anyio.to_thread
from anyio import BrokenResourceError
from anyio.abc import ByteStream, SocketAttribute, SocketStream
from anyio.lowlevel import checkpoint

from .file_readahead import read_ahead
from .file_section import FileSection
from .native_stream import BYTES_SENT_PER_TURN, NativeStream

__all__ = ("Allowance", "duplicate_socket", "send_section", "until_written")

_READ_AT_ONCE = 65_536

Allowance: TypeAlias = Callable[[int], Awaitable[int]]


@contextmanager
def duplicate_socket(stream: ByteStream) -> Iterator[int | None]:
    """Another descriptor of the stream's socket, for the time of the context.

    None if there is no socket, if what the stream sends is not what its socket
    sends, as with TLS, and if there are no descriptors left.
    """
    duplicate = None
    if isinstance(stream, NativeStream | SocketStream):
        # One in memory may be native, and has none.
        sock = stream.extra(SocketAttribute.raw_socket, None)
        if sock is not None:
            with suppress(OSError):
                duplicate = os.dup(sock.fileno())
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
            allowed = await allowance(min(end - offset, BYTES_SENT_PER_TURN))
            await read_ahead(
                FileSection(descriptor=section.descriptor, offset=offset, count=allowed)
            )
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
        if not allowed:
            await _next_turn(stream)


def _next_turn(stream: ByteStream) -> Awaitable[None]:
    # anyio asks for the event loop each time.
    return stream.next_turn() if isinstance(stream, NativeStream) else checkpoint()


async def _send_by_reading(descriptor: int, offset: int, most: int, stream: ByteStream) -> int:
    size = min(most, _READ_AT_ONCE)
    data = await anyio.to_thread.run_sync(os.pread, descriptor, size, offset)
    if data:
        await stream.send(data)
        await until_written(stream)
    return len(data)
