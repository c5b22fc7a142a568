"""Another process that uses a lock file: `python lock_holder.py hold|count ...`."""

import sys
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread

from tremolo.lock_file import lock_file
from tremolo.locks import Lock, Locks


def hold(path: str, name: str) -> None:
    """Take a lock, say so, and keep it until killed, or until standard input ends."""
    lock = Lock(Locks(lock_file(path)), name)

    async def main() -> None:
        await lock.acquire()
        sys.stdout.write("held\n")
        sys.stdout.flush()
        await anyio.to_thread.run_sync(sys.stdin.read)

    anyio.run(main)


def count(path: str, counter: str, times: str) -> None:
    """Raise a number in a file by one, so many times, from three tasks at once."""
    locks = Locks(lock_file(path))

    def read() -> int:
        return int(Path(counter).read_text())

    def write(number: int) -> None:
        Path(counter).write_text(str(number))

    async def raise_it() -> None:
        lock = Lock(locks, "counter")
        for _ in range(int(times)):
            async with lock:
                number = read()
                await anyio.lowlevel.checkpoint()
                write(number + 1)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(raise_it)

    anyio.run(main)


if __name__ == "__main__":
    if sys.argv[1] == "hold":
        hold(*sys.argv[2:])
    else:
        count(*sys.argv[2:])
