"""Applications that speak ASGI below a prefix of one of the framework, as clients see them."""

import contextlib
import logging
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

import tremolo
from tremolo import Tremolo
from tremolo.testing import Client

pytestmark = pytest.mark.anyio

pool: ContextVar[str] = ContextVar("pool")


async def where(request: Request) -> JSONResponse:
    return JSONResponse(
        {
            "path": request.scope["path"],
            "raw_path": request.scope["raw_path"].decode(),
            "root_path": request.scope["root_path"],
            "url": request.url_for("where").path,
        }
    )


async def stream(request: Request) -> StreamingResponse:
    return StreamingResponse(request.stream())


async def echo(websocket: WebSocket) -> None:
    await websocket.accept(subprotocol="chat")
    async for text in websocket.iter_text():
        await websocket.send_text(f"{websocket.scope['root_path']} {text}")


async def fail(request: Request) -> None:
    raise ValueError("oops")


@contextlib.asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[dict[str, str]]:
    steps.append("inner up")
    pool.set("a pool")
    yield {"database": "a database"}
    steps.append("inner down")


async def see_lifespan(request: Request) -> JSONResponse:
    return JSONResponse([request.state.database, pool.get()])


steps: list[str] = []

INNER = Starlette(
    routes=[
        Route("/where/{rest:path}", where),
        Route("/where", where, name="where"),
        Route("/stream", stream, methods=["POST"]),
        Route("/fail", fail),
        Route("/lifespan", see_lifespan),
        WebSocketRoute("/echo", echo),
    ],
    lifespan=lifespan,
)


def outer() -> Tremolo:
    app = Tremolo()

    @app.route("/")
    async def index() -> str:
        return "the outer one"

    @app.on_worker_start
    async def start() -> None:
        steps.append("outer up")

    @app.on_worker_stop
    async def stop() -> None:
        steps.append("outer down")

    app.mount("/api", INNER)
    return app


async def test_it_is_told_of_the_prefix() -> None:
    async with Client(outer()) as client:
        assert (await client.get("/")).text == "the outer one"
        for path, seen in {
            "/api/where": "/api/where",
            "/api/where/caf%C3%A9": "/api/where/café",
            "/%61pi/where": "/api/where",
        }.items():
            response = await client.get(path)
            assert response.json() == {
                "path": seen,
                "raw_path": path,
                "root_path": "/api",
                "url": "/api/where",
            }
        assert (await client.get("/apix/where")).status_code == 404
        assert (await client.get("/api/missing")).text == "Not Found"


async def test_a_mount_below_a_mount() -> None:
    app = Tremolo()
    app.mount("/v1", outer())
    inner = Starlette(routes=[Mount("/deep", INNER)])
    app.mount("/v2", inner)
    async with Client(app) as client:
        assert (await client.get("/v1/api/where")).json()["root_path"] == "/v1/api"
        assert (await client.get("/v2/deep/where")).json()["root_path"] == "/v2/deep"


async def test_bodies_stream_through_it() -> None:
    async def body() -> AsyncIterator[bytes]:
        for number in range(100):
            yield b"%d," % number

    async with Client(outer()) as client:
        response = await client.post("/api/stream", content=body())
    assert response.content == b"".join([b"%d," % number for number in range(100)])


async def test_websockets_go_through_it() -> None:
    async with (
        Client(outer()) as client,
        client.websocket("/api/echo", subprotocols=["soap", "chat"]) as websocket,
    ):
        assert websocket.subprotocol == "chat"
        await websocket.send("hello")
        assert await websocket.receive() == "/api hello"


async def test_it_lives_inside_the_life_of_the_outer_one() -> None:
    steps.clear()
    async with Client(outer()) as client:
        response = await client.get("/api/lifespan")
        assert response.json() == ["a database", "a pool"]
        assert steps == ["outer up", "inner up"]
    assert steps == ["outer up", "inner up", "inner down", "outer down"]


async def test_it_lives_once_though_it_is_mounted_twice() -> None:
    steps.clear()
    app, middle = Tremolo(), outer()
    app.mount("/a", middle)
    app.mount("/b", middle)
    async with Client(app) as client:
        for prefix in ("/a", "/b"):
            assert (await client.get(f"{prefix}/api/lifespan")).status_code == 200
    assert steps == ["outer up", "inner up", "inner down", "outer down"]


async def test_its_errors_are_500(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL, "tremolo"):
        async with Client(outer(), raise_server_exceptions=False) as client:
            assert (await client.get("/api/fail")).status_code == 500
            assert (await client.get("/")).status_code == 200


async def test_its_failure_to_start_up_is_one_of_the_outer_application() -> None:
    @contextlib.asynccontextmanager
    async def failing(app: Any) -> AsyncIterator[None]:
        if steps:
            raise ValueError("no database")
        yield

    steps.clear()
    app = outer()
    app.mount("/failing", Starlette(lifespan=failing))
    with pytest.raises(Exception, match="no database"):
        async with Client(app):
            raise AssertionError("it was started")
    assert steps == ["outer up", "inner up", "inner down", "outer down"]


async def test_fastapi_knows_its_documents_below_the_prefix() -> None:
    api = FastAPI()

    @api.get("/items/{number}")
    async def item(number: int) -> dict[str, int]:
        return {"number": number}

    app = Tremolo()
    app.mount("/api", api)
    async with Client(app) as client:
        assert (await client.get("/api/items/5")).json() == {"number": 5}
        assert (await client.get("/api/items/x")).status_code == 422
        assert (await client.get("/api/openapi.json")).json()["servers"] == [{"url": "/api"}]


async def test_middlewares_see_its_requests_and_not_its_answers() -> None:
    app, seen = Tremolo(), list[str]()

    @app.on_request
    async def before(request: tremolo.Request) -> str | None:
        seen.append(request.path.decode())
        return "refused" if request.path.endswith(b"fail") else None

    @app.on_response
    async def after(response: tremolo.Response) -> None:
        response.set_header("x-after", "1")

    app.mount("/inner", INNER)
    async with Client(app) as client:
        answer = await client.get("/inner/where")
        assert (answer.status_code, "x-after" in answer.headers) == (200, False)
        answer = await client.get("/inner/fail")
        assert (answer.text, answer.headers["x-after"]) == ("refused", "1")
    assert seen == ["/inner/where", "/inner/fail"]
