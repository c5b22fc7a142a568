"""Runs handlers that are given more than a request and a response, because they name it.

What that is, is said in `event_stream` and in `websocket`; here it is decided
who is given it, and what the client is told in the end.
"""

import functools
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from tremolo_transport.exchange import ClientDisconnected

from .event_stream import EventStream
from .exceptions import BadRequest, HTTPException, WebSocketClientClosed, WebSocketException
from .routes import Route
from .websocket import WebSocket

__all__ = ("accompany",)

_Handle: TypeAlias = Callable[[], Awaitable[None]]

_MOST_IN_REASON = 123
"""RFC 6455 5.5."""


async def accompany(handle: _Handle, route: Route, available: dict[str, Any]) -> None:
    """Put what `route` asks for into `available`, and run `handle` with what it needs around it.

    Where the request is not for it, that is None, if its parameter has a
    default; else the request is refused: with 426 if it had to be for a
    WebSocket, with 400 if it has a body. Raises what `handle` raises.
    """
    request, response = available["request"], available["response"]
    plan = route.plan
    handshake = request.exchange.request.upgrade is not None
    if "websocket" in plan.asked:
        available["websocket"] = None
        if handshake:
            limit: int | None = available["context"].options["ws_max_payload_size"]
            websocket = WebSocket(request, response, max_payload_size=limit)
            available["websocket"] = websocket
            handle = functools.partial(_until_closed, websocket, handle)
        elif "websocket" not in plan.defaults:
            # RFC 9110 15.5.22.
            raise HTTPException(code=426, upgrade="websocket", connection="upgrade")
    if "sse" in plan.asked:
        available["sse"] = None
        if not (request.has_body or handshake):
            available["sse"] = events = EventStream(request, response)
            # A stream lasts as long as its client listens.
            request.exchange.limit_time(None)
            handle = functools.partial(events.accompany, handle, keepalive=route.options.keepalive)
        elif "sse" not in plan.defaults:
            raise BadRequest("a request for events has no body")
    await handle()


async def _until_closed(websocket: WebSocket, handle: _Handle) -> None:
    """Run `handle`, and close as its exception says. That it returned is seen by the server."""
    try:
        await handle()
    except Exception as error:
        end = _end_of(error)
        if end is None:
            raise
        if websocket.accepted:
            if not websocket.closed:
                await websocket.close(end.code, _short(end.reason))
        elif isinstance(end, WebSocketClientClosed):
            raise ClientDisconnected("the client has left") from error
        else:
            raise


def _end_of(error: Exception) -> WebSocketException | None:
    """The first exception that ends a WebSocket, if `error` says nothing else.

    Task groups wrap what several tasks are told when the client leaves.
    """
    if isinstance(error, ExceptionGroup):
        ends, others = error.split(WebSocketException)
        return None if ends is None or others is not None else _end_of(ends.exceptions[0])
    return error if isinstance(error, WebSocketException) else None


def _short(reason: str) -> str:
    return reason.encode()[:_MOST_IN_REASON].decode("utf-8", "ignore")
