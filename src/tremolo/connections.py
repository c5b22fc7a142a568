"""The connections of one application: their contexts, and its hooks for their beginning and end.

A connection begins with its first request, as an application knows of none
before. What a handler may do with its own is in `connection_server`.
"""

import logging
from typing import Any

import anyio

from tremolo_transport.exchange import Exchange

from .background import WorkerTasks
from .calling import call
from .connection_server import descriptor_of
from .contexts import ConnectionContext
from .given import Given
from .hooks import Hooks
from .locks import Lock, Locks
from .settings import AppSettings
from .threads import Threads

__all__ = ("Connections",)

_SHARED = ("app", "context", "fileno", "globals", "logger", "loop")

_logger = logging.getLogger("tremolo.handlers")


class Connections:
    """What is known of each connection, by its id."""

    def __init__(
        self,
        hooks: Hooks,
        *,
        given: type[Given],
        locks: Locks,
        threads: Threads,
        tasks: WorkerTasks,
        settings: AppSettings,
    ) -> None:
        self._connecting = hooks.connecting()
        self._closing = hooks.closing()
        self._given = given
        self._locks = locks
        self._threads = threads
        self._tasks = tasks
        self._options = settings.by_name()
        self._seconds = settings.app_close_timeout
        self._known: dict[int, _Known] = {}

    @property
    def have_hooks(self) -> bool:
        """Whether `greet` has anything to do."""
        return bool(self._connecting or self._closing)

    def context_of(self, exchange: Exchange) -> ConnectionContext:
        """The context of a connection, made when it is first asked for."""
        return self._know(exchange).context

    def complete(self, given: Given) -> None:
        """Put all that there is into `given`, for functions that take all.

        What is the same for all requests of a connection comes at once: to make
        each thing anew costs more than everything else that is done for a small
        request.
        """
        exchange: Exchange = given["request"].exchange
        known = self._known.get(exchange.connection.id)
        if known is None:
            known = self._know(exchange)
        if known.shared is None:
            known.shared = {name: given[name] for name in _SHARED}
        given.update(known.shared)
        if "prefix" not in given:
            given["prefix"] = ()
        if "lock" not in given:
            given["lock"] = Lock(self._locks)

    async def greet(self, exchange: Exchange) -> None:
        """Run the hooks for the beginning of a connection, unless they have run.

        Small priorities first, until one returns something true. Raises what a
        hook raises; all run again for the next request then.
        """
        known = self._know(exchange)
        if known.is_greeted():
            return
        async with known.turn:
            if known.is_greeted():
                return
            given = self._given(
                context=known.context,
                fileno=descriptor_of(exchange.connection),
                request=None,
            )
            for plan in self._connecting:
                if await call(plan, given, self._threads):
                    break
            known.greeted = True
            if self._closing:
                exchange.connection.on_close(lambda: self._part(given))

    def _know(self, exchange: Exchange) -> "_Known":
        connection = exchange.connection
        known = self._known.get(connection.id)
        if known is None:
            context = ConnectionContext(self._options, exchange.peer.client, connection)
            known = self._known[connection.id] = _Known(context)

            def forget() -> None:
                self._known.pop(connection.id, None)

            connection.on_close(forget)
        return known

    def _part(self, given: Given) -> None:
        self._tasks.start(self._run_closing(given))

    async def _run_closing(self, given: Given) -> None:
        with anyio.move_on_after(self._seconds) as scope:
            for plan in self._closing:
                try:
                    await call(plan, given, self._threads)
                except Exception:
                    _logger.exception("%s failed, for a connection that has ended", plan.name)
        if scope.cancelled_caught:
            _logger.error("a hook for an ended connection took longer than %g s", self._seconds)


class _Known:
    """One connection."""

    __slots__ = ("context", "greeted", "shared", "turn")

    def __init__(self, context: ConnectionContext) -> None:
        self.context = context
        self.greeted = False
        self.shared: dict[str, Any] | None = None
        """What all its requests are given; made on demand."""
        self.turn = anyio.Lock()
        """For requests that come at the same time."""

    def is_greeted(self) -> bool:
        return self.greeted
