"""Runs handlers that are given more than a request and a response, because they name it.

What that is, is said in `event_stream`.
"""

import functools
from collections.abc import Awaitable, Callable
from typing import Any

from .event_stream import EventStream
from .routes import Route

__all__ = ("accompany",)


async def accompany(
    handle: Callable[[], Awaitable[None]], route: Route, available: dict[str, Any]
) -> None:
    """Put what `route` asks for into `available`, and run `handle` with what it needs around it.

    Where the request is not for it, that is None. Raises what `handle` raises.
    """
    request, response = available["request"], available["response"]
    if "sse" in route.plan.asked:
        available["sse"] = None
        if not request.has_body:
            events = EventStream(request, response)
            available["sse"] = events
            handle = functools.partial(events.accompany, handle, keepalive=route.options.keepalive)
    await handle()
