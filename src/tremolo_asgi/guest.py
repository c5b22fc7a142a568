"""Runs a handler of exchanges as an ASGI 3 application under any server: the way back of `handler`.

What the exchange does is the business of `guest_exchange`.
"""

import traceback
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from contextvars import Context, ContextVar, copy_context
from typing import Any

import anyio

from tremolo_core import CloseWebSocket
from tremolo_transport.exchange import (
    ClientDisconnected,
    Handler,
    ManagedHandler,
    ShutdownNotice,
)

from .guest_exchange import GuestExchange
from .guest_scope import peer_of, request_of
from .types import Receive, Send

__all__ = ("AsgiGuest",)


class AsgiGuest:
    """An ASGI 3 application around a handler.

    Its lifespan is the handler's, and requests see what start-up has set in
    context variables. A server that knows no lifespan never starts the handler
    up.

    What the handler raises goes on to the server; a WebSocket that is open is
    closed with 1011 before, and with 1000 if the handler returns. A client that
    has left is no error.
    """

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._shutdown = ShutdownNotice()
        self._variables: list[tuple[ContextVar[Any], Any]] = []
        """What start-up has set."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request, or live."""
        match scope["type"]:
            case "lifespan":
                await self._live(receive, send)
            case "http":
                await self._answer(scope, receive, send)
            case "websocket":
                # `websocket.connect` tells nothing that the scope does not.
                await receive()
                await self._answer(scope, receive, send)
            case other:
                raise ValueError(f"there is no protocol {other!r} here, but http and websocket")

    async def _answer(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        for variable, content in self._variables:
            variable.set(content)
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            exchange = GuestExchange(
                request_of(scope),
                peer=peer_of(scope),
                shutdown=self._shutdown,
                extensions=scope.get("extensions") or {},
                channel=(receive, send),
                group=group,
            )
            try:
                failure = await self._handle(exchange)
            finally:
                exchange.end()
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def _handle(self, exchange: GuestExchange) -> Exception | None:
        """Run the handler; return what it raises, so that no group is put around that."""
        failure: Exception | None = None
        try:
            with exchange.time_scope:
                await self._handler(exchange)
            if exchange.time_scope.cancelled_caught:
                if exchange.response_started:
                    return TimeoutError("the handler took too long")
                await exchange.respond(503, body=b"503 Service Unavailable\n")
        except ClientDisconnected:
            return None
        except Exception as error:
            failure = error
        if exchange.open_websocket:
            with suppress(ClientDisconnected):
                await exchange.send(CloseWebSocket(code=1000 if failure is None else 1011))
        return failure

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        before = copy_context()
        stage = "startup"
        try:
            async with self._lifespan() as context:
                self._variables = _changes(before, context)
                self._shutdown = ShutdownNotice()
                await send({"type": "lifespan.startup.complete"})
                await receive()
                stage = "shutdown"
                self._shutdown.begin(None)
        except Exception:
            text = traceback.format_exc()
            if stage == "startup":
                await send({"type": "lifespan.startup.failed", "message": text})
            else:
                await send({"type": "lifespan.shutdown.failed", "message": text})
            raise
        await send({"type": "lifespan.shutdown.complete"})

    def _lifespan(self) -> AbstractAsyncContextManager[Context]:
        if isinstance(self._handler, ManagedHandler):
            return self._handler.lifespan()
        return nullcontext(copy_context())


def _changes(before: Context, after: Context) -> list[tuple[ContextVar[Any], Any]]:
    return [
        (variable, content)
        for variable, content in after.items()
        if variable not in before or before[variable] is not content
    ]
