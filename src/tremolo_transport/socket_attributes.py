"""What anyio's streams tell of their sockets, asked of an asyncio transport."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from anyio.abc import SocketAttribute

__all__ = ("attributes_of",)


def attributes_of(transport: asyncio.BaseTransport) -> Mapping[Any, Callable[[], Any]]:
    """The socket of `transport` and its two addresses, each found out when it is asked for."""
    known = transport.get_extra_info
    return {
        SocketAttribute.raw_socket: lambda: known("socket"),
        SocketAttribute.family: lambda: known("socket").family,
        SocketAttribute.local_address: lambda: _name(known("sockname")),
        SocketAttribute.remote_address: lambda: _name(known("peername")),
    }


def _name(address: Any) -> Any:
    """A socket's name as anyio has it: without IPv6's flow and scope."""
    return tuple(address[:2]) if isinstance(address, tuple) else address
