"""Workers under a supervisor: whatever happens to one of them, the program serves on."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from .running import HANDSHAKE, PATIENCE, Program, is_running, running, until

SCRIPT = """
import multiprocessing
import os
import tremolo

app = tremolo.Application()

@app.route("/")
async def pid(**server):
    shared = server["globals"].options["shared"]
    shared[os.getpid()] = True
    return str(os.getpid())

@app.route("/seen")
async def seen(**server):
    return " ".join(map(str, server["globals"].options["shared"].keys()))

if __name__ == "__main__":
    with multiprocessing.Manager() as manager:
        app.run("127.0.0.1", 0, worker_num=2, loop={loop!r}, shared=manager.dict())
"""


def pids(program: Program, count: int) -> set[int]:
    """The processes that answer, once there are so many."""
    found: set[int] = set()
    until(lambda: len(found) >= count or bool(found.add(int(program.get("/")))))  # type: ignore[func-returns-value]  # it is None, so false
    return found


def test_two_workers_share_an_address() -> None:
    with running("--workers=2") as program:
        workers = pids(program, 2)
        assert program.process.pid not in workers
        assert program.stop() == 0
        assert not any(map(is_running, workers))


def test_one_that_was_killed_is_replaced_with_one_line_that_says_why(loop: str) -> None:
    with running(f"--loop={loop}") as program:
        first = int(program.get("/"))
        os.kill(first, signal.SIGKILL)
        program.wait_for(rf"worker 1 \(pid {first}\) was ended by SIGKILL: starting another")
        # Whoever connects meanwhile waits in the queue that the supervisor has kept.
        assert int(program.get("/")) != first
        assert program.stop() == 0


def test_one_that_exits_in_a_handler_is_replaced() -> None:
    with running() as program:
        with program.connected() as connection:
            connection.request("GET", "/exit/0")
            with pytest.raises(http.client.RemoteDisconnected):
                connection.getresponse()
        program.wait_for("exited with code 0: starting another")
        assert program.get("/")


def test_a_hung_one_is_replaced() -> None:
    with running("--timeout-worker-healthcheck=0.5") as program:
        first = int(program.get("/"))
        with socket.create_connection(("127.0.0.1", program.port)) as client:
            client.sendall(b"GET /block HTTP/1.1\r\nHost: a\r\n\r\n")
            program.wait_for("gave no sign of life for .* killing it")
        assert int(program.get("/")) != first


@pytest.mark.parametrize("loop", ["uvloop"], indirect=True)
def test_sighup_replaces_all_one_by_one(loop: str) -> None:
    # On the other loops it is tried under load.
    with running(f"--loop={loop}", "--workers=2") as program:
        before = pids(program, 2)
        program.signal(signal.SIGHUP)
        program.wait_for("the workers are replaced")
        after = pids(program, 2)
        assert before.isdisjoint(after)
        assert program.stop() == 0


@contextmanager
def open_websocket(program: Program) -> Iterator[BinaryIO]:
    """What the server sends on a WebSocket, after the handshake."""
    with socket.create_connection(("127.0.0.1", program.port), timeout=PATIENCE) as client:
        client.sendall(HANDSHAKE)
        with client.makefile("rb") as stream:
            assert stream.readline() == b"HTTP/1.1 101 Switching Protocols\r\n"
            while stream.readline() != b"\r\n":
                pass
            yield stream


@pytest.mark.parametrize("loop", ["asyncio", "trio"], indirect=True)
def test_websockets_are_told_whether_to_come_back(loop: str) -> None:
    with running(f"--loop={loop}") as program:
        with open_websocket(program) as stream:
            program.signal(signal.SIGHUP)
            # A Close frame with 1012 (RFC 6455 5.5.1): another worker is there.
            assert stream.read(4) == b"\x88\x02" + (1012).to_bytes(2)
        program.wait_for("the workers are replaced")
        with open_websocket(program) as stream:
            program.signal()
            assert stream.read(4) == b"\x88\x02" + (1001).to_bytes(2)
        assert program.wait() == 0


def test_the_application_may_be_made_by_a_function_in_another_directory(tmp_path: Path) -> None:
    source = "def make():\n    from tests.processes.application import app\n    return app\n"
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "makes.py").write_text(source, encoding="utf-8")
    with running(
        "--factory", "--app-dir=code", application="makes:make", directory=tmp_path
    ) as program:
        assert program.get("/")
        assert program.stop() == 0


def test_one_that_has_too_much_memory_is_replaced() -> None:
    # That one has served enough requests is tried under load.
    with running("--limit-memory=100000") as program:
        first = int(program.get("/hoard/100000000"))
        program.wait_for("worker 1 .* is replaced: it has")
        until(lambda: int(program.get("/")) != first)
        assert program.stop() == 0


def test_it_may_be_started_without_standard_streams(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    closed = ("sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh")
    with running(f"--bind=unix:{path}", prefix=closed) as program:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            # Its name is there a moment before anybody listens.
            until(lambda: client.connect_ex(str(path)) == 0)
            client.sendall(b"GET /say/hello HTTP/1.0\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 200 ")
        assert program.stop() == 0


def test_without_its_supervisor_no_worker_is_left() -> None:
    with running("--workers=2") as program:
        workers = pids(program, 2)
        program.signal(signal.SIGKILL)
        until(lambda: not any(map(is_running, workers)))


def test_one_that_yields_has_its_time_without_its_supervisor_too() -> None:
    with running() as program, ExitStack() as opened:
        busy, idle = [
            opened.enter_context(
                socket.create_connection(("127.0.0.1", program.port), timeout=PATIENCE)
            )
            for _ in range(2)
        ]
        busy.sendall(b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
        idle.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert idle.recv(65_536)
        program.signal(signal.SIGHUP)
        # It has been told.
        assert not idle.recv(1)
        program.signal(signal.SIGKILL)
        # More than a process has that is to end at once, and less than one without a supervisor.
        busy.settimeout(3)
        with pytest.raises(TimeoutError):
            busy.recv(1)
        busy.settimeout(PATIENCE)
        busy.sendall(b"defghi")
        assert busy.recv(65_536).startswith(b"HTTP/1.1 200 ")


def test_a_second_program_is_refused_the_port() -> None:
    with (
        running("--workers=2") as program,
        running(f"--bind=127.0.0.1:{program.port}", "--workers=2") as second,
    ):
        assert second.wait() == 1
        assert second.lines == [
            f"tremolo: cannot listen on 127.0.0.1:{program.port}: Address already in use"
        ]


@pytest.mark.parametrize(
    ("source", "code", "last"),
    [
        ("raise ValueError('oops')", 3, "tremolo: cannot load 'fails': it raised ValueError"),
        ("import not_there", 1, "tremolo: cannot load 'fails': an import in it failed"),
    ],
)
def test_one_that_cannot_start_ends_the_program(
    tmp_path: Path, source: str, code: int, last: str
) -> None:
    (tmp_path / "fails.py").write_text(source, encoding="utf-8")
    with running(application="fails:app", directory=tmp_path) as program:
        assert program.wait() == code
    assert program.lines[-1].startswith(last)


def test_a_slow_import_is_no_fault(tmp_path: Path) -> None:
    source = (
        "import threading\nthreading.Event().wait(2)\nfrom tests.processes.application import app\n"
    )
    (tmp_path / "slow.py").write_text(source, encoding="utf-8")
    with running(
        "--timeout-worker-healthcheck=0.5", application="slow:app", directory=tmp_path
    ) as program:
        assert program.get("/")
        assert program.stop() == 0
    assert "killing" not in program.log


@pytest.mark.parametrize("loop", ["asyncio", "trio"], indirect=True)
def test_a_script_that_runs_its_application(loop: str, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT.format(loop=loop), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(
        [sys.executable, "script.py"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    program = Program(process)
    try:
        workers = pids(program, 2)
        # What is the application's own, each worker was given.
        assert set(map(int, program.get("/seen").split())) == workers
        assert program.stop() == 0
    finally:
        process.kill()
        program.wait()
        assert process.stderr is not None
        process.stderr.close()


PROMPT = """
from tremolo import Application

