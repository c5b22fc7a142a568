"""Which bytes of which files the kernel can send; how it does is the business of `file_sending`."""

import io
import os
import stat
from typing import BinaryIO

from tremolo_core import value

__all__ = ("FileSection", "file_section")


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
