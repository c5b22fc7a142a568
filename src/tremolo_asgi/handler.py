"""The handler that runs an ASGI 3 application: one call of it per exchange.

What the application receives and sends meanwhile is the business of `http` and
`websocket`; its life around the requests is that of `lifespan`.
"""

import logging
from contextlib import AbstractAsyncContextManager
from contextvars import Context
from typing import Final

from tremolo_core import PerMessageDeflate
from tremolo_transport.exchange import ClientDisconnected, Exchange

from .causes import NEEDS_ASYNCIO, is_consequence, needs_asyncio
from .http import HttpCycle
from .http_messages import Progress
from .lifespan import Lifespan
from .lifespan_timeouts import LifespanTimeouts
from .scope import http_scope, mount_below, websocket_scope
from .types import ASGIApplication, HTTPScope, LifespanMode, State, WebSocketScope
from .websocket import WebSocketCycle

__all__ = ("AsgiHandler",)

_logger = logging.getLogger("tremolo.asgi")

_LIFESPAN_TIMEOUTS = LifespanTimeouts()
_DEFLATE = PerMessageDeflate()

# Until Python 3.12 it takes 0.1 µs to look a member up in its enum.
_COMPLETE: Final = Progress.COMPLETE

_TEXT = ((b"content-type", b"text/plain; charset=utf-8"),)


class AsgiHandler:
    """A `ManagedHandler` around an ASGI 3 application.

    What the application raises goes on to the server, which answers 500 if the
    answer has not begun and else closes the connection. Once the client has
    left there is nobody to answer, and what is raised because of that is no
    fault: the server is given a ClientDisconnected instead.
    """

    def __init__(
        self,
        app: ASGIApplication,
        *,
        root_path: str = "",
        lifespan: LifespanMode = "auto",
        lifespan_timeouts: LifespanTimeouts = _LIFESPAN_TIMEOUTS,
        deflate: PerMessageDeflate | None = _DEFLATE,
    ) -> None:
        """`deflate` is how messages of WebSockets are compressed, None for not at all."""
        self._app = app
        self._root_path = root_path
        self._extensions = () if deflate is None else (deflate,)
        self._lifespan = lifespan
        self._lifespan_timeouts = lifespan_timeouts
        self._state: State = {}

    async def __call__(self, exchange: Exchange, /, *, below: bytes | None = None) -> None:
        """Answer one request with the application.

        If that is mounted below a prefix, `below` is what comes behind the
        prefix in the raw path.
        """
        request, peer = exchange.request, exchange.peer
        scope: HTTPScope | WebSocketScope
        cycle: HttpCycle | WebSocketCycle
        if request.upgrade is None:
            scope = http_scope(request, peer, root_path=self._root_path, state=self._state)
            cycle = HttpCycle(exchange)
        else:
            scope = websocket_scope(request, peer, root_path=self._root_path, state=self._state)
            cycle = WebSocketCycle(exchange, extensions=self._extensions)
        if below is not None:
            mount_below(scope, below)
        try:
            await self._app(scope, cycle.receive, cycle.send)
        except ClientDisconnected:
            raise
        except Exception as error:
            if is_consequence(error):
                raise ClientDisconnected("the client left, and the application gave up") from error
            if cycle.client_left and not cycle.answered:
                _logger.info(
                    "the application raised %s after the client had left: %s",
                    type(error).__name__,
                    error,
                )
                raise ClientDisconnected("the client left before the error") from error
            if needs_asyncio(error) and not exchange.response_started:
                # A traceback would only hide what is to be done.
                _logger.error("%s", NEEDS_ASYNCIO)
                await exchange.respond(500, _TEXT, b"500 Internal Server Error\n")
                return
            raise
        if cycle.progress is not _COMPLETE:
            cycle.finish()

    def lifespan(self) -> AbstractAsyncContextManager[Context]:
        """Run the application's lifespan, as the mode says.

        Entering raises LifespanFailed if the application cannot start up,
        leaving does if it cannot shut down. Requests that are handled
        meanwhile see copies of the state that start-up left.
        """
        self._state = {}
        return Lifespan(
            self._app, mode=self._lifespan, timeouts=self._lifespan_timeouts, state=self._state
        )
