"""Which bytes of which files the kernel can send."""

import gzip
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tremolo_transport.file_section import FileSection, file_section

SMALL = b"0123456789"


def test_a_file_of_the_file_system_is_sent_by_the_kernel(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(SMALL)
    with path.open("rb", buffering=0) as raw, path.open("rb") as buffered:
        for file in (raw, buffered):
            section = file_section(file, 2, 5)
            assert section == FileSection(descriptor=file.fileno(), offset=2, count=5)
            for offset, count in ((0, 10), (4, 6), (10, 0), (11, 0)):
                to_end = file_section(file, offset, None)
                assert to_end is not None
                assert to_end.count == count


def other_files(tmp_path: Path) -> Iterator[BinaryIO]:
    path = tmp_path / "other"
    path.write_bytes(gzip.compress(SMALL))
    yield io.BytesIO(SMALL)
    with gzip.open(path) as unzipped:
        assert isinstance(unzipped, gzip.GzipFile)
        yield io.BufferedReader(unzipped)
    with path.open("r+b") as changing:
        yield changing
    reading, writing = os.pipe()
    with open(reading, "rb") as pipe, open(writing, "wb"):
        yield pipe


def test_other_files_are_read(tmp_path: Path) -> None:
    for file in other_files(tmp_path):
        assert file_section(file, 0, None) is None