app = Application()


@app.route("/")
async def ask():
    return b"answered"


app.run("127.0.0.1", 0{options})
"""


@contextmanager
def fed(source: str, *, told: bool) -> Iterator[Program]:
    """A program that is no file: it is `told` on the command line, or read from standard input."""
    process = subprocess.Popen(
        [sys.executable, *(["-c", source] if told else ["-"])],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert process.stdin is not None
    assert process.stderr is not None
    with process.stdin as pipe:
        if not told:
            pipe.write(source)
    program = Program(process)
    try:
        yield program
    finally:
        process.kill()
        program.wait()
        process.stderr.close()


@pytest.mark.parametrize("told", [True, False])
def test_a_program_that_is_no_file_serves_in_its_own_process(told: bool) -> None:
    with fed(PROMPT.format(options=""), told=told) as program:
        assert program.get("/") == b"answered"
        assert "run by no file, which could be imported there): serving in" in program.log
        assert program.stop() == 0


@pytest.mark.parametrize("told", [True, False])
def test_one_that_asks_for_workers_is_told_in_one_line(told: bool) -> None:
    with fed(PROMPT.format(options=", worker_num=2"), told=told) as program:
        assert program.wait() == 1
        [line] = program.lines
        assert line.startswith("tremolo: the application cannot be sent to a worker process (it is")


def test_it_may_be_the_first_process_of_a_container() -> None:
    container = ("unshare", "--fork", "--pid", "--mount-proc", "--kill-child")
    tried = subprocess.run([*container, "true"], capture_output=True, timeout=PATIENCE, check=False)
    if tried.returncode:
        pytest.skip("no namespace of processes can be made here")
    with running("--workers=2", prefix=container) as program:
        assert program.get("/")
        [supervisor] = program.children()
        os.kill(supervisor, signal.SIGTERM)
        assert program.wait() == 0, program.log
