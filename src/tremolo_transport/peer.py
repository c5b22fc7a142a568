"""Who is at the other end of a connection, and which connection that is.

What a proxy says about a request's sender is read in `tremolo_core.forwarded`
and becomes a `Peer` here; what one says about a whole connection, in `entrances`.
"""

import enum
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Protocol, TypeVarTuple

from anyio.abc import ByteStream, SocketAttribute

from tremolo_core import Headers, value
from tremolo_core.addresses import Address
from tremolo_core.forwarded import Ends, Forwarding
from tremolo_core.proxy_protocol import ProxyFamily, ProxyHeader

from .tls_session import TLSSession

__all__ = (
    "Address",
    "ConnectionInfo",
    "ConnectionState",
    "Peer",
    "address_of",
    "peer_between",
    "peer_of",
)

Arguments = TypeVarTuple("Arguments")

_MAPPED = "::ffff:"
"""What stands before an IPv4 address that comes as an IPv6 one (RFC 4291 2.5.5.2)."""


@value
class Peer(Ends):
    """The two ends of a connection; of a request, where a proxy tells of others.

    A port of None in `client` is one that a proxy has not told.
    """

    tls: TLSSession | None = None
    """The TLS that the client speaks to us; None if it speaks none, or speaks it to a proxy."""
    proxy_header: ProxyHeader | None = None
    """The PROXY header that the connection began with."""
    socket: "Peer | None" = None
    """The two ends of the socket, where a proxy has told of others."""

    @property
    def direct(self) -> "Peer":
        """The socket's own truth, whatever proxies say."""
        return self if self.socket is None else self.socket

    def over_tls(self, session: TLSSession) -> "Peer":
        """The same, after a handshake."""
        direct = None if self.socket is None else self.socket.over_tls(session)
        return replace(self, scheme="https", tls=session, socket=direct)

    def told_by_header(self, header: ProxyHeader) -> "Peer":
        """Who is there, as `header` says, which came over the connection with this peer."""
        tls = header.tlvs.tls is not None
        if header.local or header.family is ProxyFamily.UNKNOWN:
            return replace(self, proxy_header=header)
        return Peer(
            client=header.source,
            server=header.destination,
            scheme="https" if tls else self.scheme,
            proxy_header=header,
            socket=self,
        )

    def forwarded(self, headers: Headers, forwarding: Forwarding) -> "Peer":
        """Who has sent a request with these `headers` over the connection with this peer."""
        ends = forwarding.ends(headers, self)
        if ends is self:
            # The usual case.
            return self
        return Peer(
            client=ends.client,
            server=ends.server,
            scheme=ends.scheme,
            host=ends.host,
            port=ends.port,
            proxy_header=self.proxy_header,
            socket=self.direct,
        )

    def __str__(self) -> str:
        """The client, as a log line names it."""
        if self.client is None:
            return "a client without an address"
        host, port = self.client
        return host if port is None else f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class ConnectionState(enum.Enum):
    """What a connection is about. It only moves down this list, and back from BUSY to IDLE."""

    IDLE = enum.auto()
    """Between requests, or before the first."""
    BUSY = enum.auto()
    """A handler runs, or its answer is on its way."""
    CLOSED = enum.auto()
    """No request will follow."""


class ConnectionInfo(Protocol):
    """The connection that an exchange runs on, and on which others may follow it."""

    @property
    def id(self) -> int:
        """Unique among the connections of this process."""

    @property
    def state(self) -> ConnectionState:
        """What the connection is about right now."""

    def on_close(self, callback: Callable[[], None]) -> None:
        """Call `callback` once when the connection has ended; at once if it has.

        Callbacks run in the order of their registration, on the server's event loop and
        in a copy of the context that start-up left, and must not block. What one raises
        is logged, the others run.
        """

    def start_soon(
        self, function: Callable[[*Arguments], Awaitable[object]], *args: *Arguments
    ) -> None:
        """Run `function(*args)` in a task that is cancelled when the connection ends.

        The task belongs to the server and may outlive the exchange. What it
        raises is logged and ends the connection. If that has ended already, or
        ends before its first step, it is never begun.
        """


def peer_of(stream: ByteStream) -> Peer:
    """What the stream itself knows of its two ends; nothing if it is closed already."""
    # Not `extra`, which makes them anew for each.
    attributes: Mapping[Any, Callable[[], Any]] = stream.extra_attributes
    remote = attributes.get(SocketAttribute.remote_address, _nobody)
    local = attributes.get(SocketAttribute.local_address, _nobody)
    try:
        return Peer(client=address_of(remote()), server=address_of(local()))
    except OSError:
        return Peer()


def peer_between(client: Any, sock: socket.socket) -> Peer:
    """Who is at the other end of a connected socket, by its name as accept() says it."""
    try:
        return Peer(client=address_of(client), server=_own_address_of(sock.getsockname()))
    except OSError:
        return Peer()


def _nobody() -> None:
    """The name of an end that a stream does not know."""


def address_of(name: tuple[str, int] | str | bytes | None) -> Address | None:
    """A socket's name as an `Address`; None for a nameless unix socket.

    An IPv4 peer of a socket that serves both families has its IPv4 address,
    and an abstract name of Linux begins with `@`.
    """
    if isinstance(name, tuple):
        host = name[0]
        mapped = host.startswith(_MAPPED) and "." in host
        return host.removeprefix(_MAPPED) if mapped else host, name[1]
    if not name:
        return None
    return (name, None) if isinstance(name, str) else ("@" + os.fsdecode(name[1:]), None)


_own_address_of = lru_cache(maxsize=64)(address_of)
"""The same for an end of ours, which many connections have in common."""
