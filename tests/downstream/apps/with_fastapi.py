"""What every application here does, with FastAPI."""

from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import PlainTextResponse, StreamingResponse


@asynccontextmanager
async def lifespan(app):
    yield {"pool": "started"}
    print("shut down", flush=True)


app = FastAPI(lifespan=lifespan)


@app.get("/hello", response_class=PlainTextResponse)
def hello():
    return "hello"


@app.get("/stream")
async def stream():
    async def body():
        for number in range(1_000):
            yield f"{number},"

    return StreamingResponse(body())


@app.post("/upload", response_class=PlainTextResponse)
async def upload(request: Request):
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return str(size)


@app.get("/lifespan", response_class=PlainTextResponse)
async def started(request: Request):
    return request.state.pool


@app.websocket("/ws")
async def websocket(websocket: WebSocket):
    await websocket.accept(subprotocol=next(iter(websocket.scope["subprotocols"]), None))
    try:
        while (text := await websocket.receive_text()) != "close":
            await websocket.send_text(f"echo {text}")
    except WebSocketDisconnect:
        return
    await websocket.close(4001, "enough")
