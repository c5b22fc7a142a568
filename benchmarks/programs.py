"""Runs Tremolo as a program with workers, and knows their processes. Linux only."""

import contextlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ("Program", "program", "workers_of")


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program that serves."""

    pid: int
    port: int

    def workers(self) -> list[int]:
        """Its worker processes."""
        return workers_of(self.pid)

    def cpu_seconds(self) -> float:
        """The processor's time that the workers have had so far (`/proc/PID/stat`)."""
        return sum(map(_cpu_seconds, self.workers()))


def workers_of(pid: int) -> list[int]:
    """The worker processes of a program."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    # `multiprocessing` has one of its own there, which sees to what the others leave behind.
    return [
        child for child in map(int, children.split()) if "resource_tracker" not in _command(child)
    ]


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace")


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def program(
    application: str, options: Sequence[str], *, directory: Path | None = None
) -> Iterator[Program]:
    """Run one while the context lasts, on a port of the system's choice."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tremolo", "--port=0", "--no-access-log", *options, application],
        stderr=subprocess.PIPE,
        text=True,
        cwd=directory,
    )
    assert process.stderr is not None
    try:
        seen: list[str] = []
        for line in process.stderr:
            seen.append(line)
            if found := re.search(r"listening on http://.*:(\d+)", line):
                port = int(found[1])
                break
        else:
            raise SystemExit("".join(seen))
        # What is written and not read would stop it.
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield Program(pid=process.pid, port=port)
    finally:
        process.terminate()
        process.wait()
