"""Starts programs, reads what they log while they run, and talks to them over blocking sockets."""

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ("APPLICATION", "HANDSHAKE", "PATIENCE", "Program", "is_running", "running", "until")

PATIENCE = 60.0
"""Seconds after which a test that hangs fails; no test that works comes near."""

ROOT = Path(__file__).parents[2]
APPLICATION = Path(__file__).with_name("application.py")

HANDSHAKE = (
    b"GET /socket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
"""What opens a WebSocket."""


class Program:
    """A program that runs, and its log so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def wait_for(self, text: str, *, times: int = 1) -> str:
        """The line of the log in which `text` stands so many times over, once it is there."""

        def found() -> list[str]:
            return [line for line in self.lines if re.search(text, line)]

        with self._news:
            self._news.wait_for(lambda: self._ended or len(found()) >= times, PATIENCE)
            lines = found()
        assert len(lines) >= times, f"no {text!r} in {self.log}"
        return lines[times - 1]

    @property
    def log(self) -> str:
        return "\n".join(self.lines)

    @property
    def port(self) -> int:
        """Where it listens first."""
        return int(self.wait_for("listening on http").rpartition(":")[2])

    @contextmanager
    def connected(self) -> Iterator[http.client.HTTPConnection]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            yield connection
        finally:
            connection.close()

    def get(self, path: str = "/") -> bytes:
        """The body of an answer, on a connection of its own."""
        with self.connected() as connection:
            connection.request("GET", path)
            response = connection.getresponse()
            assert response.status == 200, response.status
            return response.read()

    def signal_again(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Signal it a second time, late enough not to be taken for the first."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(0.3)
        self.signal(number)

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        """The exit code, and the whole of the log is there."""
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def stop(self) -> int:
        self.signal()
        return self.wait()

    def children(self) -> list[int]:
        """The processes that it has started."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text(encoding="ascii").split()]


@contextmanager
def running(
    *arguments: str,
    application: str = str(APPLICATION),
    directory: Path = ROOT,
    prefix: Sequence[str] = (),
) -> Iterator[Program]:
    """A program on a port of the system's choice; it is killed if it has not ended by itself."""
    options = [] if any(each.startswith("--bind") for each in arguments) else ["--port=0"]
    process = subprocess.Popen(
        [*prefix, sys.executable, "-m", "tremolo", *options, *arguments, application],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        cwd=directory,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    program = Program(process)
    try:
        yield program
    finally:
        process.kill()
        program.wait()
        assert process.stderr is not None
        process.stderr.close()


def is_running(pid: int) -> bool:
    """Whether a process exists, and is more than what its parent has yet to bury."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` is true, which nothing tells of."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.002)
