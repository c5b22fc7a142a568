"""What every application here does, with our own framework, for other servers to run."""

from tremolo import Tremolo

app = Tremolo()


@app.on_worker_start
async def start(context):
    context.pool = "started"


@app.on_worker_stop
async def stop():
    print("shut down", flush=True)


@app.route("/hello")
async def hello():
    return "hello"


@app.route("/stream")
async def stream():
    for number in range(1_000):
        yield f"{number},"


@app.post("/upload")
async def upload(request):
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return str(size)


@app.route("/lifespan")
async def started(globals):
    return globals.pool


@app.websocket("/ws")
async def echo(websocket):
    await websocket.accept(subprotocol=next(iter(websocket.subprotocols), None))
    async for text in websocket:
        if text == "close":
            await websocket.close(4001, "enough")
            return
        if text == "return":
            return
        await websocket.send(f"echo {text}")


@app.websocket("/refused")
async def refuse(websocket):
    return "no"
