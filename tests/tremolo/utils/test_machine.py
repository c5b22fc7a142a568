"""What the system says."""

import os
import stat
import sys
from pathlib import Path

import pytest

from tremolo.utils import file_signature, memory_usage


def test_a_file_is_known_by_its_kind_size_and_time(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"abc")
    os.utime(file, (5, 5))
    assert file_signature(file) == (stat.S_IFREG, 3, 5.0)
    os.utime(file, (6, 6))
    assert file_signature(str(file)) == (stat.S_IFREG, 3, 6.0)
    with pytest.raises(FileNotFoundError):
        file_signature(tmp_path / "none")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_memory() -> None:
    assert 1_000 < memory_usage() < 10_000_000
    assert memory_usage(os.getpid()) > 1_000
    assert memory_usage(2**30) == -1
