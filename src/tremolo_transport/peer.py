"""Who is at the other end of a connection, and which connection that is.

Telling the application more, what proxies say, is done before a `Peer` is made.
"""

import enum
import os
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias, TypeVarTuple

from anyio.abc import ByteStream, SocketAttribute

from tremolo_core import value

__all__ = ("Address", "ConnectionInfo", "ConnectionState", "Peer", "address_of", "peer_of")

Arguments = TypeVarTuple("Arguments")

Address: TypeAlias = tuple[str, int | None]
"""(IP address, port), or (path of a unix socket, None)."""

_MAPPED = "::ffff:"
"""What stands before an IPv4 address that comes as an IPv6 one (RFC 4291 2.5.5.2)."""


@value
class Peer:
    """The two ends of a connection."""

    client: Address | None = None
    """The peer's address; None where it has none, as in memory or on a unix socket."""
    server: Address | None = None
    """Our address; None where there is none, as in memory."""
    scheme: str = "http"
    """`"http"` or `"https"`."""

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

        Callbacks run in the order of their registration, on the server's event
        loop, and must not block. What one raises is logged, the others run.
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
    try:
        return Peer(
            client=address_of(stream.extra(SocketAttribute.remote_address, None)),
            server=address_of(stream.extra(SocketAttribute.local_address, None)),
        )
    except OSError:
        return Peer()


def address_of(name: tuple[str, int] | str | bytes | None) -> Address | None:
    """A socket's name as an `Address`; None for a nameless unix socket.

    An IPv4 peer of a socket that serves both families has its IPv4 address,
    and an abstract name of Linux begins with `@`.
    """
    match name:
        case None | "" | b"":
            return None
        case str():
            return name, None
        case bytes():
            return "@" + os.fsdecode(name[1:]), None
        case _:
            host = name[0]
            mapped = host.startswith(_MAPPED) and "." in host
            return host.removeprefix(_MAPPED) if mapped else host, name[1]
