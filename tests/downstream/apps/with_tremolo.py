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
