"""One server in one process: listens, serves every connection, and stops in good order.

Nothing here knows of signals, of log handlers or of the process's exit, so a
server can be embedded in any program.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from contextvars import Context, copy_context
from ssl import SSLContext

import anyio
from anyio import CancelScope
from anyio.abc import TaskGroup

from .acceptor import accept_forever, accept_queued
from .ceilings import ConnectionCeiling
from .driver import Driver
from .entrances import Entrance
from .exchange import Handler, ManagedHandler
from .listeners import Listenable, open_sockets
from .nursery import open_nursery
from .parting import Parting
from .peer import Address
from .reception import Reception
from .settings import Listener, ServerSettings
from .shutdown import ShutdownNotice
from .statistics import Statistics
from .surroundings import Counts, Surroundings
from .sweeper import Sweeper
from .tls_contexts import TLSContext
from .tls_settings import TLSSettings

__all__ = ("Server",)

logger = logging.getLogger("tremolo.server")

_QUEUED = 4_096
"""Connections that are taken from a queue which is about to be closed; more than any holds."""

_HURRY_SECONDS = 1.0
"""What a peer has left for its TLS handshake, or its PROXY header, when the server stops."""


class Server:
    """A server that runs, or has run. Made by `serve`."""

    def __init__(
        self, handler: Handler, *, binds: Sequence[Listenable], settings: ServerSettings
    ) -> None:
        """Open the sockets and read the certificates; raises OSError if one cannot be had."""
        self._handler = handler
        self._settings = settings
        self._sockets = open_sockets(binds)
        try:
            self._contexts = _contexts_of(listening.listener for listening in self._sockets)
        except BaseException:
            for listening in self._sockets:
                listening.close()
            raise
        self.addresses: tuple[Address, ...] = tuple(each.address for each in self._sockets)
        """Where the server listens, with the ports that the kernel chose."""
        self.urls: tuple[str, ...] = tuple(each.url for each in self._sockets)
        """The same, as clients would be told of it: URLs, and `unix:` with a path."""
        self.shutdown = ShutdownNotice()
        """The same notice that handlers get."""
        self.failure: BaseException | None = None
        """What start-up, serving or shutting down raised."""
        self._ready = anyio.Event()
        self._stopped = anyio.Event()
        self._scope = CancelScope()
        """Around the server's whole life."""
        self._grace = CancelScope()
        """Around the connections: its deadline is the end of their time."""
        self.drained = anyio.Event()
        """Set when the stop has come so far that there are no connections left."""
        self._parting = Parting()
        self._drivers: set[Driver] = set()
        self._receptions: list[Reception] = []
        self._counts = Counts()
        self._ceiling = ConnectionCeiling(settings.connections)

    async def stop(self, *, grace: float | None = None, close_code: int = 1001) -> None:
        """Begin to stop, and return when the server has stopped.

        Handlers are told at once, and every answer from now on is the last on its
        connection. After `ServerSettings.shutdown_delay` no new connection is
        accepted, idle ones are closed, and WebSockets with `close_code`: 1012
        tells their clients to come back. Requests in flight then have `grace`
        seconds to end, by default `ServerSettings.shutdown`; what is left is
        cancelled. A call while the server stops can only shorten that. If the
        call is cancelled, the server goes on stopping.
        """
        self.begin_stop(grace=grace, parting=Parting(close_code=close_code))
        await self.wait_stopped()

    def begin_stop(self, *, grace: float | None = None, parting: Parting = Parting()) -> None:
        """As `stop`, but do not wait for the end. Of two partings the first counts."""
        seconds = self._settings.shutdown if grace is None else grace
        if not self.shutdown.begun:
            self._parting = parting
        deadline = None if seconds is None else anyio.current_time() + self._delay + seconds
        self.shutdown.begin(deadline, accepting=True, close_code=parting.close_code)
        if deadline is not None:
            self._grace.deadline = min(self._grace.deadline, deadline)

    @property
    def _delay(self) -> float:
        delay = self._parting.delay
        return self._settings.shutdown_delay if delay is None else delay

    def statistics(self) -> Statistics:
        """What the server has counted, for any task or thread."""
        return Statistics(
            connections=len(self._drivers),
            requests=len(self.unfinished()),
            total_connections=sum(reception.accepted for reception in self._receptions),
            total_requests=self._counts.requests
            + sum(driver.requests for driver in tuple(self._drivers)),
        )

    def unfinished(self) -> tuple[str, ...]:
        """The requests in flight, by method and target."""
        return tuple(filter(None, [driver.in_flight for driver in tuple(self._drivers)]))

    def reload_certificates(self) -> None:
        """Read the certificates again, for new connections; what cannot be used is logged.

        A file that has changed is noticed anyway, within a second or two.
        """
        for context in self._contexts.values():
            context.reload()

    def abort(self) -> None:
        """Cancel everything at once: the way out when nobody can wait for `stop`."""
        self._scope.cancel()

    async def wait_stopped(self) -> None:
        """Return when the server has stopped."""
        await self._stopped.wait()

    async def wait_ready(self) -> None:
        """Return when connections are accepted; raises what start-up raised, as it was raised."""
        await self._ready.wait()
        if self.failure is not None:
            raise self.failure

    async def run(self) -> None:
        """The server's whole life, from start-up to shutdown. What it raises is in `failure`."""
        try:
            with self._scope:
                await self._live()
        except Exception as error:
            self.failure = error
        except BaseException as error:
            # A cancellation that `abort` did not ask for: whoever waits must not think we serve.
            self.failure = error
            raise
        finally:
            for listening in self._sockets:
                listening.close()
            for reception in self._receptions:
                for sock in reception.unserved:
                    sock.close()
            self._ready.set()
            self.drained.set()
            self._stopped.set()

    async def _live(self) -> None:
        async with AsyncExitStack() as stack:
            context = copy_context()
            if isinstance(self._handler, ManagedHandler):
                context = await stack.enter_async_context(self._handler.lifespan())
            async with anyio.create_task_group() as services:
                around = self._surroundings(context, services)
                sweeper = Sweeper(around, chores=self._chores())
                services.start_soon(sweeper.run)
                self._drivers, self._counts = sweeper.drivers, around.counts
                with self._grace:
                    await self._serve(around, sweeper)
                self.drained.set()
                services.cancel_scope.cancel()

    def _chores(self) -> tuple[Callable[[], None], ...]:
        """What the sweeper does once a second."""
        return tuple(context.reload_if_changed for context in self._contexts.values())

    def _surroundings(self, context: Context, services: TaskGroup) -> Surroundings:
        return Surroundings(
            self._handler,
            settings=self._settings,
            context=context,
            task_group=services,
            shutdown=self.shutdown,
        )

    async def _serve(self, around: Surroundings, sweeper: Sweeper) -> None:
        """Accept connections until the stop begins, and return when the last has ended."""

        def cancel() -> None:
            for entrance in entrances:
                entrance.cancel()
            sweeper.cancel()

        entrances = [self._entrance(each.listener, around) for each in self._sockets]
        async with open_nursery(cancel) as connections:
            self._receptions = [
                Reception(
                    entrance,
                    around.under(each.listener),
                    sweeper=sweeper,
                    ceiling=self._ceiling,
                    nursery=connections,
                )
                for each, entrance in zip(self._sockets, entrances, strict=True)
            ]
            starters = [
                (each, reception.receive)
                for each, reception in zip(self._sockets, self._receptions, strict=True)
            ]
            async with anyio.create_task_group() as acceptors:
                for listening, start in starters:
                    acceptors.start_soon(accept_forever, listening.socket, start, self._ceiling)
                self._ready.set()
                await self.shutdown.wait()
                await anyio.sleep(self._delay)
                acceptors.cancel_scope.cancel()
            self.shutdown.drain(self._parting.last_call)
            for listening, start in starters:
                # Whoever is in the queue would be reset when the socket is closed.
                with suppress(OSError):
                    accept_queued(listening.socket, start, most=min(_QUEUED, self._ceiling.room))
                listening.close()
            for entrance in entrances:
                entrance.hurry(_HURRY_SECONDS)
            for driver in tuple(sweeper.drivers):
                driver.begin_stop()

    def _entrance(self, listener: Listener, around: Surroundings) -> Entrance:
        return Entrance(
            listener,
            context=None if listener.tls is None else self._contexts[listener.tls],
            transport=self._settings.transport,
            refusals=around.refusals,
        )


def _contexts_of(listeners: Iterable[Listener]) -> dict[TLSSettings | SSLContext, TLSContext]:
    """A context for each way to speak TLS, shared by the listeners that speak it so."""
    settings = {listener.tls for listener in listeners if listener.tls is not None}
    return {tls: TLSContext(tls) for tls in settings}
