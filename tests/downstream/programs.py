"""Servers as programs of their own, with one of the applications here."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ("Program", "running", "tremolo")

ROOT = Path(__file__).parents[2]

PATIENCE = 60.0
"""Seconds after which a test that hangs fails; no test that works comes near."""

_LISTENS = re.compile(r"http://127\.0\.0\.1:([0-9]+)")


class Program:
    """A server that runs, and what it says."""

    def __init__(self, command: list[str]) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment,
            # Some servers have children of their own, which are to end with them.
            start_new_session=True,
        )
        self.lines: list[str] = []
        """What it has said on standard error."""
        self._heard = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def port(self) -> int:
        """Wait until it listens, and return where."""
        found = self.wait_for(_LISTENS)
        return int(found[1])

    def wait_for(self, pattern: re.Pattern[str]) -> re.Match[str]:
        """Wait until it has said something."""
        found: re.Match[str] | None = None

        def heard() -> bool:
            nonlocal found
            found = next(filter(None, map(pattern.search, self.lines)), None)
            return found is not None or self._ended

        with self._heard:
            self._heard.wait_for(heard, PATIENCE)
        assert found is not None, "\n".join(self.lines)
        return found

    def stop(self) -> tuple[int, str]:
        """Stop it as a supervisor does; return its exit status, and what the application said."""
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(PATIENCE)
        self._thread.join(PATIENCE)
        assert self._process.stdout is not None
        return status, self._process.stdout.read()

    def kill(self) -> None:
        """End it, whatever it does."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._thread.join(PATIENCE)
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._heard:
                self.lines.append(line.rstrip())
                self._heard.notify_all()
        with self._heard:
            self._ended = True
            self._heard.notify_all()


def tremolo(app: str, *options: str) -> list[str]:
    """The command that serves an application of `apps` with Tremolo, on a port of its choice."""
    return ["tremolo", "--port", "0", *options, f"tests.downstream.apps.with_{app}:app"]


@contextmanager
def running(command: list[str]) -> Iterator[Program]:
    """A program while the context is entered."""
    program = Program(command)
    try:
        yield program
    finally:
        program.kill()
