"""Bytes of memory per idle kept-alive connection, next to uvicorn with h11 and with httptools.

All serve examples/asgi_hello.py on plain asyncio. Each connection has been
answered once and then says nothing. What is measured is how much more memory
the process has resident with the connections than without, per connection; the
kernel's own part is not in it. Linux only.
"""

import argparse
import contextlib
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from report import spread, write

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
REQUEST = b"GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def _uvicorn(http: str) -> tuple[str, ...]:
    return (
        *("-m", "uvicorn", "--loop", "asyncio", "--http", http, "--log-level", "error"),
        *("--timeout-keep-alive", "600", "--backlog", "4096"),
        *("--no-access-log", "--port", "{port}", "--app-dir", str(EXAMPLES), "asgi_hello:app"),
    )


SERVERS = {
    "tremolo": (
        *("-m", "tremolo", "--loop", "asyncio", "--log-level", "ERROR"),
        *("--keepalive-timeout", "600"),
        *("--bind", "127.0.0.1:{port}", str(EXAMPLES / "asgi_hello.py:app")),
    ),
    "uvicorn with h11": _uvicorn("h11"),
    "uvicorn with httptools": _uvicorn("httptools"),
}


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def serving(name: str) -> Iterator[tuple[int, int]]:
    """Run a server while the context lasts; gives its process and port once it accepts."""
    port = free_port()
    command = [argument.format(port=port) for argument in SERVERS[name]]
    process = subprocess.Popen([sys.executable, *command])
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except ConnectionRefusedError:
                if process.poll() is not None:
                    raise SystemExit(f"{name} ended with {process.returncode}") from None
                time.sleep(0.05)
            else:
                break
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()


def resident(pid: int) -> int:
    """The bytes of memory that a process and those it has started have resident."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    [kilobytes] = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return int(kilobytes) * 1024 + sum(resident(int(child)) for child in children)


def ask(connection: socket.socket) -> None:
    """Send the request and read its answer."""
    connection.sendall(REQUEST)
    answer = b""
    while b"Hello world!" not in answer:
        data = connection.recv(65_536)
        if not data:
            raise SystemExit(f"the server closed after {answer!r}")
        answer += data


def per_connection(name: str, count: int, settle: float) -> float:
    """Bytes that a server of that name takes for each of `count` connections."""
    with serving(name) as (pid, port), contextlib.ExitStack() as opened:

        def connect(number: int) -> None:
            for _ in range(number):
                connection = socket.create_connection(("127.0.0.1", port))
                opened.enter_context(connection)
                ask(connection)

        # What is made once is not counted.
        connect(100)
        before = resident(pid)
        connect(count)
        time.sleep(settle)
        return (resident(pid) - before) / count


def main() -> None:
    """Measure, print, and keep the raw numbers."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--connections", type=int, default=10_000, help="default: 10000")
    arguments.add_argument("--rounds", type=int, default=1, help="default: 1")
    arguments.add_argument("--settle", type=float, default=2.0, help="seconds; default: 2")
    options = arguments.parse_args()

    needed = options.connections + 300
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(needed, hard), hard))
    figures: dict[str, list[float]] = {name: [] for name in SERVERS}
    for _ in range(options.rounds):
        for name in SERVERS:
            figures[name].append(per_connection(name, options.connections, options.settle))

    ours = spread(figures["tremolo"])["median"]
    for name, found in figures.items():
        median = spread(found)["median"]
        print(f"{name:24} {median:8,.0f} bytes per connection, ours is {ours / median:.2f} times")
    result_file = write(
        "idle",
        ["tremolo-anyio", "anyio", "h11", "uvicorn", "httptools"],
        {
            "options": vars(options),
            "bytes_per_connection": {name: spread(found) for name, found in figures.items()},
        },
    )
    print(f"raw numbers: {result_file}")


if __name__ == "__main__":
    main()
