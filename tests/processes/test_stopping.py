"""A program always ends within its bound, whatever its clients and its handlers do meanwhile."""

import http.client
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from .running import HANDSHAKE, PATIENCE, Program, running, until

BOUND = 0.5
"""Seconds for requests in flight, in these tests."""


@contextmanager
def asked(program: Program, data: bytes, *, answered: bool) -> Iterator[socket.socket]:
    """A connection on which `data` was sent, and the first bytes of an answer have come."""
    with socket.create_connection(("127.0.0.1", program.port), timeout=PATIENCE) as client:
        client.sendall(data)
        if answered:
            assert client.recv(65_536)
        else:
            # What came before on another connection is served before.
            program.get("/")
        yield client


def on(*ways: str) -> pytest.MarkDecorator:
    """Some loops with a number of workers each: every loop, with workers and without.

    Not every one with each number, as a program takes long to start.
    """
    return pytest.mark.parametrize(
        ("loop", "workers"), [way.split("-") for way in ways], ids=ways, indirect=["loop"]
    )


def told(loop: str, workers: str) -> tuple[str, str]:
    return f"--loop={loop}", f"--worker-num={workers}"


def get(path: str) -> bytes:
    return b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode()


CLIENTS = {
    "an endless answer": (get("/endless"), True),
    "an idle connection": (get("/"), True),
    "a silent one": (b"", False),
    "half a head": (b"GET / HT", False),
    "half a body": (
        b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
        False,
    ),
    "a WebSocket": (HANDSHAKE, True),
    "a handler that sleeps": (get("/sleep"), False),
}


@on("asyncio-0", "asyncio-1", "uvloop-1", "trio-0", "trio-1")
def test_it_ends_cleanly_within_the_bound_whatever_its_clients_do(loop: str, workers: str) -> None:
    with ExitStack() as stack:
        program = stack.enter_context(running(*told(loop, workers), f"--shutdown-timeout={BOUND}"))
        for data, answered in CLIENTS.values():
            stack.enter_context(asked(program, data, answered=answered))
        begun = time.monotonic()
        assert program.stop() == 0, program.log
        assert time.monotonic() - begun < PATIENCE
        assert "stopped" in program.log
        assert "did not end" not in program.log


@on("asyncio-1", "uvloop-0", "trio-0", "trio-1")
def test_what_is_stuck_is_named_and_left_behind(loop: str, workers: str) -> None:
    with ExitStack() as stack:
        program = stack.enter_context(running(*told(loop, workers), f"--shutdown-timeout={BOUND}"))
        for path in ("/swallow", "/thread"):
            stack.enter_context(asked(program, get(path), answered=False))
        assert program.stop() == 4, program.log
        program.wait_for("the handler of GET /swallow did not end")
        program.wait_for(r"blocked_thread \(.*application\.py, line \d+\) did not end")


HOOK = """
import anyio
from tremolo import Application

app = Application()


@app.on_worker_stop
async def end():
    await anyio.sleep_forever()
"""


