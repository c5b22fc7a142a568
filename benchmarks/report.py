"""What every benchmark says besides its figures: where it ran, and where the raw numbers are."""

import datetime
import json
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results")
PUBLISHED = RESULTS / "published.json"
"""What the documentation shows."""


def spread(figures: Sequence[float]) -> dict[str, Any]:
    """The median of some figures, and how far apart they are."""
    return {
        "median": statistics.median(figures),
        "lowest": min(figures),
        "highest": max(figures),
        "all": list(figures),
    }


def machine() -> dict[str, Any]:
    """The processor and the memory, as far as the system says."""
    found: dict[str, Any] = {"architecture": platform.machine(), "cores": os.cpu_count()}
    cpu = Path("/proc/cpuinfo")
    if cpu.exists():
        lines = cpu.read_text(encoding="utf-8").splitlines()
        models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        found["processor"] = models[0] if models else "unknown"
    if hasattr(os, "sysconf"):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        found["memory_gib"] = round(memory / (1 << 30), 1)
    return found


def commit() -> str:
    """The repository's, and whether what was measured differs from it."""
    words = ["git", "-C", str(RESULTS.parent), "describe", "--always", "--abbrev=12", "--dirty"]
    try:
        done = subprocess.run(words, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def write(name: str, distributions: Sequence[str], result: dict[str, Any]) -> Path:
    """Keep `result` in a file of its own, with the machine and the versions it is true for."""
    now = datetime.datetime.now(datetime.UTC)
    report = {
        "benchmark": name,
        "at": now.isoformat(timespec="seconds"),
        "commit": commit(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": f"{platform.system()} {platform.release()}, {os.cpu_count()} cores",
        "versions": {name: metadata.version(name) for name in distributions},
        **result,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}-{now:%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return path
