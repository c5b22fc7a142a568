"""What anyio's streams tell of their sockets, as ours tell it."""

import socket
from collections.abc import Callable, Mapping
from typing import Any

from anyio.abc import SocketAttribute

__all__ = ("attributes_of",)


def attributes_of(sock: socket.socket) -> Mapping[Any, Callable[[], Any]]:
    """The socket, and its two addresses while it is open, each found out when it is asked for."""
    return {
        SocketAttribute.raw_socket: lambda: sock,
        SocketAttribute.family: lambda: sock.family,
        SocketAttribute.local_address: lambda: _name(sock.getsockname),
        SocketAttribute.remote_address: lambda: _name(sock.getpeername),
    }


def _name(ask: Callable[[], Any]) -> Any:
    """A socket's name as anyio has it, without IPv6's flow and scope; None if it has none now."""
    try:
        address = ask()
    except OSError:
        return None
    return tuple(address[:2]) if isinstance(address, tuple) else address
