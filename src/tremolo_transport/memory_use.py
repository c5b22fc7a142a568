"""How much memory this process has."""

import os
import resource
import sys
from pathlib import Path

__all__ = ("resident_kib",)

_STATM = Path("/proc/self/statm")


def resident_kib() -> int:
    """KiB that are resident now; on systems that do not tell, the most that ever were."""
    try:
        pages = int(_STATM.read_text(encoding="ascii").split()[1])
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most // 1024 if sys.platform == "darwin" else most
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024
