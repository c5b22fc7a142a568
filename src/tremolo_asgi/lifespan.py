"""The life of an ASGI application around its requests: start-up and shutdown.

When to start up and to shut down is decided by the server that enters and
leaves this; requests are the business of `handler`.
"""

import contextvars
import enum
import logging
import math
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any

import anyio
from anyio.abc import TaskGroup

from .causes import NEEDS_ASYNCIO, needs_asyncio
from .errors import LifespanFailed, MessageError
from .lifespan_timeouts import LifespanTimeouts
from .message_types import LifespanReceiveMessage, SendMessage
from .scope import lifespan_scope
from .types import ASGIApplication, LifespanMode, State

__all__ = ("Lifespan",)

_logger = logging.getLogger("tremolo.asgi")


class _Phase(enum.Enum):
    """How far the application's life has come. The value completes an error's sentence."""

    UNASKED = "before lifespan.startup"
    STARTING = "during start-up"
    SERVING = "between start-up and shutdown"
    STOPPING = "during shutdown"
    OVER = "after the end of its lifespan"


_DUE: Mapping[_Phase, Mapping[str, _Phase]] = {
    # An application that answers before it is asked is early, not wrong.
    _Phase.UNASKED: {
        "lifespan.startup.complete": _Phase.SERVING,
        "lifespan.startup.failed": _Phase.OVER,
    },
    _Phase.STARTING: {
        "lifespan.startup.complete": _Phase.SERVING,
        "lifespan.startup.failed": _Phase.OVER,
    },
    _Phase.SERVING: {"lifespan.shutdown.failed": _Phase.OVER},
    _Phase.STOPPING: {
        "lifespan.shutdown.complete": _Phase.OVER,
        "lifespan.shutdown.failed": _Phase.OVER,
    },
    _Phase.OVER: {},
}


