"""Installs the servers of the suite, and runs them, each on the one core that servers have."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import trustme
from load import connect
from servers import APPS, SERVERS

__all__ = ("Running", "cores", "install", "on_core", "running", "undisturbed", "versions")


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server that answers."""

    port: int
    pid: int
    started_in: float
    """Seconds from its start to its first answer."""


def cores() -> tuple[int, int] | None:
    """The server's core and the load generator's; None where they have to share."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else None


@contextlib.contextmanager
def on_core(index: int) -> Iterator[None]:
    """Let what is started here, with all that it starts, run on one core only."""
    if (pair := cores()) is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {pair[index]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def undisturbed(pids: Iterable[int]) -> Iterator[None]:
    """Let the threads of these processes, and this one, have their cores before all others.

    Nothing changes where the system does not allow that, or knows no such thing. It gives
    others a twentieth of each second by force: what lasts longer is to pause in between.
    """
    threads = {int(path.name) for pid in pids for path in Path("/proc", f"{pid}", "task").glob("*")}
    try:
        _schedule({0, *threads}, urgent=True)
        yield
    finally:
        _schedule({0, *threads}, urgent=False)


def _schedule(threads: Iterable[int], *, urgent: bool) -> None:
    if sys.platform != "linux":
        return
    policy, priority = (os.SCHED_RR, 1) if urgent else (os.SCHED_OTHER, 0)
    for thread in threads:
        # It may have ended.
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.sched_setscheduler(thread, policy, os.sched_param(priority))


def install(name: str, environments: Path) -> Path | None:
    """The program that runs the server, mostly an interpreter; None where it is missing.

    What the package index has is installed if it is not there.
    """
    if program := SERVERS[name].program:
        found = shutil.which(program)
        return None if found is None else Path(found)
    packages = SERVERS[name].packages
    if not packages:
        return Path(sys.executable)
    # Two loops of one server share an environment.
    directory = environments / packages[0].replace("[", "-").strip("]").replace("==", "-")
    python, done = directory / "bin" / "python", directory / "installed"
    if not done.exists():
        print(f"installing {' '.join(packages)}", flush=True)
        subprocess.run([sys.executable, "-m", "virtualenv", "-q", str(directory)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *packages], check=True)
        done.touch()
    return python


_LIST = """
import json
from importlib.metadata import distributions
print(json.dumps({each.name: each.version for each in distributions()}))
"""


def versions(name: str, python: Path) -> dict[str, str]:
    """Every distribution that the interpreter finds, or what another program says of itself."""
    if SERVERS[name].program:
        said = subprocess.run([str(python), "-v"], check=True, capture_output=True, text=True)
        return {name: said.stderr.strip().rpartition("/")[2]}
    listed = subprocess.run([str(python), "-c", _LIST], check=True, capture_output=True, text=True)
    found: dict[str, str] = json.loads(listed.stdout)
    return dict(sorted(found.items(), key=lambda each: each[0].lower()))


def certificate(directory: Path) -> tuple[Path, Path]:
    """A certificate for the loopback address, and its key."""
    made = trustme.CA().issue_cert("127.0.0.1", "localhost")
    cert, key = directory / "cert.pem", directory / "key.pem"
    cert.write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
    key.write_bytes(made.private_key_pem.bytes())
    return cert, key


def command(name: str, kind: str, filled: dict[str, str]) -> list[str]:
    """The interpreter's arguments for the server; empty if it cannot do that kind of work."""
    server = SERVERS[name]
    if kind == "framework":
        words = server.framework
    elif kind == "tls":
        words = (*(() if server.tls_instead else server.asgi), *server.tls) if server.tls else ()
    else:
        words = server.asgi
    return [word.format(**filled) for word in words]


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_until_it_answers(port: int, process: subprocess.Popen[bytes], *, tls: bool) -> None:
    """Come back once a request is answered, as a supervisor may accept long before a worker can.

    Raises RuntimeError if the server ends before.
    """
    end = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError), connect(port, tls=tls) as connection:
            connection.sendall(b"GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            if connection.recv(65_536):
                return
        time.sleep(0.002)
    raise RuntimeError(f"it did not start: exit status {process.poll()}")


@contextlib.contextmanager
def running(name: str, kind: str, python: Path, file: Path) -> Iterator[Running]:
    """Run a server for one kind of work, `asgi`, `tls` or `framework`, while the context lasts."""
    with tempfile.TemporaryDirectory() as directory:
        port = free_port()
        cert, key = certificate(Path(directory)) if kind == "tls" else ("", "")
        filled = {"port": f"{port}", "cert": f"{cert}", "key": f"{key}", "directory": directory}
        filled |= {"file": f"{file}", "configuration": f"{directory}/configuration"}
        # What runs as root gives that up otherwise, and then cannot read the file.
        filled["user"] = " user root;" if os.geteuid() == 0 else ""
        words = command(name, kind, filled)
        configuration = SERVERS[name].configuration.format(**filled)
        Path(filled["configuration"]).write_text(configuration, encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(APPS), "BENCH_FILE": str(file)}
        with on_core(0):
            began = time.perf_counter()
            process = subprocess.Popen(
                [str(python), *words],
                env=environment,
                cwd=directory,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        try:
            wait_until_it_answers(port, process, tls=kind == "tls")
            yield Running(port=port, pid=process.pid, started_in=time.perf_counter() - began)
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
