"""The framework's streams under load, as a process of its own; see `program`."""

import itertools
import sys
import tempfile
from pathlib import Path

import anyio
import anyio.to_thread

import tremolo
from tremolo import EventStream, Request, Tremolo

__all__ = ("main",)

app = Tremolo()


@app.post("/upload")
async def upload(request: Request) -> str:
    with tempfile.TemporaryDirectory() as directory:
        kept = Path(directory, "part")
        return repr([await part.save(kept) async for part in request.parts()])


@app.post("/files")
async def files(request: Request) -> str:
    size = 0
    async for file in request.files(max_file_size=1_000_000):
        async for data in file.stream():
            size += len(data)
    return str(size)


@app.get("/events/{count:int}")
async def events(sse: EventStream, count: int) -> None:
    for number in itertools.islice(itertools.count(), count):
        await sse.send(f"message {number}")


async def main() -> None:
    """Serve until standard input ends."""
    async with tremolo.serve(app, client_max_body_size=None) as server:
        sys.stdout.write(f"{server.addresses[0][1]}\n")
        sys.stdout.flush()
        await anyio.to_thread.run_sync(sys.stdin.read)


if __name__ == "__main__":
    uvloop = sys.argv[1] == "uvloop"
    anyio.run(
        main,
        backend="trio" if sys.argv[1] == "trio" else "asyncio",
        backend_options={"use_uvloop": True} if uvloop else {},
    )
