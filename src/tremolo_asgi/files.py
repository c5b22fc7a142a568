"""The files that two extensions send: opened, measured, and how far they stand afterwards.

What is asked for is read in `http_messages`; the bytes are sent by the exchange.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import anyio.to_thread

from tremolo_core import Response, value

from .errors import MessageError
from .http_messages import FilePart, declared_length

__all__ = ("OpenPart", "open_part", "open_path")


@value
class OpenPart:
    """Bytes of an open file that are to be sent."""

    file: BinaryIO
    offset: int
    count: int

    def must_fit(self, head: Response, *, whole: bool) -> None:
        """Raise MessageError if a head that is not sent yet declares another length.

        If this is not the `whole` body, no more is known than that it may not
        be longer.
        """
        declared = declared_length(head)
        if declared is None or declared == self.count or (not whole and declared > self.count):
            return
        raise MessageError(
            f"the file has {self.count} bytes to send, where Content-Length is {declared}"
        )


async def open_path(path: str) -> OpenPart:
    """Open a whole regular file, for the caller to close.

    Raises OSError if it cannot be opened, and MessageError if it is no regular
    file. A cancelled call leaves nothing open.
    """
    # Once the thread has begun it is waited for, so that its file is not lost.
    return await anyio.to_thread.run_sync(_open, path)


@contextmanager
def open_part(asked: FilePart) -> Iterator[OpenPart]:
    """Find out what `asked` means.

    On leaving, the file stands where it stood; or behind the part, if that began
    there.

    Raises MessageError for what is no regular file or has no descriptor.
    """
    file = asked.file
    try:
        if isinstance(file, int):
            file = open(file, "rb", buffering=0, closefd=False)  # noqa: SIM115 - not ours to close
        size = _size_of(file.fileno())
    except (OSError, ValueError) as error:
        raise MessageError(f"'file' of 'http.response.zerocopysend': {error}") from error
    stood = file.tell()
    offset = stood if asked.offset is None else asked.offset
    left = max(0, size - offset)
    count = left if asked.count is None else asked.count
    if count > left:
        raise MessageError(
            f"'count' of 'http.response.zerocopysend' is {count}, where the file has {left} bytes"
        )
    yield OpenPart(file=file, offset=offset, count=count)
    file.seek(offset + count if asked.offset is None else stood)


def _open(path: str) -> OpenPart:
    file = open(path, "rb")  # noqa: SIM115 - the caller closes it
    try:
        size = _size_of(file.fileno())
    except BaseException:
        file.close()
        raise
    return OpenPart(file=file, offset=0, count=size)


def _size_of(descriptor: int) -> int:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise MessageError("what is to be sent is no regular file")
    return status.st_size