class Lifespan(AbstractAsyncContextManager[contextvars.Context]):
    """Starts the application up on entering, shuts it down on leaving; for one use.

    The application runs in one task meanwhile. Entering gives the context
    variables as they were in it when it said that start-up is complete.

    With `"auto"`, an application that does not know the protocol is served
    without: one that raises or returns before it has asked for a message, or
    tries to send something that is not of this protocol. Failing after it has
    begun is a failure in every mode. With `"off"` it is not called at all.

    Entering and leaving raise LifespanFailed, if no other error is on its way.
    A lifespan that ends too early is logged then and raised on leaving.
    """

    def __init__(
        self,
        app: ASGIApplication,
        *,
        mode: LifespanMode,
        timeouts: LifespanTimeouts,
        state: State,
    ) -> None:
        self._app = app
        self._mode = mode
        self._timeouts = timeouts
        self._state = state
        self._phase = _Phase.UNASKED
        self._context = contextvars.copy_context()
        self._group: TaskGroup | None = None
        # What cancels the server must not cancel the application before it is shut down.
        self._scope = anyio.CancelScope(shield=True)
        self._answered = anyio.Event()
        self._shutdown = anyio.Event()
        self._ended = anyio.Event()
        self._sent_other = False
        self._failure: str | None = None
        self._error: BaseException | None = None

    async def __aenter__(self) -> contextvars.Context:
        self._context = contextvars.copy_context()
        if self._mode == "off":
            return self._context
        group = anyio.create_task_group()
        await group.__aenter__()
        group.start_soon(self._run)
        try:
            with anyio.move_on_after(self._timeouts.startup) as limit:
                await self._answered.wait()
            if self._failure is not None:
                # The application goes on to raise what its message was about.
                with anyio.move_on_after(self._timeouts.cancelled):
                    await self._ended.wait()
        except BaseException:
            await self._end_task(group)
            raise
        if self._phase is _Phase.SERVING:
            self._group = group
            return self._context
        problem = self._startup_problem(late=limit.cancelled_caught)
        error = self._error
        await self._end_task(group)
        if problem is not None:
            raise _failed(problem, error)
        _logger.info("the application does not take part in lifespan")
        return self._context

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        group = self._group
        if group is None:
            return
        self._shutdown.set()
        cancelled = anyio.current_effective_deadline() == -math.inf or not (
            exc is None or isinstance(exc, Exception)
        )
        seconds = self._timeouts.cancelled if cancelled else self._timeouts.shutdown
        try:
            with anyio.move_on_after(seconds, shield=cancelled) as limit:
                await self._ended.wait()
        except BaseException:
            await self._end_task(group)
            raise
        problem = self._shutdown_problem(late=limit.cancelled_caught)
        error = self._error
        await self._end_task(group)
        if problem is None:
            return
        if exc is None:
            raise _failed(problem, error)
        _logger.error("%s", problem, exc_info=error)

    async def receive(self) -> LifespanReceiveMessage:
        """Return `lifespan.startup` at once, then `lifespan.shutdown` when it is time."""
        if self._phase is _Phase.UNASKED:
            self._phase = _Phase.STARTING
            return {"type": "lifespan.startup"}
        if self._phase in (_Phase.STOPPING, _Phase.OVER):
            raise MessageError(f"receive() was called {self._phase.value}, when nothing follows")
        await self._shutdown.wait()
        self._phase = _Phase.STOPPING
        return {"type": "lifespan.shutdown"}

    async def send(self, message: SendMessage) -> None:
        """Take the application's answer to start-up or shutdown; MessageError if it is not due."""
        kind, text = _read(message)
        phase = _DUE[self._phase].get(kind)
        if phase is None:
            self._sent_other = not kind.startswith("lifespan.")
            due = " or ".join(map(repr, _DUE[self._phase])) or "nothing"
            raise MessageError(f"{kind!r} was sent {self._phase.value}, where {due} is due")
        self._phase = phase
        if kind.endswith(".failed"):
            self._failure = text
        elif phase is _Phase.SERVING:
            self._context = contextvars.copy_context()
        self._answered.set()

    async def _end_task(self, group: TaskGroup) -> None:
        # No exception is handed over: it would come back in a group.
        self._scope.cancel()
        await group.__aexit__(None, None, None)

    async def _run(self) -> None:
        try:
            with self._scope:
                await self._app(lifespan_scope(self._state), self.receive, self.send)
        except (Exception, SystemExit) as error:
            self._error = error
            if self._phase is _Phase.SERVING:
                _logger.exception("the application's lifespan ended while it is served")
        finally:
            self._answered.set()
            self._ended.set()

    def _startup_problem(self, *, late: bool) -> str | None:
        """Why the application cannot be served; None if it only does not know lifespan."""
        if late:
            return f"the application did not start up within {self._timeouts.startup:g} seconds"
        if self._failure is not None:
            return f"the application failed to start up: {self._reported()}"
        unaware = self._phase is _Phase.UNASKED or self._sent_other
        if unaware and self._mode == "auto":
            return None
        return f"the application {self._end()} {self._phase.value}"

    def _shutdown_problem(self, *, late: bool) -> str | None:
        """What was wrong with the application's end, if anything."""
        if late:
            return "the application did not shut down in time"
        if self._failure is not None:
            return f"the application failed to shut down: {self._reported()}"
        if self._error is not None:
            return f"the application {self._end()} {self._phase.value}"
        return None

    def _end(self) -> str:
        error = self._error
        return "returned" if error is None else f"raised {type(error).__name__}: {error}"

    def _reported(self) -> str:
        # Starlette's message is its traceback, which is chained here already.
        if self._error is not None and str(self._failure).startswith("Traceback"):
            return f"{type(self._error).__name__}: {self._error}"
        return self._failure or "it does not say why"


def _failed(problem: str, error: BaseException | None) -> LifespanFailed:
    failure = LifespanFailed(NEEDS_ASYNCIO if needs_asyncio(error) else problem)
    # A traceback would only hide what is to be done.
    failure.__cause__ = None if needs_asyncio(error) else error
    return failure


def _read(message: Any) -> tuple[str, str]:
    if not isinstance(message, Mapping):
        raise MessageError(f"a message must be a dict, not {type(message).__name__}")
    return str(message.get("type")), str(message.get("message", ""))
