"""Requests to an application that is served for them alone, in memory."""

from typing import Any

import httpx

from tremolo.testing import Client
from tremolo.testing.under_test import Testable

__all__ = ("ask", "ask_all")


async def ask(app: Testable, target: bytes = b"/", **options: Any) -> httpx.Response:
    """The answer to one request, as `ask_all` has it."""
    (response,) = await ask_all(app, target, **options)
    return response


async def ask_all(
    app: Testable,
    *targets: bytes,
    method: str = "GET",
    headers: Any = None,
    content: bytes | None = None,
    **options: Any,
) -> list[httpx.Response]:
    """What `app`, served with `options`, answers for each target, which is sent as it is.

    What it raises is raised here only if that is among the options.
    """
    options.setdefault("raise_server_exceptions", False)
    async with Client(app, **options) as client:
        return [
            await client.request(
                method, "/", headers=headers, content=content, extensions={"target": target}
            )
            for target in targets
        ]
