"""What one server is told: limits, time-outs, its name, and how it treats each listener's peers.

Where a listener listens is said in `endpoints`.
"""

from tremolo_core import Limits, Timeouts, value

from .endpoints import Bind, Endpoint
from .streams import Transport

__all__ = ("Listener", "ServerSettings")


@value
class Listener:
    """One place to listen at, and how those are treated who connect there."""

    endpoint: Endpoint = Bind()
    limits: Limits | None = None
    """In place of those of `ServerSettings`."""
    timeouts: Timeouts | None = None
    """In place of those of `ServerSettings`."""


@value
class ServerSettings:
    """How a server treats its peers and how it stops."""

    limits: Limits = Limits()
    timeouts: Timeouts = Timeouts()
    server_name: bytes = b"Tremolo"
    """The `Server` field of answers that have none; empty for no such field (RFC 9110 10.2.4)."""
    date: bool = True
    """Whether answers that have no `Date` get one (RFC 9110 6.6.1)."""
    websockets: bool = True
    """Whether handlers can accept them; if not, a request for one is like any other."""
    transport: Transport = Transport.NATIVE
    """The kind of stream that sockets are served over."""
    shutdown: float | None = 30.0
    """Seconds that handlers may still run once the server stops; None is for ever."""
    shutdown_delay: float = 0.0
    """Seconds that connections are still accepted after the application was told of the stop.

    So that a load balancer which asks the application can turn away first.
    """
