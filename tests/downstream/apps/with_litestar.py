"""What every application here does, with Litestar."""

from contextlib import asynccontextmanager

from litestar import Litestar, MediaType, Request, WebSocket, get, post, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.response import Stream


@asynccontextmanager
async def lifespan(app):
    app.state.pool = "started"
    yield
    print("shut down", flush=True)


@get("/hello", media_type=MediaType.TEXT, sync_to_thread=False)
def hello() -> str:
    return "hello"


@get("/stream")
async def stream() -> Stream:
    async def body():
        for number in range(1_000):
            yield f"{number},"

    return Stream(body())


@post("/upload", media_type=MediaType.TEXT)
async def upload(request: Request) -> str:
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return str(size)


@get("/lifespan", media_type=MediaType.TEXT)
async def started(request: Request) -> str:
    return request.app.state.pool


@websocket("/ws")
async def echo(socket: WebSocket) -> None:
    await socket.accept(subprotocols=next(iter(socket.scope["subprotocols"]), None))
    try:
        while (text := await socket.receive_text()) != "close":
            await socket.send_text(f"echo {text}")
    except WebSocketDisconnect:
        return
    await socket.close(4001, "enough")


app = Litestar(
    [hello, stream, upload, started, echo], lifespan=[lifespan], request_max_body_size=None
)
