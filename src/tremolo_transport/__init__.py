"""Moves the core's bytes over streams and sockets, on asyncio, uvloop and trio, and in memory."""

from typing import TYPE_CHECKING

from tremolo_core._exports import exported

__all__ = (
    "Address",
    "Bind",
    "ClientCertificates",
    "ClientDisconnected",
    "ConnectionInfo",
    "ConnectionState",
    "DescriptorBind",
    "Endpoint",
    "Exchange",
    "ExchangeOver",
    "Handler",
    "Listener",
    "ListeningSocket",
    "ManagedHandler",
    "MemoryStream",
    "Pace",
    "Parting",
    "Peer",
    "Server",
    "ServerSettings",
    "ShutdownNotice",
    "Statistics",
    "SystemdBind",
    "TLSSession",
    "TLSSettings",
    "TransportError",
    "UnixBind",
    "memory_stream_pair",
    "open_sockets",
    "serve",
    "serve_connection",
    "serve_forever",
)

if TYPE_CHECKING:
    from .embedding import serve, serve_forever
    from .endpoints import Bind, DescriptorBind, Endpoint, SystemdBind, UnixBind
    from .errors import ClientDisconnected, ExchangeOver, TransportError
    from .exchange import Exchange, Handler, ManagedHandler
    from .listeners import ListeningSocket, open_sockets
    from .memory import MemoryStream, memory_stream_pair
    from .pace import Pace
    from .parting import Parting
    from .peer import Address, ConnectionInfo, ConnectionState, Peer
    from .server import Server
    from .serving import serve_connection
    from .settings import Listener, ServerSettings
    from .shutdown import ShutdownNotice
    from .statistics import Statistics
    from .tls_session import TLSSession
    from .tls_settings import ClientCertificates, TLSSettings
else:
    __getattr__, __dir__ = exported(
        __name__,
        {
            "embedding": "serve serve_forever",
            "endpoints": "Bind DescriptorBind Endpoint SystemdBind UnixBind",
            "errors": "ClientDisconnected ExchangeOver TransportError",
            "exchange": "Exchange Handler ManagedHandler",
            "listeners": "ListeningSocket open_sockets",
            "memory": "MemoryStream memory_stream_pair",
            "pace": "Pace",
            "parting": "Parting",
            "peer": "Address ConnectionInfo ConnectionState Peer",
            "server": "Server",
            "serving": "serve_connection",
            "settings": "Listener ServerSettings",
            "shutdown": "ShutdownNotice",
            "statistics": "Statistics",
            "tls_session": "TLSSession",
            "tls_settings": "ClientCertificates TLSSettings",
        },
    )
