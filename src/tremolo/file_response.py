"""Sends a file as the answer to a request, from opening it to its last byte.

What the answer is, is decided in `file_answer`; how the bytes go, by the
kernel or not, in `Exchange.send_file`.
"""

import errno
import io
import os
import secrets
import stat
import time
from collections.abc import Callable
from typing import Any, BinaryIO, TypeVar

import anyio.to_thread

from tremolo_core import Data, EndOfMessage, value
from tremolo_transport.exchange import Exchange

from .exceptions import NotFound
from .file_answer import FileAnswer, FileFacts, Section
from .preconditions import Validators

__all__ = ("OpenFile", "boundary", "open_file", "run_in", "send_body", "slice_of")

T = TypeVar("T")

_NOT_THERE = frozenset(
    (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.ENXIO)
)


@value
class OpenFile:
    """A regular file that is open, with what the system says about it."""

    file: BinaryIO
    size: int
    validators: Validators


def open_file(path: str | bytes | os.PathLike[str]) -> OpenFile:
    """Open a regular file. Blocks.

    Raises NotFound if there is none: nothing, a directory, a device, a pipe, a
    path that none can have; OSError if it cannot be read.
    """
    try:
        # Whoever opens a pipe would wait for somebody to write to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in _NOT_THERE:
            raise NotFound from error
        raise
    except ValueError as error:
        # A NUL.
        raise NotFound from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise NotFound
        file = io.FileIO(descriptor, "r")
    except BaseException:
        os.close(descriptor)
        raise
    return OpenFile(file=file, size=found.st_size, validators=_validators(found))


def slice_of(found: OpenFile, offset: int, count: int, content_type: bytes) -> FileFacts:
    """`count` bytes of the file from `offset` on, as far as there are any; all if it is negative.

    Such a section has validators of its own.
    """
    offset = min(offset, found.size)
    left = found.size - offset
    size = left if count < 0 else min(count, left)
    validators = found.validators
    if size != found.size and validators.etag is not None:
        etag = b'%b-%x-%x"' % (validators.etag[:-1], offset, size)
        validators = Validators(etag=etag, modified=validators.modified, settled=validators.settled)
    return FileFacts(size=size, offset=offset, content_type=content_type, validators=validators)


async def send_body(
    exchange: Exchange, file: BinaryIO, answer: FileAnswer, *, piece: int | None = None
) -> None:
    """Send the body of `answer` and its end, behind its head; `piece` bytes of the file at a time.

    Raises as `Exchange.send_file` does.
    """
    for part in answer.body:
        if not isinstance(part, Section):
            await exchange.send(Data(data=part))
            continue
        step = piece or part.count
        for start in range(0, part.count, step):
            count = min(step, part.count - start)
            await exchange.send_file(file, offset=part.offset + start, count=count)
    await exchange.send(EndOfMessage())


async def run_in(executor: Any, function: Callable[[], T]) -> T:
    """Run what blocks in a worker thread, or by the `submit` of an executor.

    That may return what can be awaited, or a future of `concurrent.futures`.
    """
    if executor is None:
        return await anyio.to_thread.run_sync(function)
    submitted = executor.submit(function)
    if hasattr(submitted, "__await__"):
        result: T = await submitted
    else:
        result = await anyio.to_thread.run_sync(submitted.result, abandon_on_cancel=True)
    return result


def boundary() -> bytes:
    """What is in no file."""
    return secrets.token_hex(16).encode("ascii")


def _validators(found: os.stat_result) -> Validators:
    modified = found.st_mtime_ns // 1_000_000_000
    return Validators(
        etag=b'"%x-%x"' % (found.st_mtime_ns, found.st_size),
        modified=modified,
        settled=modified < int(time.time()),
    )
