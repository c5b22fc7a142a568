"""An application that runs on trio alone, as its authors write it: Quart's, on trio."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tremolo.testing import Client

quart = pytest.importorskip("quart")
quart_trio = pytest.importorskip("quart_trio")

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", [("trio", {})], ids=["trio"]),
]


def application(steps: list[str]) -> Any:
    app = quart_trio.QuartTrio(__name__)

    async def start() -> None:
        steps.append("up")

    async def stop() -> None:
        steps.append("down")

    async def stream() -> Any:
        async def body() -> AsyncIterator[bytes]:
            for number in range(100):
                yield b"%d," % number

        return body()

    async def upload() -> str:
        size = 0
        async for piece in quart.request.body:
            size += len(piece)
        return str(size)

    async def talk() -> None:
        # One task receives from the beginning, as Quart has it; the other accepts.
        await quart.websocket.accept()
        while True:
            await quart.websocket.send(f"echo {await quart.websocket.receive()}")

    app.before_serving(start)
    app.after_serving(stop)
    app.add_url_rule("/stream", view_func=stream)
    app.add_url_rule("/upload", view_func=upload, methods=["POST"])
    app.add_websocket("/ws", view_func=talk)
    return app


async def test_it_does_all_that_it_does() -> None:
    steps: list[str] = []
    async with Client(application(steps), lifespan="on", check_leaks=False) as client:
        assert steps == ["up"]
        response = await client.get("/stream")
        assert response.text == "".join(f"{number}," for number in range(100))
        assert (await client.post("/upload", content=bytes(100_000))).text == "100000"
        async with client.websocket("/ws") as websocket:
            for text in ("one", "two"):
                await websocket.send(text)
                assert await websocket.receive() == f"echo {text}"
    assert steps == ["up", "down"]
