"""Serves connections that never touch a socket, with the parts that a real server has.

`socket_server` does the same over a socket; `harness` takes one of them.
"""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup

from tremolo_transport import Peer, ServerSettings, ShutdownNotice
from tremolo_transport.driver import Driver
from tremolo_transport.exchange import Address
from tremolo_transport.surroundings import Surroundings
from tremolo_transport.sweeper import SWEEP_SECONDS, Sweeper

from .clock import time_is_the_tests
from .memory_line import MemoryLine, memory_lines
from .observer import Observer
from .sweeps import repeated

__all__ = ("MemoryServer", "memory_server")

_SERVER = ("127.0.0.1", 80)
_FIRST_PORT = 49_152
"""Where the ports begin that clients have (RFC 6335 6)."""

_QUIET_SWEEPS = 3
"""After so many sweeps a driver looks whether the peer of a handler that does not read has left."""


class MemoryServer:
    """A server whose every connection is a pair of streams in memory."""

    def __init__(self, handler: Observer, around: Surroundings, group: TaskGroup) -> None:
        self._handler = handler
        self._around = around
        self.group = group
        """Where tasks run that end with the server."""
        self.sweeper = Sweeper(around)
        self._drivers: dict[Address, Driver] = {}
        """By their clients."""
        self._ports = itertools.count(_FIRST_PORT)
        # On a clock a seed is to decide which task takes the next step.
        self._in_step = not time_is_the_tests()

    async def connect(self, *, scheme: str, capacity: int | None) -> tuple[MemoryLine, Address]:
        """Open a connection; return the client's end, and what the server takes for its address."""
        ours, theirs = memory_lines(capacity, in_step=self._in_step)
        client = ("127.0.0.1", next(self._ports))
        driver = Driver(theirs, Peer(client=client, server=_SERVER, scheme=scheme), self._around)
        self._drivers[client] = driver
        self.group.start_soon(self._run, driver, client)
        return ours, client

    def note_departure(self, client: Address) -> None:
        """Have it seen at once that `client` has left: the server would look in half a second."""
        driver = self._drivers.get(client)
        for _ in range(_QUIET_SWEEPS):
            if driver is not None and driver.sweep(anyio.current_time()):
                # It cannot read on, and asks for what only a kernel knows of a socket.
                driver.note_hang_up()

    def begin_stop(self) -> None:
        """Tell handlers that the server stops, and end what is idle."""
        self._around.shutdown.begin(None)
        for driver in self.sweeper.drivers:
            driver.begin_stop()

    async def _run(self, driver: Driver, client: Address) -> None:
        # The task was started by a client, in whatever context.
        self._handler.claim_context()
        self.sweeper.drivers.add(driver)
        try:
            await driver.run()
        finally:
            self.sweeper.drivers.discard(driver)
            del self._drivers[client]


@asynccontextmanager
async def memory_server(handler: Observer, settings: ServerSettings) -> AsyncIterator[MemoryServer]:
    """Serve while the context is entered; what still runs when it is left is cancelled.

    Raises what the handler's start-up and shutdown raise.
    """
    async with handler.lifespan() as context, anyio.create_task_group() as group:
        around = Surroundings(
            handler,
            settings=settings,
            context=context,
            task_group=group,
            shutdown=ShutdownNotice(),
        )
        server = MemoryServer(handler, around, group)
        with repeated(server.sweeper.sweep, seconds=SWEEP_SECONDS, group=group):
            yield server
        group.cancel_scope.cancel()
