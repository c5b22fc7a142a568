"""A form that is read whole, and files that are never held: what arrives is written."""

from collections.abc import AsyncIterator
from pathlib import Path

from tremolo import Request, Tremolo

app = Tremolo()

UPLOADS = Path("uploads")


@app.on_worker_start
async def make_room() -> None:
    UPLOADS.mkdir(exist_ok=True)


@app.post("/login")
async def login(request: Request) -> str:
    form = await request.form(max_fields=2, max_size=1_000)
    return f"Hello {form.get('user', ['nobody'])[0]}!\n"


@app.post("/upload")
async def upload(request: Request) -> AsyncIterator[str]:
    count = 0
    async for part in request.parts():
        if part.filename:
            # The name is the client's: it is shown, and never used as a path.
            count += 1
            size = await part.save(UPLOADS / f"{count}.data", max_size=10_000_000_000)
            yield f"{part.name}: {part.filename}, {size} bytes\n"


@app.post("/small")
async def small(request: Request) -> list[str]:
    return [
        f"{file['filename']}: {len(file['data'])} bytes"
        async for file in request.files(max_files=5)
        if "filename" in file
    ]


if __name__ == "__main__":
    app.run("127.0.0.1", 8000, client_max_body_size=10_000_000_000)
