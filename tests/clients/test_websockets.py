"""The websockets library to handlers of the framework: another reader of RFC 6455 than ours."""

import functools
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio.to_thread
import pytest

import tremolo
from tremolo import Tremolo, WebSocket
from tremolo.exceptions import Forbidden, WebSocketServerClosed
from tremolo_core import PerMessageDeflate

client = pytest.importorskip("websockets.sync.client", reason="websockets is not installed")
exceptions = pytest.importorskip("websockets.exceptions", reason="websockets is not installed")

pytestmark = pytest.mark.anyio


@pytest.fixture
async def url() -> AsyncIterator[str]:
    app = Tremolo()

    @app.websocket("/echo")
    async def echo(websocket: WebSocket) -> None:
        offered = websocket.subprotocols
        await websocket.accept(offered[-1] if offered else None, extensions=[PerMessageDeflate()])
        async for message in websocket:
            await websocket.send(message)

    @app.websocket("/parts")
    async def parts(websocket: WebSocket) -> None:
        await websocket.accept(by_fragment=True)
        await websocket.send("a", fin=False)
        await websocket.ping()
        await websocket.send("b", fin=True)
        await websocket.send(await websocket.receive())

    @app.websocket("/close")
    async def close(websocket: WebSocket) -> None:
        await websocket.accept()
        raise WebSocketServerClosed("bye", code=4000)

    @app.websocket("/refused")
    async def refused(websocket: WebSocket) -> None:
        raise Forbidden

    async with tremolo.serve(app) as server:
        host, port = server.addresses[0]
        yield f"ws://{host}:{port}"


async def talk(url: str, conversation: Callable[[Any], Any], **options: Any) -> Any:
    """What a conversation of the client returns, which blocks, and so has a thread."""

    def connected() -> Any:
        with client.connect(url, proxy=None, **options) as connection:
            return conversation(connection)

    return await anyio.to_thread.run_sync(connected)


def echoed(connection: Any, messages: list[str | bytes]) -> list[str | bytes]:
    for message in messages:
        connection.send(message)
    return [connection.recv() for _ in messages]


@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_messages(url: str, compression: str | None) -> None:
    messages: list[str | bytes] = ["", "ü", b"", b"\0\xff", "x" * 300_000, bytes(300_000)]
    conversation = functools.partial(echoed, messages=messages)
    assert await talk(f"{url}/echo", conversation, compression=compression) == messages


async def test_the_subprotocol_that_was_chosen(url: str) -> None:
    chosen = await talk(
        f"{url}/echo", lambda connection: connection.subprotocol, subprotocols=["Superchat", "b"]
    )
    assert chosen == "b"


async def test_fragments(url: str) -> None:
    def conversation(connection: Any) -> list[Any]:
        connection.send(["1", "2", "3"])
        return [list(connection.recv_streaming()), connection.recv()]

    assert await talk(f"{url}/parts", conversation) == [["a", "b"], "123"]


async def test_a_ping(url: str) -> None:
    assert await talk(f"{url}/echo", lambda connection: connection.ping(b"a").wait(30))


async def test_a_close_code_and_its_reason(url: str) -> None:
    def conversation(connection: Any) -> tuple[int, str]:
        with pytest.raises(exceptions.ConnectionClosedError) as closed:
            connection.recv()
        return closed.value.rcvd.code, closed.value.rcvd.reason

    assert await talk(f"{url}/close", conversation) == (4000, "bye")


async def test_a_message_that_is_too_large(url: str) -> None:
    def conversation(connection: Any) -> int:
        connection.send(bytes(2_097_153))
        with pytest.raises(exceptions.ConnectionClosedError) as closed:
            connection.recv()
        code: int = closed.value.rcvd.code
        return code

    assert await talk(f"{url}/echo", conversation) == 1009


async def test_a_refusal(url: str) -> None:
    with pytest.raises(exceptions.InvalidStatus) as refused:
        await talk(f"{url}/refused", lambda connection: None)
    assert refused.value.response.status_code == 403
