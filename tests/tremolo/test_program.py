"""A program from its first log line to its exit code, with signals raised in this very process."""

import errno
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from contextvars import Context, copy_context
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.tremolo_transport.certificates import write_certificate
from tremolo.config import Config, Loop, configure
from tremolo.exit_codes import ExitCode, complain
from tremolo.program import run
from tremolo_asgi import AsgiHandler
from tremolo_transport import Exchange, Handler

LOOPS: tuple[Loop, ...] = ("asyncio", "uvloop", "trio")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    level = logging.getLogger("tremolo").level
    yield
    logging.getLogger("tremolo").setLevel(level)


Call = Callable[[str], object]
WhenLogged = Callable[[str, Call], None]


class OnRecord(logging.Handler):
    """Calls a function with each line that is logged and begins with `text`."""

    def __init__(self, text: str, call: Call) -> None:
        super().__init__()
        self._text = text
        self._call = call

    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage()
        if line.startswith(self._text):
            self._call(line)


@pytest.fixture
def when_logged() -> Iterator[WhenLogged]:
    logger = logging.getLogger("tremolo")
    handlers: list[OnRecord] = []

    def install(text: str, call: Call) -> None:
        handlers.append(OnRecord(text, call))
        logger.addHandler(handlers[-1])

    yield install
    for handler in handlers:
        logger.removeHandler(handler)


def raise_signal(number: signal.Signals) -> Call:
    return lambda line: signal.raise_signal(number)


def ask(client: socket.socket) -> Call:
    """Send a request to where the line says that there is a server."""

    def connect(line: str) -> None:
        client.connect(("127.0.0.1", int(line.rpartition(":")[2])))
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

    return connect


def told(**options: object) -> Config:
    return configure({"port": 0, "worker_num": 0, **options})


async def not_found(exchange: Exchange) -> None:
    await exchange.respond(404)


class Managed:
    """A handler whose life is `life`."""

    def __init__(self, life: Callable[[], AsyncIterator[None]]) -> None:
        self._life = asynccontextmanager(life)

    async def __call__(self, exchange: Exchange, /) -> None:
        await exchange.respond(404)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[Context]:
        async with self._life():
            yield copy_context()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("loop", LOOPS)
