"""Says hello, or by which process it is said: for what is measured of several workers."""

import os
from typing import Any

__all__ = ("app",)


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer `/pid` with the process's number, and the rest with a greeting."""
    if scope["type"] != "http":
        return
    body = b"%d" % os.getpid() if scope["path"] == "/pid" else b"Hello world!"
    fields = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": body})
