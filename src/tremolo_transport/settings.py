"""What one server is told: limits, time-outs, its name, and how long its stop may take.

Where it listens is said in `listeners`.
"""

from tremolo_core import Limits, Timeouts, value

from .streams import Transport

__all__ = ("Bind", "ServerSettings")


@value
class Bind:
    """A TCP address to listen on."""

    host: str = "127.0.0.1"
    """An IP address or a name; `""` is every interface, IPv4 and IPv6."""
    port: int = 8_000
    """0 lets the kernel choose."""
    backlog: int = 2_048
    """Connections that the kernel may hold before they are accepted; its own limit is lower."""


@value
class ServerSettings:
    """How a server treats its peers and how it stops."""

    limits: Limits = Limits()
    timeouts: Timeouts = Timeouts()
    server_name: bytes = b"Tremolo"
    """The `Server` field of answers that have none; empty for no such field (RFC 9110 10.2.4)."""
    date: bool = True
    """Whether answers that have no `Date` get one (RFC 9110 6.6.1)."""
    transport: Transport = Transport.NATIVE
    """The kind of stream that sockets are served over."""
    shutdown: float | None = 30.0
    """Seconds that handlers may still run once the server stops; None is for ever."""
    shutdown_delay: float = 0.0
    """Seconds that connections are still accepted after the application was told of the stop.

    So that a load balancer which asks the application can turn away first.
    """