@on("asyncio-1", "uvloop-0", "trio-0")
def test_a_hook_that_does_not_end_is_told_of(loop: str, workers: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(HOOK, encoding="utf-8")
    options = (*told(loop, workers), f"--shutdown-timeout={BOUND}")
    with running(*options, application="app:app", directory=tmp_path) as program:
        program.wait_for("listening")
        assert program.stop() == 4, program.log
        program.wait_for("the application's own shutdown did not end")


LATE = """
import atexit
import os
import signal
from tremolo import Application

app = Application()
atexit.register(os.kill, os.getpid(), signal.SIGTERM)
"""


def test_a_signal_that_finds_a_worker_at_its_end_changes_nothing(tmp_path: Path) -> None:
    # As systemd signals all processes of a service, and the supervisor may be faster.
    (tmp_path / "app.py").write_text(LATE, encoding="utf-8")
    with running("--workers=2", application="app:app", directory=tmp_path) as program:
        program.wait_for("listening")
        assert program.stop() == 0, program.log


@on("asyncio-0", "uvloop-1", "trio-1")
def test_a_blocked_event_loop_is_named_and_left_behind(loop: str, workers: str) -> None:
    with running(*told(loop, workers), f"--shutdown-timeout={BOUND}") as program:
        program.get("/")
        with socket.create_connection(("127.0.0.1", program.port)) as client:
            client.sendall(get("/block"))
            # Nobody is answered any more, so that it has begun shows in nothing but time.
            client.settimeout(0.5)
            with pytest.raises(TimeoutError):
                client.recv(1)
            assert program.stop() == 4, program.log
        program.wait_for("the event loop is blocked")
        program.wait_for("in block")


@pytest.mark.parametrize(
    ("loop", "workers", "number"),
    [
        ("asyncio", "2", signal.SIGINT),
        ("asyncio", "0", signal.SIGTERM),
        ("uvloop", "0", signal.SIGINT),
        ("trio", "0", signal.SIGINT),
        ("trio", "2", signal.SIGTERM),
    ],
    indirect=["loop"],
)
def test_a_second_signal_means_now(loop: str, workers: str, number: signal.Signals) -> None:
    with (
        running(*told(loop, workers), "--shutdown-timeout=none") as program,
        asked(program, get("/sleep"), answered=False),
    ):
        program.signal(number)
        program.wait_for(f"{number.name}: stopping")
        # Meanwhile nobody is let in who would not be served.
        until(lambda: _is_refused(program.port))
        program.signal_again(number)
        assert program.wait() == 128 + number


@pytest.mark.parametrize("workers", [0, 1])
def test_who_signals_the_whole_group_signals_once(workers: int) -> None:
    # As `timeout` does: the program, and then all of its group, in which it is.
    with running(f"--worker-num={workers}", prefix=("timeout", "1000")) as program:
        with program.connected() as busy:
            busy.request("GET", "/slow/2.5")
            program.get("/")
            program.signal()
            # More than a process has that was told twice.
            assert busy.getresponse().status == 200
        assert program.wait() == 0
        assert "at once" not in program.log


@pytest.mark.parametrize("workers", [0, 1])
def test_a_thread_of_the_application_does_not_keep_it(workers: int, tmp_path: Path) -> None:
    source = """
import threading
from tests.processes.application import app, blocked_thread
threading.Thread(target=blocked_thread).start()
"""
    (tmp_path / "threaded.py").write_text(source, encoding="utf-8")
    with running(
        f"--worker-num={workers}", application="threaded:app", directory=tmp_path
    ) as program:
        assert program.get("/")
        assert program.stop() == 4
        program.wait_for(r"blocked_thread \(.*application\.py, line \d+\) does not end")


def _is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
    except ConnectionRefusedError:
        return True
    return False


@on("asyncio-1", "uvloop-0", "trio-1")
def test_a_client_that_asks_on_is_answered_and_told_to_leave(loop: str, workers: str) -> None:
    with running(*told(loop, workers)) as program:
        with program.connected() as busy:
            busy.request("GET", "/slow/0.2")
            program.signal()
            program.wait_for("SIGTERM: stopping")
            first = busy.getresponse()
            assert (first.status, first.read() != b"") == (200, True)
            assert first.getheader("Connection") == "close"
        assert program.wait() == 0


def test_during_the_delay_it_accepts_and_says_that_it_will_close(loop: str) -> None:
    with running(f"--loop={loop}", "--shutdown-delay=60") as program:
        port = program.port
        program.signal()
        program.wait_for("SIGTERM: stopping")
        seen = ""
        deadline = time.monotonic() + PATIENCE
        while seen != "close":
            assert time.monotonic() < deadline
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            connection.request("GET", "/")
            response = connection.getresponse()
            assert response.read()
            # The supervisor's word may be on its way to the worker.
            seen = response.getheader("Connection") or ""
            connection.close()
        program.signal_again()
        assert program.wait() == 128 + signal.SIGTERM
