"""What every application here does, with Quart on trio."""

from quart import request, websocket
from quart_trio import QuartTrio

app = QuartTrio(__name__)


@app.before_serving
async def start():
    app.pool = "started"


@app.after_serving
async def stop():
    print("shut down", flush=True)


@app.get("/hello")
async def hello():
    return "hello"


@app.get("/stream")
async def stream():
    async def body():
        for number in range(1_000):
            yield f"{number},".encode()

    return body()


@app.post("/upload")
async def upload():
    size = 0
    async for piece in request.body:
        size += len(piece)
    return str(size)


@app.get("/lifespan")
async def started():
    return app.pool


@app.websocket("/ws")
async def echo():
    await websocket.accept(subprotocol=next(iter(websocket.requested_subprotocols), None))
    while (text := await websocket.receive()) != "close":
        await websocket.send(f"echo {text}")
    await websocket.close(4001, "enough")
