"""What handlers are given because they name it, and others are not."""

from typing import Any

import anyio
import anyio.lowlevel
import pytest

from tremolo import EventStream, Request, Tremolo, WebSocket
from tremolo.exceptions import Forbidden, WebSocketClientClosed, WebSocketServerClosed
from tremolo.testing import Client, WebSocketClosed, WebSocketRefused

pytestmark = pytest.mark.anyio


async def test_what_is_not_named_is_not_there() -> None:
    app = Tremolo()

    @app.route("/without")
    async def without(**server: Any) -> list[str]:
        return sorted(server)

    @app.route("/with")
    async def with_events(sse: EventStream | None = None, **server: Any) -> str:
        return f"{type(sse).__name__} {'request' in server} {'sse' in server}"

    async with Client(app) as client:
        assert "sse" not in (await client.get("/without")).json()
        assert (await client.get("/with")).text == "EventStream True False"


async def test_a_middleware_is_not_asked_whether_the_answer_is_a_stream() -> None:
    app = Tremolo()
    seen = []

    @app.on_request
    async def look(sse: Any = None, **server: Any) -> None:
        seen.append(sse)

    @app.route("/")
    async def index(sse: EventStream) -> str:
        return "plain"

    async with Client(app) as client:
        assert (await client.get("/")).text == "plain"
    assert seen == [None]


async def test_a_stream_of_events_takes_no_body() -> None:
    app = Tremolo()

    @app.route("/")
    async def index(sse: EventStream) -> None: ...

    async with Client(app) as client:
        assert (await client.post("/", content=b"abc")).status_code == 400


async def test_a_handler_of_websockets_alone_answers_others_426() -> None:
    app = Tremolo()

    @app.websocket("/")
    async def serve(websocket: WebSocket) -> None: ...

    async with Client(app) as client:
        response = await client.get("/")
        assert response.status_code == 426
        assert response.headers["upgrade"] == "websocket"
        assert (await client.post("/")).status_code == 405


async def test_a_handler_may_be_for_both() -> None:
    app = Tremolo()

    @app.route("/")
    async def serve(request: Request, websocket: WebSocket | None = None) -> str | None:
        if websocket is None:
            return "Hello"
        async for message in websocket:
            await websocket.send(message)
        return "ignored"

    async with Client(app) as client:
        assert (await client.get("/")).text == "Hello"
        async with client.websocket("/") as session:
            await session.send("a")
            assert await session.receive() == "a"


@pytest.mark.parametrize(
    ("error", "status"), [(Forbidden("no"), 403), (LookupError(), 500), (Forbidden(code=418), 418)]
)
async def test_an_exception_before_the_acceptance_refuses(error: Exception, status: int) -> None:
    app = Tremolo()

    @app.websocket("/")
    async def serve(websocket: WebSocket) -> None:
        raise error

    async with Client(app, raise_server_exceptions=False) as client:
        with pytest.raises(WebSocketRefused) as refusal:
            async with client.websocket("/"):
                pass
        assert refusal.value.response.status_code == status


async def test_what_is_returned_before_the_acceptance_is_an_answer() -> None:
    app = Tremolo()

    @app.websocket("/", status=503)
    async def serve(websocket: WebSocket) -> str:
        return "not now"

    async with Client(app) as client:
        with pytest.raises(WebSocketRefused) as refusal:
            async with client.websocket("/"):
                pass
        assert refusal.value.response.status_code == 503
        assert refusal.value.response.text == "not now"


async def end_of(error: Exception | None) -> WebSocketClosed:
    """What a client is told when a handler accepts, sends something and raises `error`."""
    app = Tremolo()

    @app.websocket("/")
    async def serve(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send("last")
        if error is not None:
            raise error

    async with (
        Client(app, raise_server_exceptions=False) as client,
        client.websocket("/") as session,
    ):
        assert await session.receive() == "last"
        with pytest.raises(WebSocketClosed) as closed:
            await session.receive()
        return closed.value


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (None, 1000, ""),
        (LookupError("secret"), 1011, ""),
        (Forbidden("secret"), 1011, ""),
        (WebSocketServerClosed("enough", code=4000), 4000, "enough"),
        (WebSocketServerClosed(), 1011, ""),
        (WebSocketServerClosed("ü" * 100, code=1008), 1008, "ü" * 61),
        (ExceptionGroup("", [WebSocketServerClosed(code=4001)]), 4001, ""),
        (ExceptionGroup("", [WebSocketServerClosed(code=4001), LookupError()]), 1011, ""),
    ],
)
async def test_an_exception_after_the_acceptance_is_a_close_code(
    error: Exception | None, code: int, reason: str
) -> None:
    end = await end_of(error)
    assert (end.code, end.reason) == (code, reason)


async def test_tasks_that_are_all_told_that_the_client_has_left(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = Tremolo()
    ends: list[int] = []

    @app.websocket("/")
    async def serve(websocket: WebSocket) -> None:
        await websocket.accept()

        async def receive() -> None:
            try:
                await websocket.receive()
            except WebSocketClientClosed as error:
                ends.append(error.code)
                raise

        async with anyio.create_task_group() as group:
            group.start_soon(receive)
            group.start_soon(receive)

    async with Client(app) as client, client.websocket("/") as session:
        await session.close(4000)
    assert ends
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_client_that_leaves_before_the_acceptance() -> None:
    app = Tremolo()
    begun, left = anyio.Event(), anyio.Event()

    @app.websocket("/")
    async def serve(websocket: WebSocket, request: Request) -> None:
        begun.set()
        await left.wait()
        while not request.exchange.disconnected:
            await anyio.lowlevel.checkpoint()
        try:
            while True:
                await websocket.accept()
                await websocket.send("a")
        finally:
            assert websocket.closed

    handshake = (
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    async with Client(app) as client:
        async with client.connection() as wire:
            await wire.send(handshake)
            await begun.wait()
            await wire.abort()
        left.set()
