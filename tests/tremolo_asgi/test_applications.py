"""Applications as their authors write them, with Starlette and FastAPI, over real sockets."""

import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, WebSocketException
from fastapi import Request as FastAPIRequest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tremolo.testing import Client, WebSocketRefused

pytestmark = pytest.mark.anyio

pool: ContextVar[str] = ContextVar("pool")
visitor: ContextVar[str] = ContextVar("visitor", default="nobody")


def served(app: Any, **options: Any) -> Client:
    """A client of `app` over a real socket, which is told of errors as any other is."""
    return Client(app, tcp=True, raise_server_exceptions=False, **options)


@contextlib.asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[dict[str, object]]:
    pool.set("a pool")
    yield {"database": "a database"}


async def see_lifespan(request: Request) -> JSONResponse:
    before = visitor.get()
    visitor.set(request.query_params["name"])
    return JSONResponse([request.state.database, pool.get(), before])


async def test_requests_see_what_start_up_left_and_nothing_of_each_other() -> None:
    app = Starlette(routes=[Route("/", see_lifespan)], lifespan=lifespan)
    async with served(app) as client:
        for name in ("first", "second"):
            response = await client.get("/", params={"name": name})
            assert response.json() == ["a database", "a pool", "nobody"]


async def test_pipelined_requests_see_nothing_of_each_other() -> None:
    app = Starlette(routes=[Route("/", see_lifespan)], lifespan=lifespan)
    async with served(app) as client, client.connection() as wire:
        await wire.send(
            b"GET /?name=first HTTP/1.1\r\nHost: x\r\n\r\n"
            b"GET /?name=second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        answers = await wire.receive_to_end()
    assert answers.count(b'["a database","a pool","nobody"]') == 2


async def test_a_fastapi_lifespan() -> None:
    steps: list[str] = []

    @contextlib.asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        steps.append("up")
        yield
        steps.append("down")

    app = FastAPI(lifespan=life)

    @app.get("/steps")
    async def get_steps() -> list[str]:
        return steps

    async with served(app) as client:
        assert (await client.get("/steps")).json() == ["up"]
    assert steps == ["up", "down"]


async def test_a_streamed_answer() -> None:
    pieces = [b"%d," % number for number in range(1_000)]

    async def stream(request: Request) -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece

        return StreamingResponse(body(), media_type="text/plain")

    async with served(Starlette(routes=[Route("/", stream)])) as client:
        response = await client.get("/")
    assert response.headers["transfer-encoding"] == "chunked"
    assert response.content == b"".join(pieces)


async def test_a_piece_arrives_before_the_next_is_made() -> None:
    arrived = anyio.Event()

    async def stream(request: Request) -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            yield b"first"
            await arrived.wait()
            yield b"second"

        return StreamingResponse(body())

    app = Starlette(routes=[Route("/", stream)])
    async with served(app) as client, client.stream("GET", "/") as response:
        pieces = response.aiter_raw()
        assert await anext(pieces) == b"first"
        arrived.set()
        assert b"".join([piece async for piece in pieces]) == b"second"


@pytest.mark.parametrize("length", [True, False], ids=["with its length", "chunked"])
async def test_a_streamed_request(length: bool) -> None:
    pieces = [bytes([number % 256]) * 1_000 for number in range(300)]

    async def count(request: Request) -> JSONResponse:
        size = 0
        async for piece in request.stream():
            size += len(piece)
        return JSONResponse(size)

    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    headers = {"content-length": "300000"} if length else {}
    app = Starlette(routes=[Route("/", count, methods=["POST"])])
    async with served(app) as client:
        for _ in range(2):
            response = await client.post("/", content=body(), headers=headers)
            assert response.json() == 300_000


async def test_an_echo_streams_both_ways_at_once() -> None:
    async def echo(request: Request) -> StreamingResponse:
        return StreamingResponse(request.stream())

    app = Starlette(routes=[Route("/", echo, methods=["POST"])])
    async with served(app) as client, client.connection() as wire:
        await wire.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n")
        received = b""
        for piece in (b"abc", b"def"):
            await wire.send(piece)
            while piece not in received:
                received += await wire.receive_bytes()


async def test_fastapi_with_a_body_a_dependency_and_a_background_task() -> None:
    steps: list[str] = []
    app = FastAPI()

    async def session() -> AsyncIterator[str]:
        yield "a session"
        steps.append("closed")

    @app.post("/items/{number}")
    async def item(
        number: int,
        body: dict[str, int],
        background: BackgroundTasks,
        session: str = Depends(session),
    ) -> dict[str, object]:
        background.add_task(steps.append, "in the background")
        return {"number": number, "sum": sum(body.values()), "session": session}

    async with served(app) as client:
        response = await client.post("/items/5", json={"a": 1, "b": 2})
        assert response.json() == {"number": 5, "sum": 3, "session": "a session"}
        assert (await client.post("/items/x", json={})).status_code == 422
    assert sorted(steps) == ["closed", "in the background"]


async def test_a_fastapi_function_in_a_thread() -> None:
    app = FastAPI()

    @app.get("/")
    def plain() -> str:
        return "from a thread"

    async with served(app) as client:
        assert (await client.get("/")).json() == "from a thread"


async def test_an_application_notices_that_its_client_has_left() -> None:
    app = FastAPI()
    begun, noticed = anyio.Event(), anyio.Event()

    @app.get("/")
    async def wait(request: FastAPIRequest) -> None:
        assert not await request.is_disconnected()
        begun.set()
        while not await request.is_disconnected():
            await anyio.lowlevel.checkpoint()
        noticed.set()

    async with served(app) as client:
        async with client.connection() as wire:
            await wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await begun.wait()
        await noticed.wait()


# Starlette does not close the generators that it leaves off, and trio says so.
@pytest.mark.filterwarnings("ignore:Async generator .* was garbage collected:ResourceWarning")
@pytest.mark.parametrize("middleware", [[], [Middleware(GZipMiddleware, minimum_size=1)]])
async def test_an_endless_answer_ends_without_a_word_when_the_client_leaves(
    middleware: list[Middleware], caplog: pytest.LogCaptureFixture
) -> None:
    ended = anyio.Event()

    async def endless(request: Request) -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            while True:
                yield b"a" * 10_000

        return StreamingResponse(body())

    starlette = Starlette(routes=[Route("/", endless)], middleware=middleware)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await starlette(scope, receive, send)
        finally:
            if scope["type"] == "http":
                ended.set()

    with caplog.at_level(logging.INFO, "tremolo"):
        async with served(app, check_leaks=False) as client:
            async with client.connection() as wire:
                await wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                await wire.receive_bytes()
            await ended.wait()
    assert caplog.records == []


async def test_an_upload_that_breaks_off_ends_without_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun = anyio.Event()

    async def read(request: Request) -> Response:
        begun.set()
        await request.body()
        raise AssertionError("there was no end")

    app = Starlette(routes=[Route("/", read, methods=["POST"])])
    with caplog.at_level(logging.INFO, "tremolo"):
        async with served(app) as client, client.connection() as wire:
            await wire.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
            await begun.wait()
            await wire.send_eof()
            with contextlib.suppress(anyio.EndOfStream):
                await wire.receive_bytes()
    assert caplog.records == []


async def visit(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers["visited"] = "yes"
    return response


async def test_a_middleware_that_waits_for_the_client_beside_the_answer() -> None:
    async def hello(request: Request) -> PlainTextResponse:
        return PlainTextResponse(await request.body())

    app = Starlette(
        routes=[Route("/", hello, methods=["POST"])],
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=visit)] * 2,
    )
    async with served(app) as client:
        for _ in range(2):
            response = await client.post("/", content=b"abc")
            assert (response.text, response.headers["visited"]) == ("abc", "yes")


