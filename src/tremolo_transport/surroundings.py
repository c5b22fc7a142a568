"""What all connections of one server share."""

import copy
import logging
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import replace

from anyio.abc import TaskGroup

from tremolo_core.forwarded import Forwarding

from .ceilings import RequestCeiling
from .exchange import Handler
from .peer import Peer
from .refusals import RefusalLog
from .settings import Listener, ServerSettings
from .shutdown import ShutdownNotice
from .stamp import Stamp
from .stepping import as_coroutine_function

__all__ = ("Counts", "Surroundings")

logger = logging.getLogger("tremolo.server")


class Counts:
    """What the connections of one server count together."""

    __slots__ = ("requests",)

    def __init__(self) -> None:
        self.requests = 0
        """Those that were handed to handlers, on connections that have ended."""


class Surroundings:
    """Made once for each server, and once for a connection that is served alone."""

    __slots__ = (
        "context",
        "counts",
        "forwarding",
        "handler",
        "refusals",
        "settings",
        "shutdown",
        "stamp",
        "task_group",
    )

    def __init__(
        self,
        handler: Handler,
        *,
        settings: ServerSettings,
        context: Context,
        task_group: TaskGroup,
        shutdown: ShutdownNotice,
    ) -> None:
        most = settings.requests_in_flight
        self.handler = as_coroutine_function(
            handler if most is None else RequestCeiling(handler, most)
        )
        self.settings = settings
        self.context = context
        """What start-up left; each request runs in a copy."""
        self.forwarding: Forwarding | None = None
        """Whom to believe about other clients; None is nobody."""
        self.task_group = task_group
        """Where watches live; it outlives every connection."""
        self.shutdown = shutdown
        self.stamp = Stamp(server_name=settings.server_name, date=settings.date)
        self.refusals = RefusalLog()
        self.counts = Counts()

    def under(self, listener: Listener) -> "Surroundings":
        """The same, all shared, for the connections of a listener: with what it has of its own."""
        others = copy.copy(self)
        others.forwarding = listener.forwarding
        others.settings = replace(
            self.settings,
            limits=listener.limits or self.settings.limits,
            timeouts=listener.timeouts or self.settings.timeouts,
            pace=listener.pace or self.settings.pace,
        )
        return others

    def forwarding_of(self, peer: Peer) -> Forwarding | None:
        """What to believe about other clients where `peer` connects; None is nothing."""
        forwarding = self.forwarding
        if forwarding is None or not forwarding.trusted.trusts(peer.client, peer.server):
            return None
        return forwarding

    def start(self, function: Callable[[], Awaitable[None]]) -> None:
        """Run `function` in a task of the server; what it raises is logged and ends nothing."""
        self.task_group.start_soon(_run, function)


async def _run(function: Callable[[], Awaitable[None]]) -> None:
    try:
        await function()
    except Exception:
        logger.exception("a task of the server failed")
