"""What a handler is told of a connection that another server keeps: little.

It is taken to last as long as one exchange, as ASGI does not tell which
exchanges have the same.
"""

import itertools
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVarTuple

from anyio.abc import TaskGroup

from tremolo_transport.exchange import ConnectionState

__all__ = ("GuestConnection",)

Arguments = TypeVarTuple("Arguments")

_logger = logging.getLogger("tremolo.asgi")

_ids = itertools.count(1)


class GuestConnection:
    """A `ConnectionInfo`, for one exchange."""

    __slots__ = ("_callbacks", "_group", "id", "state")

    def __init__(self, group: TaskGroup) -> None:
        """`group` is cancelled when the exchange is over."""
        self.id = next(_ids)
        self.state = ConnectionState.BUSY
        self._group = group
        self._callbacks: list[Callable[[], None]] = []

    def on_close(self, callback: Callable[[], None]) -> None:
        """As `ConnectionInfo.on_close`."""
        if self.state is ConnectionState.CLOSED:
            _call(callback)
        else:
            self._callbacks.append(callback)

    def start_soon(
        self, function: Callable[[*Arguments], Awaitable[object]], *args: *Arguments
    ) -> None:
        """As `ConnectionInfo.start_soon`. What the function raises is logged."""
        if self.state is not ConnectionState.CLOSED:
            self._group.start_soon(_run, partial(function, *args))

    def close(self) -> None:
        """Note that the exchange is over, and tell those who want to know."""
        self.state = ConnectionState.CLOSED
        for callback in self._callbacks:
            _call(callback)


async def _run(function: Callable[[], Awaitable[object]]) -> None:
    try:
        await function()
    except Exception:
        _logger.exception("a task that goes with a connection failed")


def _call(callback: Callable[[], None]) -> None:
    try:
        callback()
    except Exception:
        _logger.exception("a callback for the end of a connection failed")
