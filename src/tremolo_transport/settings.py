"""What one server is told: limits, time-outs, its name, and how it treats each listener's peers.

Where a listener listens is said in `endpoints`, how it speaks TLS in `tls_settings`.
"""

import enum
import ssl

from tremolo_core import Limits, Timeouts, value
from tremolo_core.forwarded import Forwarding
from tremolo_core.trusted_proxies import TrustedProxies

from .endpoints import Bind, Endpoint
from .pace import Pace
from .tls_settings import TLSSettings

__all__ = ("NEARBY", "Listener", "ServerSettings", "Transport")

NEARBY = TrustedProxies.parse("127.0.0.0/8, ::1, unix:")
"""The peers on this machine. A proxy beside the server is among them, and nobody from outside."""

_FORWARDING = Forwarding(
    trusted=NEARBY, fields=frozenset((b"x-forwarded-for", b"x-forwarded-proto", b"forwarded"))
)


class Transport(enum.Enum):
    """The kinds of stream that sockets are served over."""

    NATIVE = "native"
    """Our own, which is the fastest; anyio's on trio where the system is not Linux."""
    ANYIO = "anyio"
    """anyio's own, everywhere."""


@value
class Listener:
    """One place to listen at, and how those are treated who connect there."""

    endpoint: Endpoint = Bind()
    tls: TLSSettings | ssl.SSLContext | None = None
    """With which certificate TLS is spoken; None is plain HTTP.

    A context of your own is used as it is; it cannot be given to other processes.
    """
    proxy_protocol: TrustedProxies | None = None
    """The proxies that begin each connection with a PROXY header; None if there are none.

    Nobody else may connect then: connections from other peers are closed.
    """
    forwarding: Forwarding = _FORWARDING
    """Whom to believe about other clients in X-Forwarded-For and its like.

    By default those on this machine, in X-Forwarded-For and X-Forwarded-Proto
    or, if neither is there, in Forwarded. X-Forwarded-Host and -Port must be
    asked for: many proxies let those of a client through.
    """
    handshake_timeout: float | None = 10.0
    """Seconds that a TLS handshake may take before the connection is closed; None is for ever."""
    proxy_timeout: float | None = 5.0
    """Seconds that a PROXY header may take, likewise."""
    limits: Limits | None = None
    """In place of those of `ServerSettings`."""
    timeouts: Timeouts | None = None
    """In place of those of `ServerSettings`."""
    pace: Pace | None = None
    """In place of that of `ServerSettings`."""


@value
class ServerSettings:
    """How a server treats its peers and how it stops."""

    limits: Limits = Limits()
    timeouts: Timeouts = Timeouts()
    pace: Pace = Pace()
    """How fast each connection is, where `Exchange.pace` does not say otherwise."""
    server_name: bytes = b"Tremolo"
    """The `Server` field of answers that have none; empty for no such field (RFC 9110 10.2.4)."""
    date: bool = True
    """Whether answers that have no `Date` get one (RFC 9110 6.6.1)."""
    websockets: bool = True
    """Whether handlers can accept them; if not, a request for one is like any other."""
    access_log: bool = True
    """Whether each request is logged, to whoever wants `tremolo.access` at INFO."""
    transport: Transport = Transport.NATIVE
    """The kind of stream that sockets are served over."""
    connections: int | None = None
    """How many there may be at a time; others wait in the kernel's queue. None is no limit."""
    idle_connections: int | None = None
    """How many may wait for another request; beyond, those end that wait longest. None: any."""
    requests_in_flight: int | None = None
    """How many handlers may run at a time; others wait a second, then it is 503.

    None is no limit.
    """
    requests_per_connection: int | None = None
    """After how many a connection is closed; None is no limit."""
    task_per_request: bool = False
    """Whether each handler has a task of its own, and not that of its connection: slower."""
    write_timeout: float | None = 60.0
    """Seconds that a client may take nothing of what is written; then the end. nginx's.

    It is 64 KiB at least that must be taken in that time, or all there is.
    """
    handler_timeout: float | None = None
    """Seconds that a handler may take unless it says `Exchange.limit_time`; then 503."""
    close_timeout: float | None = 30.0
    """Seconds that a handler may go on when its client has left; then it is cancelled.

    What is still written to a client that has only half-closed begins them anew.
    """
    shutdown: float | None = 30.0
    """Seconds that handlers may still run once the server stops; None is for ever."""
    shutdown_delay: float = 0.0
    """Seconds that connections are still accepted after the application was told of the stop.

    So that a load balancer which asks the application can turn away first.
    """
