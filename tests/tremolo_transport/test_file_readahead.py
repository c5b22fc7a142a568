"""Files that are brought into memory before the kernel sends them."""

import ctypes
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from tremolo_transport.file_readahead import read_ahead
from tremolo_transport.file_section import FileSection

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not hasattr(os, "RWF_NOWAIT"), reason="the system cannot tell"),
]

CONTENT = bytes(range(256)) * 16_384 + b"the end"
"""4 MiB and a little: more than is read in one call."""


@contextmanager
def file_on_disk(path: Path) -> Iterator[FileSection]:
    """All of a file of which nothing is in memory."""
    # Of another, as whoever asks has the kernel begin to read.
    with forgotten(path.with_name("another")) as section:
        if in_memory(section):
            pytest.skip("the file system is in memory itself")
    with forgotten(path) as section:
        yield section


@contextmanager
def forgotten(path: Path) -> Iterator[FileSection]:
    path.write_bytes(CONTENT)
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
        forget(descriptor)
        yield FileSection(descriptor=descriptor, offset=0, count=len(CONTENT))
    finally:
        os.close(descriptor)


def forget(descriptor: int, offset: int = 0, end: int = len(CONTENT)) -> None:
    """Have the kernel drop what it can; it keeps pages that another processor has just used."""
    for _ in range(100):
        os.posix_fadvise(descriptor, offset, end - offset, os.POSIX_FADV_DONTNEED)
        if not is_resident(descriptor, end - 1):
            return
        os.sched_yield()
    pytest.skip("the kernel keeps the file")


def is_resident(descriptor: int, offset: int) -> bool:
    """Whether the page with that byte is in memory; to ask mincore(2) has nothing read."""
    start = offset - offset % mmap.PAGESIZE
    size = min(mmap.PAGESIZE, len(CONTENT) - start)
    libc = ctypes.CDLL(None, use_errno=True)
    answer = ctypes.create_string_buffer(1)
    with mmap.mmap(descriptor, size, offset=start) as page:
        # A view is of the mapping's own memory, and must be gone before it is closed.
        view = ctypes.c_char.from_buffer(page)
        failed = libc.mincore(ctypes.c_void_p(ctypes.addressof(view)), size, answer)
        del view
    assert not failed, os.strerror(ctypes.get_errno())
    return bool(answer.raw[0] & 1)


def in_memory(section: FileSection) -> bool:
    """Whether all of it is."""
    read = bytearray(section.count)
    with suppress(BlockingIOError):
        at_once = os.preadv(section.descriptor, [read], section.offset, os.RWF_NOWAIT)
        return at_once == section.count
    return False


def waits(section: FileSection) -> bool:
    """Whether `read_ahead` would let others run."""
    coroutine = read_ahead(section)
    try:
        coroutine.send(None)
    except StopIteration:
        return False
    coroutine.close()
    return True


async def read(section: FileSection) -> None:
    """`read_ahead` of what is not in memory, which lets others run."""
    others: list[str] = []

    async def run() -> None:
        others.append("ran")

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await read_ahead(section)
        waited = bool(others)
    if not waited:
        # To ask has the kernel begin to read, and then it had the byte that was asked for.
        pytest.skip("the disk was as fast as the question")


async def test_a_section_is_read_before_it_is_sent(tmp_path: Path) -> None:
    with file_on_disk(tmp_path / "file") as whole:
        await read(whole)
        assert in_memory(whole)
        assert not waits(whole)


async def test_the_end_tells_that_some_is_missing(tmp_path: Path) -> None:
    with file_on_disk(tmp_path / "file") as whole:
        await read(whole)
        forget(whole.descriptor, 1 << 21)
        await read(whole)
        assert in_memory(whole)


async def test_what_is_in_memory_is_not_waited_for(tmp_path: Path) -> None:
    with file_on_disk(tmp_path / "file") as whole:
        await read(whole)
        forget(whole.descriptor, end=1 << 20)
        forget(whole.descriptor, 3 << 20)
        middle = FileSection(descriptor=whole.descriptor, offset=1 << 20, count=2 << 20)
        assert not waits(middle)


async def test_what_cannot_be_read_is_left_to_who_sends(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    with path.open("rb") as file, path.open("ab") as unreadable:
        assert not waits(FileSection(descriptor=unreadable.fileno(), offset=0, count=10))
        await read_ahead(FileSection(descriptor=file.fileno(), offset=10, count=100))


async def test_a_file_may_end_before(tmp_path: Path) -> None:
    with file_on_disk(tmp_path / "file") as whole:
        await read(replace(whole, count=2 * len(CONTENT)))
        assert in_memory(whole)
