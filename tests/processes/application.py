"""What the programs under test serve: an ASGI application with something of each kind.

`python -m tremolo tests/processes/application.py`
"""

import itertools
import os
import sys
import threading
from typing import Any

import anyio
import anyio.to_thread

__all__ = ("app", "block", "blocked_thread")

_hoard: list[bytes] = []


def block(seconds: float) -> None:
    threading.Event().wait(seconds)


def blocked_thread() -> None:
    block(3_600)


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        return
    kind, _, rest = scope["path"][1:].partition("/")
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while True:
            await receive()
    match kind:
        case "sleep":
            await anyio.sleep_forever()
        case "swallow":
            while True:
                try:
                    await anyio.sleep_forever()
                except BaseException:
                    if anyio.current_time() < 0:
                        raise
        case "block":
            block(float(rest or 3_600))
        case "thread":
            await anyio.to_thread.run_sync(blocked_thread, abandon_on_cancel=True)
        case "slow":
            with anyio.move_on_after(float(rest)):
                await anyio.sleep_forever()
        case "body":
            while (await receive()).get("more_body"):
                pass
        case "hoard":
            _hoard.append(b"x" * int(rest))
        case "say":
            sys.stdout.write(f"{rest}\n")
            sys.stdout.flush()
        case "exit":
            os._exit(int(rest))
        case "endless":
            await send({"type": "http.response.start", "status": 200})
            for number in itertools.count():
                body = b"%d\n" % number
                await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"%d" % os.getpid()})
