"""Has a load generator ask a server: wrk if it is installed, and otherwise `load`."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ask import Ask
from running import on_core

__all__ = ("generator", "rate")


def generator() -> str:
    """Which one it is, with its version."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return "benchmarks/load.py"
    said = subprocess.run([wrk, "--version"], capture_output=True, text=True, check=False)
    words = re.match(r"wrk \S+", said.stdout + said.stderr)
    return f"{words[0] if words else 'wrk'}; for pipelining benchmarks/load.py"


def rate(ask: Ask, port: int, seconds: float, *, tls: bool = False) -> float:
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
        found = re.search(r"Requests/sec:\s*([0-9.]+)", printed)
        # A close that was asked for is no error, whenever it comes.
        churns = "Connection: close" in ask.fields
        bad = re.search("Non-2xx.*" if churns else "Non-2xx.*|Socket errors:.*", printed)
        if found is None or not float(found[1]) or bad:
            raise RuntimeError(bad[0] if bad else f"wrk said {printed!r}")
        return float(found[1])
    load = [sys.executable, str(Path(__file__).with_name("load.py")), f"{port}", f"{seconds}"]
    printed = _run([*load, ask.dump(), *(["--tls"] if tls else [])], seconds)
    return float(json.loads(printed)["rate"])


def _run(words: list[str], seconds: float) -> str:
    with on_core(1):
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=seconds + 20, check=False
        )
    if done.returncode:
        raise RuntimeError(done.stderr.strip().rpartition("\n")[2] or "the load generator failed")
    return done.stdout
