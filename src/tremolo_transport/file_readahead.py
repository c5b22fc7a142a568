"""Has bytes of a file in memory before the kernel sends them, so that no disk stops the event loop.

`os.sendfile` waits for the disk, and with it all that the loop serves. Where
the kernel can tell whether it would have to (Linux), a thread waits in its place.
"""

import os

import anyio.to_thread

from .file_section import FileSection

__all__ = ("read_ahead",)

_NOT_NOW = getattr(os, "RWF_NOWAIT", 0)
"""Has a read fail that would wait for the disk; 0 where the system has nothing like it."""

_SCRATCH = memoryview(bytearray(65_536))
"""What is read only so that it is in memory goes here, whoever reads."""

_ONE_BYTE = [_SCRATCH[:1]]


async def read_ahead(section: FileSection) -> None:
    """Return when the kernel need not wait for the bytes of `section`, as far as it can tell.

    Mostly that is at once and without a checkpoint. Raises nothing for a file
    that cannot be read or ends before: whoever sends it will notice.
    """
    if _NOT_NOW and not _at_hand(section):
        await anyio.to_thread.run_sync(_read, section)


def _at_hand(section: FileSection) -> bool:
    """Whether the last byte is in memory: what lies before it was read before, or with it."""
    last = section.offset + section.count - 1
    try:
        # There is none where the file has become shorter.
        return os.preadv(section.descriptor, _ONE_BYTE, last, _NOT_NOW) == 1
    except BlockingIOError:
        return False
    except OSError:
        # A file system that cannot tell.
        return True


def _read(section: FileSection) -> None:
    """Read all of it, to nowhere."""
    offset, end = section.offset, section.offset + section.count
    try:
        while offset < end:
            pieces = -(-(end - offset) // len(_SCRATCH))
            # All go to the same memory: what counts is that the kernel has them.
            read = os.preadv(section.descriptor, [_SCRATCH] * min(pieces, 32), offset)
            if not read:
                break
            offset += read
    except OSError:
        return
