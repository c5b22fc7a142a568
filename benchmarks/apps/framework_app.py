"""The same routes for Tremolo and for nggit/tremolo, whichever `tremolo` is installed."""

import sys
from collections.abc import AsyncIterator
from typing import Any

from tremolo import Tremolo

app = Tremolo()


@app.route("/return")
async def returned(**server: Any) -> bytes:
    """Say hello at once."""
    return b"Hello world!"


@app.route("/yield")
async def yielded(**server: Any) -> AsyncIterator[bytes]:
    """Say hello in two pieces."""
    yield b"Hello "
    yield b"world!"


@app.route("/multipart")
async def multipart(**server: Any) -> bytes:
    """Count what the files of a form have, which come in pieces of 64 KiB."""
    received = 0
    async for part in server["request"].files(max_files=1 << 30, max_file_size=65_536):
        received += len(part["data"])
    return b"%d" % received


if __name__ == "__main__":
    # Neither logs its requests; the rates do not bound what is this small.
    app.run(
        "127.0.0.1",
        int(sys.argv[1]),
        log_level="ERROR",
        client_max_body_size=100_000_000_000,
        upload_rate=100_000_000_000,
    )
