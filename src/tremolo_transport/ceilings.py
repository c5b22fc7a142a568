"""How much a server takes on at the same time: connections, and requests in flight.

Beyond the first it does not accept, beyond the second it answers that it is
busy. How much one peer may send is said in the core's `Limits`.
"""

import anyio
from anyio import Event, Semaphore, WouldBlock

from .exchange import Exchange, Handler

__all__ = ("ConnectionCeiling", "RequestCeiling")

_UNLIMITED = 1 << 62

_WAIT_SECONDS = 1.0
"""How long a request waits for its turn: a burst passes in that time, an overload does not."""

_BUSY = b"503 Service Unavailable\n"
_BUSY_FIELDS = (
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"retry-after", b"%d" % _WAIT_SECONDS),
)


class ConnectionCeiling:
    """The room that is left for connections; of several listeners together."""

    __slots__ = ("_freed", "room")

    def __init__(self, most: int | None) -> None:
        self.room = _UNLIMITED if most is None else most
        """How many may come."""
        self._freed: Event | None = None

    def take(self) -> None:
        """Note that one has come."""
        self.room -= 1

    def give_back(self) -> None:
        """Note that one has ended."""
        self.room += 1
        if self._freed is not None:
            self._freed.set()
            self._freed = None

    async def wait(self) -> None:
        """Return as soon as there is room."""
        while self.room <= 0:
            if self._freed is None:
                self._freed = Event()
            await self._freed.wait()


class RequestCeiling:
    """A handler that runs another for so many requests at a time, and no more.

    Others wait a second, and are then answered with 503 and a Retry-After
    (RFC 9110 10.2.3). A WebSocket counts for as long as it lasts.
    """

    def __init__(self, handler: Handler, most: int) -> None:
        self._handler = handler
        self._semaphore = Semaphore(most, fast_acquire=True)

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request, by the handler or in its place."""
        if not await self._enter():
            await exchange.respond(503, _BUSY_FIELDS, _BUSY)
            return
        try:
            await self._handler(exchange)
        finally:
            self._semaphore.release()

    async def _enter(self) -> bool:
        try:
            self._semaphore.acquire_nowait()
        except WouldBlock:
            with anyio.move_on_after(_WAIT_SECONDS):
                await self._semaphore.acquire()
                return True
            return False
        return True
