"""The ASGI application that every server of the suite runs: a path for each kind of work."""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PIECE = bytes(65_536)
TEXT = [(b"content-type", b"text/plain"), (b"content-length", b"12")]
BYTES = [(b"content-type", b"application/octet-stream")]


async def app(scope: Message, receive: Receive, send: Send) -> None:
    """Answer by the path."""
    if scope["type"] == "http":
        await WORK[scope["path"]](scope, receive, send)
    elif scope["type"] == "websocket":
        await echo_messages(receive, send)
    else:
        await lifespan(receive, send)


async def hello(scope: Message, receive: Receive, send: Send) -> None:
    """Say hello."""
    await send({"type": "http.response.start", "status": 200, "headers": TEXT})
    await send({"type": "http.response.body", "body": b"Hello world!"})


async def echo(scope: Message, receive: Receive, send: Send) -> None:
    """Answer with the request's body."""
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": 200, "headers": [*BYTES, length]})
    await send({"type": "http.response.body", "body": body})


async def download(scope: Message, receive: Receive, send: Send) -> None:
    """Send as many bytes as the query says, in pieces of 64 KiB."""
    await send({"type": "http.response.start", "status": 200, "headers": BYTES})
    for _ in range(int(scope["query_string"]) // len(PIECE)):
        await send({"type": "http.response.body", "body": PIECE, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def file(scope: Message, receive: Receive, send: Send) -> None:
    """Send the file, by the server if it can, and otherwise in pieces from the page cache."""
    path = os.environ["BENCH_FILE"]
    length = (b"content-length", b"%d" % os.stat(path).st_size)
    await send({"type": "http.response.start", "status": 200, "headers": [*BYTES, length]})
    if "http.response.pathsend" in (scope.get("extensions") or {}):
        await send({"type": "http.response.pathsend", "path": path})
        return
    with open(path, "rb") as opened:
        while piece := opened.read(len(PIECE)):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def upload(scope: Message, receive: Receive, send: Send) -> None:
    """Count the request's body."""
    received = 0
    more = True
    while more:
        message = await receive()
        received += len(message.get("body", b""))
        more = message.get("more_body", False)
    counted = b"%d" % received
    length = (b"content-length", b"%d" % len(counted))
    await send({"type": "http.response.start", "status": 200, "headers": [*BYTES, length]})
    await send({"type": "http.response.body", "body": counted})


async def echo_messages(receive: Receive, send: Send) -> None:
    """Send every WebSocket message back."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "bytes": message["bytes"]})


async def lifespan(receive: Receive, send: Send) -> None:
    """Start and stop with nothing to do."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


WORK = {
    "/hello": hello,
    "/echo": echo,
    "/download": download,
    "/file": file,
    "/upload": upload,
}
