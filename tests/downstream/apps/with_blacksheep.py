"""What every application here does, with BlackSheep."""

from blacksheep import Application, Content, Request, Response, StreamedContent, WebSocket, text
from blacksheep.server.websocket import WebSocketDisconnectError

app = Application()


@app.on_start
async def start(app):
    app.pool = "started"


@app.on_stop
async def stop(app):
    print("shut down", flush=True)


@app.router.get("/hello")
async def hello():
    return text("hello")


@app.router.get("/stream")
async def stream():
    async def body():
        for number in range(1_000):
            yield f"{number},".encode()

    return Response(200, content=StreamedContent(b"text/plain", body))


@app.router.post("/upload")
async def upload(request: Request):
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return Response(200, content=Content(b"text/plain", str(size).encode()))


@app.router.get("/lifespan")
async def started():
    return text(app.pool)


@app.router.ws("/ws")
async def echo(websocket: WebSocket):
    await websocket.accept(subprotocol=next(iter(websocket.scope["subprotocols"]), None))
    try:
        while (said := await websocket.receive_text()) != "close":
            await websocket.send_text(f"echo {said}")
    except WebSocketDisconnectError:
        return
    await websocket.close(4001, "enough")
