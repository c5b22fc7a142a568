"""Looks at every connection of a server four times a second, so that none needs a timer.

What is due for a connection it does itself, in `Driver.sweep`.
"""

import socket
import time
from collections.abc import Callable, Sequence

import anyio
from anyio.abc import SocketAttribute

from .driver import Driver
from .hangups import hung_up
from .idle_connections import IdleConnections
from .surroundings import Surroundings

__all__ = ("SWEEP_SECONDS", "Sweeper")

SWEEP_SECONDS = 0.25
"""The time between two looks, and so the most that a time-out is late."""


class Sweeper:
    """Knows all drivers of a server, and when to look at them."""

    def __init__(self, around: Surroundings, *, chores: Sequence[Callable[[], None]] = ()) -> None:
        """Make one that also does `chores` once a second, which do not block."""
        self._around = around
        self._chores = chores
        self._renewed = 0.0
        self.drivers: set[Driver] = set()
        """Connections that have not ended; whoever runs a driver adds and removes it."""
        self._cancelled = False
        most = around.settings.idle_connections
        self._idle = None if most is None else IdleConnections(most)
        # A first answer may be sent before the first sweep.
        around.stamp.renew(time.time())

    def add(self, driver: Driver) -> None:
        """Look at `driver` too, from now on."""
        self.drivers.add(driver)
        if self._cancelled:
            driver.cancel()

    def cancel(self) -> None:
        """Cancel all drivers, and those that are still added."""
        self._cancelled = True
        for driver in tuple(self.drivers):
            driver.cancel()

    async def run(self) -> None:
        """Sweep for ever."""
        while True:
            self.sweep(anyio.current_time())
            await anyio.sleep(SWEEP_SECONDS)

    def sweep(self, now: float) -> None:
        """Look at every connection once; `now` is on the clock of `anyio.current_time`."""
        if now - self._renewed >= 1:
            self._renewed = now
            self._around.stamp.renew(time.time())
            self._around.refusals.renew()
            for chore in self._chores:
                chore()
        silent: dict[socket.socket, Driver] = {}
        for driver in tuple(self.drivers):
            if driver.sweep(now):
                raw = driver.stream.extra(SocketAttribute.raw_socket, None)
                if raw is not None:
                    silent[raw] = driver
        if self._idle is not None:
            self._idle.end_surplus(self.drivers)
        if silent:
            for raw in hung_up(silent):
                silent[raw].note_hang_up()