async def test_a_task_that_listens_for_the_client_ends_with_the_answer() -> None:
    told: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"

        async def listen() -> None:
            while (message := await receive())["type"] != "http.disconnect":
                told.append(message["type"])
            told.append("http.disconnect")

        async with anyio.create_task_group() as group:
            group.start_soon(listen)
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"a", "more_body": True})
            await anyio.wait_all_tasks_blocked()
            await send({"type": "http.response.body", "body": b"b"})

    async with served(app) as client:
        for _ in range(2):
            assert (await client.get("/")).content == b"ab"
    assert told == ["http.request", "http.disconnect"] * 2


@pytest.mark.parametrize("length", ["2", "9"])
async def test_a_wrong_length_in_one_piece_is_a_clean_500(length: str) -> None:
    async def wrong(request: Request) -> Response:
        return Response(b"abc", headers={"content-length": length})

    async def right(request: Request) -> Response:
        return Response(b"abc")

    app = Starlette(routes=[Route("/wrong", wrong), Route("/right", right)])
    async with served(app) as client:
        response = await client.get("/wrong")
        assert response.status_code == 500
        assert (await client.get("/right")).content == b"abc"


@pytest.mark.parametrize("more", [True, False])
async def test_an_answer_that_breaks_off_can_be_told_from_a_complete_one(more: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"abc", "more_body": True})
        if more:
            raise ValueError("oops")

    async with served(app) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/")


