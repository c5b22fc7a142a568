"""The examples of the README and the documentation, run as they stand."""

import runpy
from pathlib import Path
from typing import Any

import httpx
import pytest

import tremolo
from tremolo.testing import Client, WebSocketRefused

EXAMPLES = Path(__file__).parents[1] / "examples"

pytestmark = pytest.mark.anyio


def load(name: str) -> dict[str, Any]:
    """The names that an example defines."""
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))


async def get(app: Any, target: str) -> httpx.Response:
    """The answer of `app`, served on a port of its own."""
    async with tremolo.serve(app, host="127.0.0.1", port=0) as server:
        host, port = server.addresses[0]
        async with httpx.AsyncClient(verify=False) as client:
            return await client.get(f"http://{host}:{port}{target}")


async def test_hello_returns_its_text() -> None:
    response = await get(load("hello")["app"], "/hello")
    assert (response.status_code, response.content) == (200, b"Hello world!")


async def test_hello_streams_piece_after_piece() -> None:
    response = await get(load("hello")["app"], "/stream")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert "content-length" not in response.headers
    assert response.text == "one piece after the other\n"


async def test_hello_has_an_ordinary_function() -> None:
    response = await get(load("hello")["app"], "/plain")
    assert response.text == "This is an ordinary function. It runs in a thread.\n"


async def test_hello_streams_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytes(range(256)) * 1_000
    (tmp_path / "big.data").write_bytes(data)
    monkeypatch.chdir(tmp_path)
    response = await get(load("hello")["app"], "/my/url/big.data")
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.content == data


async def test_an_asgi_application_is_served_by_the_same_call() -> None:
    response = await get(load("asgi_hello")["app"], "/anything")
    assert response.headers["content-type"] == "text/plain"
    assert response.content == b"Hello world!"


async def test_a_server_runs_inside_another_program(capsys: pytest.CaptureFixture[str]) -> None:
    await load("embedded")["main"]()
    printed = capsys.readouterr().out
    assert printed.startswith("HTTP/1.1 200 OK\r\n")
    assert "Hello from inside!\n" in printed


async def test_uploads_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with Client(load("upload")["app"]) as client:
        response = await client.post("/login", data={"user": "Ann"})
        assert response.text == "Hello Ann!\n"
        files = {"f": ("../x.bin", b"abc"), "g": ("y.bin", b"")}
        response = await client.post("/upload", files=files, data={"no": "file"})
        assert response.text == "f: ../x.bin, 3 bytes\ng: y.bin, 0 bytes\n"
        response = await client.post("/small", files=files)
        assert response.json() == ["../x.bin: 3 bytes", "y.bin: 0 bytes"]
    assert (tmp_path / "uploads" / "1.data").read_bytes() == b"abc"


async def test_events_come_one_by_one_and_go_on_where_they_stopped() -> None:
    async with Client(load("events")["app"]) as client:
        async with client.sse("/clock") as source:
            assert (await anext(source)).event == "tick"
        async with client.sse("/feed", headers={"last-event-id": "7"}) as source:
            event = await anext(source)
            assert (event.data, event.id, event.retry) == ("news number 8", "8", 1_000)
        async with client.sse("/countdown") as source:
            assert [event.data async for event in source] == ["3", "2", "1"]


async def test_a_chat_tells_everybody() -> None:
    async with Client(load("chat")["app"]) as client:
        async with client.websocket("/echo") as session:
            await session.send("a")
            assert await session.receive() == "a"
        async with client.websocket("/chat", subprotocols=["chat.v1"]) as one:
            assert one.subprotocol == "chat.v1"
            async with client.websocket("/chat", subprotocols=["chat.v1"]) as other:
                await other.send("Hello")
                assert await one.receive() == "Hello"
                assert await other.receive() == "Hello"
        with pytest.raises(WebSocketRefused) as refusal:
            async with client.websocket("/chat"):
                pass
        assert refusal.value.response.status_code == 403
        async with client.websocket("/plain") as session:
            assert [message async for message in session] == ["3", "2", "1"]


async def test_a_counter_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with Client(load("counter")["app"]) as client:
        assert [(await client.post("/count")).text for _ in range(3)] == ["1\n", "2\n", "3\n"]
        assert (await client.post("/patient")).text == "done\n"
