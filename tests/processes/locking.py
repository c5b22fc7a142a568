"""An application whose workers share locks: `python -m tremolo tests/processes/locking.py`."""

import math
import os
from collections.abc import AsyncIterator
from pathlib import Path

import anyio

from tremolo import BlockingLock, Lock, Tremolo

__all__ = ("app",)

app = Tremolo()

COUNTER = os.environ.get("COUNTER", "")


@app.get("/hold")
async def hold(lock: Lock) -> AsyncIterator[str]:
    await lock("held").acquire()
    yield f"{os.getpid()}\n"
    await anyio.sleep_forever()


@app.get("/try")
async def attempt(lock: Lock) -> str:
    try:
        async with lock("held", timeout=0):
            return "free"
    except TimeoutError:
        return "taken"


@app.get("/wait")
async def wait(lock: Lock) -> str:
    async with lock("held", timeout=math.inf):
        return "mine"


@app.get("/count")
def count(lock: BlockingLock) -> None:
    with lock("count"):
        number = int(Path(COUNTER).read_text(encoding="ascii"))
        Path(COUNTER).write_text(str(number + 1), encoding="ascii")
