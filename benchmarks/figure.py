"""One measurement of one server, and what its processes have worked meanwhile."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ("CPU", "Figure", "family", "resident", "ticks", "until_at_rest", "with_cpu")

CPU = "CPU, µs each"
"""The name under which processor time stands beside a figure."""

PROC = Path("/proc")

_LOOK = 0.1
"""Seconds between two looks at who is to come to rest."""

_AT_REST = 0.1
"""Of a core, which sweeps and signs of life do not take."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What a row asks for, and what stands beside it."""

    value: float
    count: float = 0
    """How much was done for it: requests, messages or MiB; 0 where there is nothing to count."""
    beside: dict[str, float] = field(default_factory=dict)
    """Further figures, each by a name that says its unit."""


def family(pid: int) -> list[int]:
    """A process with all that it has started and that still lives; Linux only."""
    found = [pid]
    for path in PROC.glob(f"{pid}/task/*/children"):
        for child in path.read_text(encoding="ascii").split():
            found += family(int(child))
    return found


def _seconds(pid: int) -> float:
    """Processor time of a process: of its threads in nanoseconds where the kernel counts them."""
    process = PROC / f"{pid}"
    if not (process / "schedstat").exists():
        return ticks((process / "stat").read_text(encoding="utf-8")) / os.sysconf("SC_CLK_TCK")
    threads = process.glob("task/*/schedstat")
    return sum(int(path.read_text(encoding="ascii").split()[0]) for path in threads) / 1e9


def ticks(stat: str) -> int:
    """User and system time of a process, from its line in /proc (see proc(5))."""
    # Its name, in parentheses, may have spaces and parentheses of its own.
    fields = stat.rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def resident(pid: int) -> int:
    """The bytes of memory that a process has resident; Linux only."""
    pages = (PROC / f"{pid}" / "statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def until_at_rest(pid: int, *, most: float = 10.0) -> bool:
    """Wait until a server hardly works for a tenth of a second; false if it goes on working.

    One that was given more than it can do still works on it when its clients have left,
    on the core that the next server is to have. Waits `most` seconds.
    """
    until = time.monotonic() + most
    before = _worked(pid)
    while before is not None and time.monotonic() < until:
        time.sleep(_LOOK)
        after = _worked(pid)
        if after is None or after - before < _LOOK * _AT_REST:
            return True
        before = after
    return before is None


def _worked(pid: int) -> float | None:
    if not PROC.exists():
        return None
    return sum(map(_seconds, family(pid)))


def with_cpu(pid: int, measure: Callable[[], Figure]) -> Figure:
    """Measure, and add the microseconds of processor time that the server took for each one."""
    before = _worked(pid)
    figure = measure()
    after = _worked(pid)
    if before is None or after is None or not figure.count:
        return figure
    each = (after - before) / figure.count * 1e6
    return Figure(value=figure.value, count=figure.count, beside={CPU: each, **figure.beside})
