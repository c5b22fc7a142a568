"""The same two routes for Tremolo and for nggit/tremolo, whichever `tremolo` is installed."""

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


if __name__ == "__main__":
    # Neither logs its requests; the rates do not bound what is this small.
    app.run("127.0.0.1", int(sys.argv[1]), log_level="ERROR")
