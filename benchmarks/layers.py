"""What each layer costs: processor time per hello of bare ASGI, of frameworks, of the access log.

`nox -s bench-layers`. What is measured is what the server's processes have
spent of the processor, by the kernel's own account in nanoseconds, for as many
requests as were answered meanwhile on 16 kept-alive connections. So a machine
with other work makes it slower, but changes the figures little; and all take
turns, round by round, so that it changes them for all. Linux only.

Each figure stands beside its ratio to that of bare ASGI. The access log is
written to /dev/null, so that no disk is measured.
"""

import argparse
import contextlib
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from load import answer_size, connect, repeat
from report import spread, write
from running import free_port, on_core, wait_until_it_answers
from servers import APPS

__all__ = ("VARIANTS", "Variant", "main")

CONNECTIONS = 16


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One application on one server."""

    title: str
    target: str
    words: tuple[str, ...]
    """The interpreter's arguments."""
    packages: tuple[str, ...] = ()
    """What pip installs in an environment of its own; nothing for our own."""


def _ours(title: str, app: str, target: str, *, logged: bool = False) -> Variant:
    log = ("--access-log",) if logged else ("--no-access-log",)
    return Variant(
        title=title,
        target=target,
        words=(
            *("-m", "tremolo", "--worker-num", "0", "--bind", "127.0.0.1:{port}", *log),
            *("--loop", "{loop}", "--keepalive-timeout", "600", str(APPS / app)),
        ),
    )


def _starlette(title: str, package: str, *words: str) -> Variant:
    return Variant(
        title=title,
        target="/return",
        packages=(package, "starlette"),
        words=(
            *("-m", "uvicorn", *words, "--log-level", "error", "--no-access-log"),
            *("--timeout-keep-alive", "600", "--port", "{port}", "starlette_app:app"),
        ),
    )


VARIANTS: dict[str, Variant] = {
    "asgi": _ours("bare ASGI on Tremolo", "asgi_app.py:app", "/hello"),
    "framework": _ours("Tremolo's framework", "typed_app.py:app", "/return"),
    "framework-server": _ours(
        "the same, with `**server` as nggit/tremolo has it", "framework_app.py:app", "/return"
    ),
    "asgi-logged": _ours(
        "bare ASGI on Tremolo, with the access log", "asgi_app.py:app", "/hello", logged=True
    ),
    "nggit": Variant(
        title="nggit/tremolo's framework",
        target="/return",
        packages=("tremolo==0.5.3",),
        words=(str(APPS / "framework_app.py"), "{port}"),
    ),
    "starlette": _starlette(
        "Starlette on uvicorn, asyncio, h11", "uvicorn", "--loop", "asyncio", "--http", "h11"
    ),
    "starlette-standard": _starlette(
        "Starlette on uvicorn, uvloop, httptools",
        "uvicorn[standard]",
        *("--loop", "uvloop", "--http", "httptools"),
    ),
}


def spent(pid: int) -> int:
    """Nanoseconds of the processor that a process and those it has started have had."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            # A thread that ends meanwhile has had next to nothing.
            total += int((task / "schedstat").read_text(encoding="ascii").split()[0])
            children = (task / "children").read_text(encoding="ascii").split()
            total += sum(spent(int(child)) for child in children)
    return total


def environment(variant: Variant, directory: Path) -> Path:
    """The interpreter for a variant, which is installed if it is not there."""
    if not variant.packages:
        return Path(sys.executable)
    name = "-".join(variant.packages).translate(str.maketrans("[]=", "---"))
    python, done = directory / name / "bin" / "python", directory / name / "installed"
    if not done.exists():
        print(f"installing {' '.join(variant.packages)}", flush=True)
        subprocess.run([sys.executable, "-m", "virtualenv", "-q", directory / name], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *variant.packages], check=True)
        done.touch()
    return python


@contextlib.contextmanager
def running(variant: Variant, python: Path, loop: str) -> Iterator[tuple[int, int]]:
    """Run a variant while the context lasts; gives its process and port once it answers."""
    port = free_port()
    words = [word.format(port=port, loop=loop) for word in variant.words]
    with on_core(0):
        process = subprocess.Popen(
            [str(python), *words],
            env={**os.environ, "PYTHONPATH": str(APPS)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    try:
        wait_until_it_answers(port, process, tls=False)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()


def microseconds(pid: int, port: int, target: str, seconds: float) -> float:
    """What a request costs now."""
    numbers = itertools.count(1_000_000)

    def ask() -> bytes:
        number = next(numbers)
        return (
            f"GET {target}?n={number} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-Id: {number}\r\n\r\n"
        ).encode("ascii")

    with on_core(1), contextlib.ExitStack() as opened:
        connections = [opened.enter_context(connect(port)) for _ in range(CONNECTIONS)]
        sizes = {answer_size(connection, ask()) for connection in connections}
        [size] = sizes
        before = spent(pid)
        count = repeat(connections, ask, size, seconds)
        return (spent(pid) - before) / count / 1_000


def main() -> None:
    """Measure the variants in turn, round by round, and print a table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--seconds", type=float, default=2.0)
    arguments.add_argument("--loop", default="asyncio", help="of our own: asyncio, uvloop, trio")
    arguments.add_argument("--variants", default=",".join(VARIANTS))
    arguments.add_argument("--environments", type=Path, default=Path(".bench-environments"))
    options = arguments.parse_args()
    names = options.variants.split(",")
    pythons = {name: environment(VARIANTS[name], options.environments.absolute()) for name in names}
    figures: dict[str, list[float]] = {name: [] for name in names}
    with contextlib.ExitStack() as stack:
        servers = {
            name: stack.enter_context(running(VARIANTS[name], pythons[name], options.loop))
            for name in names
        }
        for number in range(options.rounds + 1):
            for name, (pid, port) in servers.items():
                seconds = options.seconds if number else 0.5
                figure = microseconds(pid, port, VARIANTS[name].target, seconds)
                if number:
                    # The first round only warms up.
                    figures[name].append(figure)
    results = {name: spread(figures[name]) for name in names}
    base = results[names[0]]["median"]
    print(f"microseconds of processor time per hello, {options.rounds} rounds, {options.loop}")
    for name, result in results.items():
        print(
            f"{result['median']:8.1f} ({result['lowest']:.1f} to {result['highest']:.1f})"
            f" {result['median'] / base:6.2f}  {VARIANTS[name].title}"
        )
    path = write("layers", ("tremolo-anyio", "h11", "anyio"), {"results": results})
    print(f"raw figures: {path}")


if __name__ == "__main__":
    main()
