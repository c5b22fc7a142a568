"""Server-sent events: a clock, and a feed on which a client that comes back misses nothing."""

import itertools
import time

import anyio

from tremolo import BlockingEventStream, EventStream, Tremolo

app = Tremolo()


@app.get("/clock")
async def clock(sse: EventStream) -> None:
    while True:
        await sse.send(time.strftime("%H:%M:%S"), event="tick")
        await anyio.sleep(1)


@app.get("/feed")
async def feed(sse: EventStream) -> None:
    seen = int(sse.last_event_id or 0)
    for number in itertools.count(seen + 1):
        await sse.send(f"news number {number}", event_id=str(number), retry=1_000)
        await anyio.sleep(0.5)


@app.get("/countdown", keepalive=5)
def countdown(sse: BlockingEventStream) -> None:
    for number in (3, 2, 1):
        sse.send(str(number))


if __name__ == "__main__":
    app.run("127.0.0.1", 8000)
