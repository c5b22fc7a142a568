"""A number in a file that no two requests change at once, whichever worker they are in."""

import math
from pathlib import Path

from tremolo import Lock, Tremolo

app = Tremolo()

COUNTER = Path("counter.txt")


@app.post("/count")
async def count(lock: Lock) -> str:
    async with lock("counter", timeout=5):
        number = int(COUNTER.read_text()) + 1 if COUNTER.exists() else 1
        COUNTER.write_text(str(number))
    return f"{number}\n"


@app.post("/patient")
async def patient(lock: Lock) -> str:
    await lock.acquire(timeout=math.inf)
    try:
        return "done\n"
    finally:
        lock.release()


if __name__ == "__main__":
    app.run("127.0.0.1", 8000, worker_num=4)