async def test_an_application_without_an_answer_is_a_500() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200})

    async with served(app) as client:
        for _ in range(2):
            assert (await client.get("/")).status_code == 500


async def test_an_error_is_a_500_and_the_connection_stays() -> None:
    ports: list[int] = []

    async def fail(request: Request) -> Response:
        assert request.client is not None
        ports.append(request.client.port)
        raise ValueError("oops")

    async with served(Starlette(routes=[Route("/", fail)])) as client:
        for _ in range(2):
            assert (await client.get("/")).status_code == 500
    assert ports[0] == ports[1]


async def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 1_000)

    async def file(request: Request) -> FileResponse:
        return FileResponse(path)

    async with served(Starlette(routes=[Route("/", file)])) as client:
        assert (await client.get("/")).content == path.read_bytes()
        part = await client.get("/", headers={"range": "bytes=1000-1003"})
        assert (part.status_code, part.content) == (206, bytes([232, 233, 234, 235]))
        head = await client.head("/")
        assert (head.headers["content-length"], head.content) == ("256000", b"")


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_a_body(status: int) -> None:
    async def nothing(request: Request) -> Response:
        return Response(status_code=status)

    async with served(Starlette(routes=[Route("/", nothing)])) as client:
        for _ in range(2):
            response = await client.get("/")
            assert (response.status_code, response.content) == (status, b"")


async def test_a_body_beyond_the_limit_never_reaches_the_application() -> None:
    async def read(request: Request) -> Response:
        return Response(await request.body())

    app = Starlette(routes=[Route("/", read, methods=["POST"])])
    async with served(app, client_max_body_size=3) as client:
        assert (await client.post("/", content=b"abc")).content == b"abc"
        assert (await client.post("/", content=b"abcd")).status_code == 413


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "removed"])
async def test_a_mounted_application_behind_a_proxy_with_a_prefix(kept: bool) -> None:
    async def where(request: Request) -> JSONResponse:
        return JSONResponse([request.url.path, str(request.url_for("inner:where").path)])

    inner = Mount("/inner", routes=[Route("/where", where, name="where")], name="inner")
    async with served(Starlette(routes=[inner]), root_path="/api") as client:
        prefix = "/api" if kept else ""
        response = await client.get(f"{prefix}/inner/where")
    assert response.json() == ["/api/inner/where"] * 2


async def test_a_websocket_of_starlette() -> None:
    told: list[object] = []

    async def talk(websocket: WebSocket) -> None:
        await websocket.accept(subprotocol="chat", headers=[(b"a", b"b")])
        try:
            while True:
                told.append(await websocket.receive_json())
                await websocket.send_json({"seen": len(told)})
        except WebSocketDisconnect as end:
            told.append((end.code, end.reason))

    async with (
        Client(Starlette(routes=[WebSocketRoute("/", talk)])) as client,
        client.websocket("/", subprotocols=["soap", "chat"]) as websocket,
    ):
        assert websocket.subprotocol == "chat"
        assert websocket.response.headers["a"] == "b"
        for number in (1, 2):
            await websocket.send(f'{{"number":{number}}}')
            assert await websocket.receive() == f'{{"seen":{number}}}'
        await websocket.close(4000, "bye")
    assert told == [{"number": 1}, {"number": 2}, (4000, "bye")]


async def test_a_websocket_of_fastapi_with_a_dependency() -> None:
    steps: list[str] = []
    app = FastAPI()

    async def session() -> AsyncIterator[str]:
        try:
            yield "a session"
        finally:
            steps.append("closed")

    @app.websocket("/{room}")
    async def talk(websocket: WebSocket, room: str, session: str = Depends(session)) -> None:
        if room == "private":
            raise WebSocketException(code=1008)
        await websocket.accept()
        await websocket.send_text(f"{room} {session}")
        await websocket.close(1001)

    async with Client(app) as client:
        async with client.websocket("/hall") as websocket:
            assert await websocket.receive() == "hall a session"
            assert [message async for message in websocket] == []
            assert websocket.close_code == 1001
        with pytest.raises(Exception, match="403"):
            async with client.websocket("/private"):
                raise AssertionError("it was accepted")
    assert steps == ["closed"] * 2


async def test_a_denial_of_starlette() -> None:
    async def deny(websocket: WebSocket) -> None:
        await websocket.send_denial_response(PlainTextResponse("members only", status_code=402))

    async with Client(Starlette(routes=[WebSocketRoute("/", deny)])) as client:
        with pytest.raises(WebSocketRefused) as refused:
            async with client.websocket("/"):
                raise AssertionError("it was accepted")
    assert refused.value.response.status_code == 402
    assert refused.value.response.text == "members only"
