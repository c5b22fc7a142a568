"""One run of the handler: which request it is for, and whether it is over.

`observer` makes them. `task_watch` and `generator_watch` ask in which run a
task or a generator was begun; `left_behind` keeps the answer.
"""

from contextvars import ContextVar
from typing import Final

import anyio

from tremolo_core import Request
from tremolo_transport.exchange import Address

from .left_behind import LeftBehind

__all__ = ("CURRENT_RUN", "Run")


class Run:
    """One run of the handler, for one request."""

    __slots__ = ("_ended", "_request", "client", "left_behind", "over")

    def __init__(self, request: Request, client: Address, left_behind: LeftBehind) -> None:
        self._request = request
        self._ended: anyio.Event | None = None
        self.client = client
        """Where the request came from."""
        self.left_behind = left_behind
        """Where to note what is begun in this run."""
        self.over = False
        """Whether the handler has returned, or raised."""

    def __str__(self) -> str:
        """The request, as in "GET /hello"."""
        return f"{self._request.method.decode()} {self._request.target[:200].decode()}"

    def end(self) -> None:
        """Note that the handler has returned, or raised."""
        self.over = True
        if self._ended is not None:
            self._ended.set()

    async def wait(self) -> None:
        """Return once the handler has returned, or raised."""
        if not self.over:
            if self._ended is None:
                self._ended = anyio.Event()
            await self._ended.wait()


CURRENT_RUN: Final[ContextVar[Run]] = ContextVar("CURRENT_RUN")
"""Set while a handler runs, and in every task that it starts."""
