"""What the browser looks at: `python -m tests.browser.site <loop>` says its port."""

import itertools
import sys
from collections.abc import AsyncIterator

import anyio
import anyio.to_thread

import tremolo
from tremolo import EventStream, Request, Tremolo, WebSocket
from tremolo.exceptions import Forbidden

__all__ = ("main",)

app = Tremolo()

left = itertools.count()
gone: list[int] = []


@app.get("/")
async def index() -> str:
    return "<!DOCTYPE html><title>Tremolo</title><p>Hello"


@app.get("/events")
async def events(sse: EventStream) -> None:
    first = int(sse.last_event_id or 0) + 1
    for number in range(first, first + 3):
        await sse.send(f"{number}\n{number}", event="tick", event_id=str(number), retry=10)


@app.get("/forever")
async def forever(sse: EventStream) -> None:
    await sse.send("begun")
    try:
        await anyio.sleep_forever()
    finally:
        gone.append(next(left))


@app.get("/gone")
async def how_many_are_gone() -> str:
    return str(len(gone))


@app.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    if websocket.request.query.get("refuse"):
        raise Forbidden
    # Browsers give up if the one that is chosen is not written as they have offered it.
    await websocket.accept("Superchat" if "Superchat" in websocket.subprotocols else None)
    async for message in websocket:
        if message == "close":
            await websocket.close(4000, "bye")
        else:
            await websocket.send(message)


@app.post("/form")
async def form(request: Request) -> dict[str, object]:
    fields = await request.form()
    files = request.context.files
    return {
        "fields": fields,
        "files": {
            name: [[file["filename"], file["type"], len(file["data"])] for file in files[name]]
            for name in files
        },
    }


@app.get("/stream/{count:int}")
async def stream(count: int) -> AsyncIterator[str]:
    for number in range(count):
        yield f"{number}\n"


async def main() -> None:
    """Serve until standard input ends."""
    async with tremolo.serve(app) as server:
        sys.stdout.write(f"{server.addresses[0][1]}\n")
        sys.stdout.flush()
        await anyio.to_thread.run_sync(sys.stdin.read)


if __name__ == "__main__":
    if sys.argv[1] == "trio":
        anyio.run(main, backend="trio")
    else:
        anyio.run(main, backend_options={"use_uvloop": sys.argv[1] == "uvloop"})
