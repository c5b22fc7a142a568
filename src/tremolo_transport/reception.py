"""Takes in what one listener has accepted: each connection is served until it has ended.

Up to its first request that is done by `entrances`, from then on by `driver`.
"""

import logging
import math
import socket
from typing import Any

import anyio

from .ceilings import ConnectionCeiling
from .driver import Driver
from .entrances import Entrance
from .nursery import Nursery
from .surroundings import Surroundings
from .sweeper import Sweeper

__all__ = ("Reception",)

logger = logging.getLogger("tremolo.server")


class Reception:
    """One listener's."""

    __slots__ = (
        "_around",
        "_ceiling",
        "_entrance",
        "_nursery",
        "_sweeper",
        "_wake",
        "accepted",
        "unserved",
    )

    def __init__(
        self,
        entrance: Entrance,
        around: Surroundings,
        *,
        sweeper: Sweeper,
        ceiling: ConnectionCeiling,
        nursery: Nursery,
    ) -> None:
        self._entrance = entrance
        self._around = around
        self._sweeper = sweeper
        self._ceiling = ceiling
        self._nursery = nursery
        self.accepted = 0
        """How many have come."""
        self._wake = self._wake_up
        """One bound method for all drivers."""
        self.unserved: set[socket.socket] = set()
        """Those still without the task that will own them."""

    def receive(self, sock: socket.socket, name: Any) -> None:
        """Serve an accepted connection with one who has this `name`, in a task of the nursery."""
        self.accepted += 1
        self._ceiling.take()
        admitted = self._entrance.admit_at_once(sock, name)
        if admitted is None:
            self.unserved.add(sock)
            self._nursery.start(self._serve_socket(sock))
            return
        driver = Driver(*admitted, self._around)
        # Until its first byte comes, it has no task.
        rests = driver.may_rest(self._wake, from_now=True)
        # What wakes it may bring it to its end at once.
        self._sweeper.add(driver)
        if not rests:
            self._wake(driver)

    async def _serve_socket(self, sock: socket.socket) -> None:
        self.unserved.discard(sock)
        admitted = None
        try:
            admitted = await self._entrance.admit(sock)
        finally:
            if admitted is None:
                self._ceiling.give_back()
        if admitted is not None:
            driver = Driver(*admitted, self._around)
            driver.may_rest(self._wake, from_now=False)
            self._sweeper.add(driver)
            await self._serve(driver)

    async def _serve(self, driver: Driver) -> None:
        over = True
        try:
            over = await driver.run()
        except anyio.get_cancelled_exc_class():
            if anyio.current_effective_deadline() == -math.inf:
                raise
            # On asyncio a handler can cancel the task it runs in: that must not end the others.
            logger.warning("connection %d was closed, as its task was cancelled", driver.id)
        finally:
            if over:
                self._ceiling.give_back()
                self._sweeper.drivers.discard(driver)

    def _wake_up(self, driver: Driver) -> None:
        self._nursery.start(self._serve(driver))
