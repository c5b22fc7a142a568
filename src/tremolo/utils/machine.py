"""What the operating system says of processes and files."""

import os
from pathlib import Path

__all__ = ("file_signature", "memory_usage")


def file_signature(path: str | os.PathLike[str]) -> tuple[int, int, float]:
    """The kind of a file, its size in bytes and when it was changed: if equal, it is unchanged.

    Raises OSError if there is none.
    """
    status = os.stat(path)
    return status.st_mode & 0o170000, status.st_size, status.st_mtime


def memory_usage(pid: int = 0) -> int:
    """The resident memory of a process in KiB, by default of this one; -1 if it is not known."""
    try:
        fields = Path(f"/proc/{pid or 'self'}/statm").read_text(encoding="ascii").split()
    except OSError:
        return -1
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
