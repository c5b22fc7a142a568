"""Requests per second of one worker, as ratios to uvicorn with h11, and to our bare ASGI server.

`tremolo` and `uvicorn` serve examples/asgi_hello.py, `framework` examples/hello.py,
and `starlette` the same on uvicorn, all on plain asyncio. With `--reference
PYTHON`, an interpreter that has nggit/tremolo, that serves examples/hello.py too.
They are asked in turns, five times each, over as many kept-alive connections. Where the system
allows it the server has one core to itself and the load generator another. The
load generator is `load`, or wrk if that is installed.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from report import spread, write

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"

SERVERS: dict[str, tuple[str, ...]] = {
    "tremolo": (
        *("-m", "tremolo", "--loop", "asyncio", "--log-level", "ERROR"),
        *("--bind", "127.0.0.1:{port}", str(EXAMPLES / "asgi_hello.py:app")),
    ),
    "framework": (
        *("-m", "tremolo", "--loop", "asyncio", "--log-level", "ERROR"),
        *("--bind", "127.0.0.1:{port}", str(EXAMPLES / "hello.py:app")),
    ),
    "starlette": (
        *("-m", "uvicorn", "--loop", "asyncio", "--http", "h11", "--log-level", "error"),
        *("--no-access-log", "--port", "{port}", "--app-dir", str(HERE), "starlette_hello:app"),
    ),
    "uvicorn": (
        *("-m", "uvicorn", "--loop", "asyncio", "--http", "h11", "--log-level", "error"),
        *("--no-access-log", "--port", "{port}", "--app-dir", str(EXAMPLES), "asgi_hello:app"),
    ),
}


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def pin(process: subprocess.Popen[str], core: int) -> bool:
    """Give a process one core, if there are two and the system can do it."""
    if not hasattr(os, "sched_setaffinity"):
        return False
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return False
    os.sched_setaffinity(process.pid, {cores[core]})
    return True


@contextlib.contextmanager
def serving(name: str, python: str = sys.executable) -> Iterator[int]:
    """Run a server while the context lasts; gives its port once it accepts."""
    port = free_port()
    command = [python, *(word.format(port=port) for word in SERVERS[name])]
    with subprocess.Popen(command, text=True) as server:
        pin(server, 0)
        try:
            while server.poll() is None:
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                time.sleep(0.05)
            else:
                raise SystemExit(f"{name} did not start")
            yield port
        finally:
            server.terminate()


def measure(port: int, *, seconds: int, connections: int) -> dict[str, float]:
    """The rate that one server reaches, and the load generator's share of its core."""
    if wrk := shutil.which("wrk"):
        url = f"http://127.0.0.1:{port}/hello"
        command = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", url]
    else:
        command = [sys.executable, str(HERE / "load.py"), f"{port}", f"{seconds}", f"{connections}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
        pin(client, 1)
        printed, _ = client.communicate()
    if client.returncode:
        raise SystemExit(f"the load generator failed:\n{printed}")
    if wrk:
        found = re.search(r"Requests/sec:\s*([0-9.]+)", printed)
        if found is None or "Non-2xx" in printed or "Socket errors" in printed:
            raise SystemExit(f"wrk did not get what it asked for:\n{printed}")
        return {"rate": float(found[1])}
    result: dict[str, float] = json.loads(printed)
    return result


def main() -> None:
    """Measure, print, and keep the raw numbers."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5, help="default: 5")
    arguments.add_argument("--seconds", type=int, default=3, help="a round; default: 3")
    arguments.add_argument("--connections", type=int, default=16, help="default: 16")
    arguments.add_argument("--reference", help="a Python that has nggit/tremolo")
    options = arguments.parse_args()

    pythons = dict.fromkeys(SERVERS, sys.executable)
    if options.reference:
        SERVERS["nggit"] = (str(HERE / "serve_hello.py"), "{port}")
        pythons["nggit"] = options.reference
    rates: dict[str, list[float]] = {name: [] for name in SERVERS}
    busy: list[float] = []
    with contextlib.ExitStack() as stack:
        ports = {
            name: stack.enter_context(serving(name, python)) for name, python in pythons.items()
        }
        for port in ports.values():
            measure(port, seconds=1, connections=options.connections)
        for _ in range(options.rounds):
            for name, port in ports.items():
                result = measure(port, seconds=options.seconds, connections=options.connections)
                rates[name].append(result["rate"])
                busy.append(result.get("busy", 0.0))

    ratios = {
        f"{one} to {other}": spread(
            [mine / its for mine, its in zip(rates[one], rates[other], strict=True)]
        )
        for one, other in (("tremolo", "uvicorn"), ("framework", "tremolo"))
    }
    for name, figures in rates.items():
        print(
            f"{name:20} {spread(figures)['median']:10,.0f} requests/s"
            f"   ({min(figures):,.0f} to {max(figures):,.0f})"
        )
    for name, ratio in ratios.items():
        print(
            f"{name:20} {ratio['median']:10.2f}   ({ratio['lowest']:.2f} to {ratio['highest']:.2f})"
        )
    if max(busy) > 0.9:
        print("The load generator had no time to spare: the faster server may be faster still.")
    result_file = write(
        "hello",
        ["tremolo-anyio", "anyio", "h11", "uvicorn"],
        {
            "options": vars(options),
            "load_generator": "wrk" if shutil.which("wrk") else "benchmarks/load.py",
            "load_generator_busy": max(busy),
            "pinned": hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1,
            "requests_per_second": {name: spread(figures) for name, figures in rates.items()},
            "ratios": ratios,
        },
    )
    print(f"raw numbers: {result_file}")


if __name__ == "__main__":
    main()
