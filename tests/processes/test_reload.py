"""In development: code that was saved is served, whatever the old code is doing."""

import socket
from pathlib import Path

import pytest

from tremolo.reloading import can_watch

from .running import PATIENCE, Program, running, until

pytestmark = pytest.mark.skipif(not can_watch(), reason="watchfiles is not installed")

SOURCE = """
import anyio

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    await send({{"type": "http.response.start", "status": 200}})
    while scope["path"] == "/events":
        await send({{"type": "http.response.body", "body": b"data: x\\n\\n", "more_body": True}})
        await anyio.sleep(0.1)
    await send({{"type": "http.response.body", "body": b"{answer}"}})
"""


def test_what_is_saved_is_served_and_a_mistake_is_shown(loop: str, tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    path.write_text(SOURCE.format(answer="one"), encoding="utf-8")
    with running(
        "--reload", f"--loop={loop}", application="app:app", directory=tmp_path
    ) as program:
        until(lambda: _answer(program) == b"one")
        with socket.create_connection(("127.0.0.1", program.port), timeout=PATIENCE) as stream:
            stream.sendall(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
            assert stream.recv(100)
            path.write_text(SOURCE.format(answer="two"), encoding="utf-8")
            # Nobody waits for the stream.
            until(lambda: _answer(program) == b"two")
        path.write_text("app = (\n", encoding="utf-8")
        program.wait_for("SyntaxError: '\\(' was never closed")
        program.wait_for("waiting for its code to change")
        path.write_text(SOURCE.format(answer="three"), encoding="utf-8")
        # What is written may be noticed in two steps, the first of which is served for a moment.
        until(lambda: _answer(program) == b"three")
        assert program.stop() == 0, program.log


def test_code_in_another_directory_is_watched_too(tmp_path: Path) -> None:
    here, code = tmp_path / "here", tmp_path / "code"
    here.mkdir()
    code.mkdir()
    path = code / "app.py"
    path.write_text(SOURCE.format(answer="one"), encoding="utf-8")
    with running("--reload", f"--app-dir={code}", application="app:app", directory=here) as program:
        until(lambda: _answer(program) == b"one")
        path.write_text(SOURCE.format(answer="two"), encoding="utf-8")
        until(lambda: _answer(program) == b"two")
        assert program.stop() == 0, program.log


def _answer(program: Program) -> bytes:
    """What it answers; nothing if the worker that was asked had to go meanwhile."""
    try:
        return program.get()
    except OSError:
        return b""
