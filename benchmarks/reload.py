"""How long it takes until code that was saved is served, with an open event stream all the while.

From the return of the write to the first answer of the new code, asked every
five milliseconds on connections of their own. A second lies between two saves,
so that the worker of the save before has ended. Needs the extra `reload`.
"""

import argparse
import contextlib
import socket
import statistics
import tempfile
import time
from pathlib import Path

from programs import program

SOURCE = """
import anyio

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    await send({{"type": "http.response.start", "status": 200}})
    while scope["path"] == "/events":
        await send({{"type": "http.response.body", "body": b"data: x\\n\\n", "more_body": True}})
        await anyio.sleep(0.1)
    await send({{"type": "http.response.body", "body": b"[{number}]"}})
"""
PAUSE = 0.005
BETWEEN_SAVES = 1.0


def answer(port: int) -> bytes:
    """What is answered; nothing where the worker that was asked had to go."""
    with (
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", port), timeout=20) as client,
    ):
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        data = b""
        while piece := client.recv(65_536):
            data += piece
        return data
    return b""


def seconds_until_served(path: Path, number: int, port: int) -> float:
    """Save the application so that it answers `number`, and wait for that answer."""
    time.sleep(BETWEEN_SAVES)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as stream:
        stream.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        stream.recv(100)
        path.write_text(SOURCE.format(number=number), encoding="utf-8")
        saved = time.perf_counter()
        while b"[%d]" % number not in answer(port):
            time.sleep(PAUSE)
        return time.perf_counter() - saved


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--loop", nargs="+", default=["asyncio", "trio"])
    arguments.add_argument("--saves", type=int, default=20, help="default: 20")
    options = arguments.parse_args()
    for loop in options.loop:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "app.py"
            path.write_text(SOURCE.format(number=0), encoding="utf-8")
            with program("app:app", ["--reload", f"--loop={loop}"], directory=path.parent) as it:
                times = sorted(
                    seconds_until_served(path, number, it.port)
                    for number in range(1, options.saves + 1)
                )
        print(
            f"{loop}: {options.saves} saves, median {statistics.median(times):.3f} s,"
            f" {times[0]:.3f} to {times[-1]:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