def test_a_signal_stops_it_in_good_order(
    loop: Loop, number: signal.Signals, when_logged: WhenLogged, caplog: pytest.LogCaptureFixture
) -> None:
    steps: list[str] = []

    async def life() -> AsyncIterator[None]:
        steps.append("up")
        yield
        steps.append("down")

    when_logged("listening on ", raise_signal(number))
    with caplog.at_level(logging.INFO):
        assert run(lambda: Managed(life), told(loop=loop)) == 0
    assert steps == ["up", "down"]
    lines = [record.getMessage() for record in caplog.records if record.name == "tremolo.program"]
    assert lines[0].startswith("listening on http://127.0.0.1:")
    assert lines[1:] == [f"{number.name}: stopping", "stopped"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("loop", LOOPS)
def test_sighup_has_its_certificates_read_again(
    loop: Loop, when_logged: WhenLogged, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    certificate, key = write_certificate(tmp_path)
    before = signal.getsignal(signal.SIGHUP)
    when_logged("listening on https://", raise_signal(signal.SIGHUP))
    when_logged("read the certificate", raise_signal(signal.SIGTERM))
    with caplog.at_level(logging.INFO):
        assert run(lambda: not_found, told(loop=loop, ssl_cert=certificate, ssl_key=key)) == 0
    assert f"read the certificate {certificate} again" in caplog.messages
    assert signal.getsignal(signal.SIGHUP) is before


@pytest.mark.parametrize("loop", LOOPS)
def test_without_certificates_sighup_is_left_alone(loop: Loop, when_logged: WhenLogged) -> None:
    before = signal.getsignal(signal.SIGHUP)
    handlers: list[object] = []

    def look(line: str) -> None:
        handlers.append(signal.getsignal(signal.SIGHUP))
        signal.raise_signal(signal.SIGTERM)

    when_logged("listening on ", look)
    assert run(lambda: not_found, told(loop=loop)) == 0
    assert handlers == [before]


@pytest.mark.parametrize("loop", LOOPS)
def test_every_address_is_named_with_its_port(
    loop: Loop, when_logged: WhenLogged, caplog: pytest.LogCaptureFixture
) -> None:
    when_logged("listening on http://127.0.0.2", raise_signal(signal.SIGTERM))
    with caplog.at_level(logging.INFO):
        config = configure({"bind": "127.0.0.1:0,127.0.0.2:0", "loop": loop, "worker_num": 0})
        assert run(lambda: not_found, config) == 0
    lines = [text for text in caplog.messages if text.startswith("listening")]
    assert len(lines) == 2
    assert not any(line.endswith(":0") for line in lines)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_second_signal_ends_it_at_once(
    loop: Loop, when_logged: WhenLogged, caplog: pytest.LogCaptureFixture
) -> None:
    client = socket.socket()

    async def endless(exchange: Exchange) -> None:
        signal.raise_signal(signal.SIGINT)
        await anyio.sleep_forever()

    when_logged("listening on ", ask(client))
    when_logged("SIGINT: stopping", raise_signal(signal.SIGTERM))
    with client, caplog.at_level(logging.INFO):
        code = run(lambda: endless, told(loop=loop, shutdown_timeout="none"))
    assert code == 128 + signal.SIGTERM
    assert "SIGTERM: ending at once" in caplog.messages


@pytest.mark.parametrize("loop", LOOPS)
def test_the_bound_ends_what_does_not_end(
    loop: Loop, when_logged: WhenLogged, caplog: pytest.LogCaptureFixture
) -> None:
    client = socket.socket()
    cancelled: list[bool] = []

    async def endless(exchange: Exchange) -> None:
        signal.raise_signal(signal.SIGINT)
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.append(True)

    when_logged("listening on ", ask(client))
    with client, caplog.at_level(logging.INFO):
        code = run(lambda: endless, told(loop=loop, shutdown_timeout="0"))
    assert (code, cancelled) == (0, [True])


@pytest.mark.parametrize("loop", LOOPS)
def test_a_signal_during_start_up_ends_it_at_once(loop: Loop) -> None:
    steps: list[str] = []

    async def life() -> AsyncIterator[None]:
        signal.raise_signal(signal.SIGTERM)
        try:
            await anyio.sleep_forever()
        finally:
            steps.append("cancelled")
        yield

    assert run(lambda: Managed(life), told(loop=loop)) == 128 + signal.SIGTERM
    assert steps == ["cancelled"]


def test_an_interrupt_before_the_loop_runs_has_the_same_code() -> None:
    def interrupted() -> Handler:
        raise KeyboardInterrupt

    assert run(interrupted, told()) == 128 + signal.SIGINT


@pytest.mark.parametrize("loop", LOOPS)
def test_a_busy_port_is_one_line(loop: Loop, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(lambda: not_found, told(port=port, loop=loop)) == ExitCode.FAILED
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"tremolo: cannot listen on 127.0.0.1:{port}: Address already in use"]


UNGUARDED = """
import tremolo

app = tremolo.Tremolo()
app.run("127.0.0.1", 0)
"""


def test_a_script_that_its_workers_would_run_again_is_one_line(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED, encoding="utf-8")
    path = os.pathsep.join(filter(None, sys.path))
    ran = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == ExitCode.FAILED
    (line,) = ran.stderr.splitlines()
    assert '`if __name__ == "__main__":`' in line


def test_a_host_that_is_not_ours_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(lambda: not_found, told(host="192.0.2.1")) == ExitCode.FAILED
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("tremolo: cannot listen on 192.0.2.1:0: ")


@pytest.mark.parametrize("loop", LOOPS)
def test_a_port_that_is_not_permitted_is_one_line(
    loop: Loop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: socket.socket, address: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    assert run(lambda: not_found, told(port=80, loop=loop)) == ExitCode.FAILED
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["tremolo: cannot listen on 127.0.0.1:80: Permission denied"]


@pytest.mark.parametrize("loop", ["uvloop", "trio"])
def test_a_missing_extra_is_one_line(
    loop: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never() -> Handler:
        raise AssertionError("nothing is built")

    monkeypatch.setitem(sys.modules, loop, None)
    assert run(never, told(loop=loop)) == ExitCode.FAILED
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"tremolo: {loop} is not installed: pip install 'tremolo-anyio[{loop}]'"]


def test_code_that_is_nowhere_is_not_watched(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def never() -> Handler:
        raise AssertionError("nothing is built")

    places = [str(tmp_path), str(tmp_path / "nowhere")]
    assert run(never, told(worker_num=1, reload=True, reload_dir=places)) == ExitCode.FAILED
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"tremolo: cannot watch {places[1]!r}: it is no directory"]


@pytest.mark.parametrize("error", [OSError("no database"), ValueError("no database")])
@pytest.mark.parametrize("loop", LOOPS)
def test_a_start_up_that_fails_is_a_traceback(
    loop: Loop, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail() -> None:
        raise error

    async def life() -> AsyncIterator[None]:
        await fail()
        yield

    assert run(lambda: Managed(life), told(loop=loop)) == ExitCode.APPLICATION
    output = capsys.readouterr().err
    assert output.startswith("Traceback (most recent call last):")
    assert f"{type(error).__name__}: no database" in output
    assert output.endswith("\ntremolo: the application failed\n")


@pytest.mark.parametrize("loop", LOOPS)
def test_an_asgi_application_that_fails_to_start_up_is_its_own_traceback(
    loop: Loop, capsys: pytest.CaptureFixture[str]
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        raise ValueError("no database")

    assert run(lambda: AsgiHandler(app), told(loop=loop)) == ExitCode.APPLICATION
    output = capsys.readouterr().err
    assert output.startswith("Traceback (most recent call last):")
    assert "LifespanFailed" not in output
    assert output.splitlines()[-2:] == [
        "ValueError: no database",
        "tremolo: the application raised ValueError: no database during start-up",
    ]


def test_one_that_only_says_so_is_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    assert run(lambda: AsgiHandler(app), told()) == ExitCode.APPLICATION
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["tremolo: the application failed to start up: no database"]


@pytest.mark.parametrize("loop", LOOPS)
def test_a_shutdown_that_fails_is_no_clean_end(
    loop: Loop, when_logged: WhenLogged, capsys: pytest.CaptureFixture[str]
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        raise ValueError("still busy")

    when_logged("listening on ", raise_signal(signal.SIGTERM))
    assert run(lambda: AsgiHandler(app), told(loop=loop)) == ExitCode.APPLICATION
    assert "ValueError: still busy" in capsys.readouterr().err


def test_what_build_raises_is_the_callers() -> None:
    def build() -> Handler:
        raise LookupError("no application")

    with pytest.raises(LookupError, match="no application"):
        run(build, told())


@pytest.mark.parametrize("level", ["DEBUG", "ERROR"])
def test_the_log_level_holds_for_the_server(level: str) -> None:
    seen: list[str] = []

    def build() -> Handler:
        seen.append(logging.getLevelName(logging.getLogger("tremolo.server").getEffectiveLevel()))
        raise LookupError

    with pytest.raises(LookupError):
        run(build, told(log_level=level))
    assert seen == [level]


def test_a_complaint_is_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    complain("no")
    assert capsys.readouterr() == ("", "tremolo: no\n")
