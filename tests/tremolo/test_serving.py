"""Serving inside a running loop, of either kind of application, and serving as a program."""

import inspect
import logging
import signal
import socket
import sys
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from tremolo import Application
from tremolo.config import ConfigError
from tremolo.loader import NotAnApplication
from tremolo.serving import run, serve, serve_forever
from tremolo_asgi import LifespanFailed


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    body = scope["path"].encode()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": body})


def framework() -> Application:
    app = Application()

    @app.route("/hello")
    async def hello(**server: Any) -> str:
        return "/hello"

    return app


async def ask(server: Any, path: str = "/hello", content: bytes | None = None) -> httpx.Response:
    host, port = server.addresses[0]
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.request(
            "GET" if content is None else "POST", f"http://{host}:{port}{path}", content=content
        )


@pytest.mark.anyio
@pytest.mark.parametrize("app", [asgi, framework()], ids=["asgi", "framework"])
async def test_either_kind_of_application_is_served(app: Any) -> None:
    before = signal.getsignal(signal.SIGINT), logging.getLogger("tremolo").level
    async with serve(app) as server:
        assert server.addresses[0][0] == "127.0.0.1"
        response = await ask(server)
        assert (response.status_code, response.content) == (200, b"/hello")
        assert (signal.getsignal(signal.SIGINT), logging.getLogger("tremolo").level) == before
        [address] = server.addresses
    with pytest.raises(OSError, match="refused"), socket.create_connection(address):
        pass


@pytest.mark.anyio
async def test_options_have_their_effect() -> None:
    async with serve(asgi, root_path="/api", server_name="x", client_max_body_size=3) as server:
        response = await ask(server, content=b"abc")
        assert response.content == b"/api/helloabc"
        assert response.headers["server"] == "x"
        assert (await ask(server, content=b"abcd")).status_code == 413


@pytest.mark.anyio
async def test_binds_take_the_place_of_host_and_port() -> None:
    async with serve(asgi, bind="127.0.0.1:0,127.0.0.2:0") as server:
        assert [address[0] for address in server.addresses] == ["127.0.0.1", "127.0.0.2"]
        assert (await ask(server)).content == b"/hello"


@pytest.mark.anyio
async def test_an_address_that_is_taken_is_an_os_error() -> None:
    async with serve(asgi) as server:
        _, port = server.addresses[0]
        assert port is not None
        with pytest.raises(OSError, match="cannot listen on"):
            await serve(asgi, port=port).__aenter__()


@pytest.mark.anyio
async def test_what_start_up_raises_is_raised() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        raise ValueError("no database")

    with pytest.raises(LifespanFailed, match="no database") as caught:
        await serve(app).__aenter__()
    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.anyio
async def test_what_shutdown_raises_is_raised() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        raise ValueError("still busy")

    with pytest.raises(LifespanFailed, match="still busy"):
        async with serve(app):
            pass


@pytest.mark.parametrize("option", ["loop", "log_level"])
def test_what_is_a_programs_to_say_is_refused(option: Any) -> None:
    with pytest.raises(ConfigError, match=f"^{option}: is not ours to say"):
        serve(asgi, host="127.0.0.1", port=0, **{option: "x"})


def test_wrong_arguments_are_refused_before_anything_happens() -> None:
    with pytest.raises(ConfigError, match="no such option"):
        serve(asgi, speed=1)
    with pytest.raises(ConfigError, match="must be a number"):
        serve(asgi, port=-1)

    async def handler(exchange: Any) -> None: ...

    wrong: Any = handler
    with pytest.raises(NotAnApplication, match="this takes"):
        serve(wrong)


@pytest.mark.anyio
async def test_it_is_started_in_a_task_group_and_serves_until_cancelled() -> None:
    async with anyio.create_task_group() as group:
        start = partial(serve_forever, framework(), bind="127.0.0.1:0,127.0.0.2:0")
        addresses = await group.start(start)
        async with httpx.AsyncClient(trust_env=False) as client:
            for host, port in addresses:
                assert (await client.get(f"http://{host}:{port}/hello")).text == "/hello"
        group.cancel_scope.cancel()
    with pytest.raises(OSError, match="refused"), socket.create_connection(addresses[0]):
        pass


@pytest.mark.anyio
async def test_in_a_task_group_a_wrong_option_is_raised_by_start() -> None:
    async with anyio.create_task_group() as group:
        with pytest.raises(ConfigError, match="no such option"):
            await group.start(partial(serve_forever, asgi, speed=1))


STOPS_ITSELF = """
import signal

async def app(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "on purpose"})
"""


def test_run_takes_what_the_command_line_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    path = tmp_path / "stops_itself.py"
    path.write_text(STOPS_ITSELF, encoding="utf-8")
    with pytest.raises(SystemExit) as caught:
        run(f"{path}:app", port=0, worker_num=0)
    assert caught.value.code == 3
    assert capsys.readouterr().err == "tremolo: the application failed to start up: on purpose\n"
    with pytest.raises(SystemExit) as caught:
        run(f"{path}:other", worker_num=0)
    assert caught.value.code == 1
    assert "there is no 'other'" in capsys.readouterr().err
    monkeypatch.delitem(sys.modules, "stops_itself")


@pytest.mark.parametrize(
    ("app", "loop"),
    [(asgi, "asyncio"), (framework(), "uvloop"), (framework(), "trio")],
    ids=["asgi-asyncio", "framework-uvloop", "framework-trio"],
)
def test_run_serves_until_a_signal(app: Any, loop: str) -> None:
    class StopAtOnce(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage().startswith("listening on http://127.0.0.1:"):
                signal.raise_signal(signal.SIGTERM)

    logger = logging.getLogger("tremolo.program")
    handler = StopAtOnce()
    logger.addHandler(handler)
    level = logging.getLogger("tremolo").level
    try:
        run(app, port=0, loop=loop)
    finally:
        logger.removeHandler(handler)
        logging.getLogger("tremolo").setLevel(level)


def test_run_listens_where_it_always_did() -> None:
    defaults = inspect.signature(run).parameters
    assert (defaults["host"].default, defaults["port"].default) == ("127.0.0.1", 8_000)
