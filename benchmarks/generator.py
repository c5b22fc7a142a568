"""Has a load generator ask a server: wrk if it is installed, and otherwise `load`."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ask import Ask
from figure import Figure
from running import on_core

__all__ = ("generator", "rate", "read_wrk")


def generator() -> str:
    """Which one it is, with its version."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return "benchmarks/load.py"
    said = subprocess.run([wrk, "--version"], capture_output=True, text=True, check=False)
    words = re.match(r"wrk \S+", said.stdout + said.stderr)
    return f"{words[0] if words else 'wrk'}; for pipelining benchmarks/load.py"


def rate(ask: Ask, port: int, seconds: float, *, tls: bool = False) -> Figure:
    """Answers per second. Raises RuntimeError if any was not what was asked for."""
    # wrk sees no answers where several come in one segment, which `load` can count.
    if ask.pipelined == 1 and (wrk := shutil.which("wrk")):
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            script.write(ask.script())
            script.flush()
            url = f"http{'s' if tls else ''}://127.0.0.1:{port}/"
            # It takes whole seconds only.
            duration = f"-d{max(1, round(seconds))}s"
            words = [wrk, "-t1", f"-c{ask.connections}", duration, "-s", script.name, url]
            printed = _run(words, seconds)
        # A close that was asked for is no error, whenever it comes.
        return read_wrk(printed, may_close="Connection: close" in ask.fields)
    load = [sys.executable, str(Path(__file__).with_name("load.py")), f"{port}", f"{seconds}"]
    printed = _run([*load, ask.dump(), *(["--tls"] if tls else [])], seconds)
    said = json.loads(printed)
    return Figure(value=float(said["rate"]), count=said["count"])


def read_wrk(printed: str, *, may_close: bool) -> Figure:
    """What wrk found. Raises RuntimeError if it saw an error."""
    per_second = re.search(r"Requests/sec:\s*([0-9.]+)", printed)
    count = re.search(r"(\d+) requests in ", printed)
    bad = re.search("Non-2xx.*" if may_close else "Non-2xx.*|Socket errors:.*", printed)
    if per_second is None or count is None or not int(count[1]) or bad:
        raise RuntimeError(bad[0] if bad else f"wrk said {printed!r}")
    return Figure(value=float(per_second[1]), count=int(count[1]))


def _run(words: list[str], seconds: float) -> str:
    with on_core(1):
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=seconds + 20, check=False
        )
    if done.returncode:
        raise RuntimeError(done.stderr.strip().rpartition("\n")[2] or "the load generator failed")
    return done.stdout
