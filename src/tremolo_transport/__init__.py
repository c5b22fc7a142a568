"""Moves the core's bytes over streams and sockets, on asyncio, uvloop and trio, and in memory."""

from .embedding import serve
from .errors import ClientDisconnected, ExchangeOver, TransportError
from .exchange import Exchange, Handler, ManagedHandler
from .memory import MemoryStream, memory_stream_pair
from .peer import Address, ConnectionInfo, ConnectionState, Peer
from .server import Server
from .serving import serve_connection
from .settings import Bind, ServerSettings
from .shutdown import ShutdownNotice

__all__ = (
    "Address",
    "Bind",
    "ClientDisconnected",
    "ConnectionInfo",
    "ConnectionState",
    "Exchange",
    "ExchangeOver",
    "Handler",
    "ManagedHandler",
    "MemoryStream",
    "Peer",
    "Server",
    "ServerSettings",
    "ShutdownNotice",
    "TransportError",
    "memory_stream_pair",
    "serve",
    "serve_connection",
)
