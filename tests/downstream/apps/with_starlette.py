"""What every application here does, with Starlette."""

from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute


@asynccontextmanager
async def lifespan(app):
    yield {"pool": "started"}
    print("shut down", flush=True)


async def hello(request):
    return PlainTextResponse("hello")


async def stream(request):
    async def body():
        for number in range(1_000):
            yield f"{number},"

    return StreamingResponse(body())


async def upload(request):
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return PlainTextResponse(str(size))


async def started(request):
    return PlainTextResponse(request.state.pool)


async def websocket(websocket):
    await websocket.accept(subprotocol=next(iter(websocket.scope["subprotocols"]), None))
    async for text in websocket.iter_text():
        if text == "close":
            await websocket.close(4001, "enough")
            return
        await websocket.send_text(f"echo {text}")


app = Starlette(
    routes=[
        Route("/hello", hello),
        Route("/stream", stream),
        Route("/upload", upload, methods=["POST"]),
        Route("/lifespan", started),
        WebSocketRoute("/ws", websocket),
    ],
    lifespan=lifespan,
)
