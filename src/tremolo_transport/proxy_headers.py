"""Reads the PROXY header from a connection, and leaves what stands behind it.

What such a header says is read in `tremolo_core.proxy_protocol`; what it means
for the connection, decided in `entrances`.
"""

import socket

import anyio

from tremolo_core import RemoteProtocolError
from tremolo_core.proxy_protocol import ProxyHeader, ProxyHeaderReader

from .admission import NotAdmitted

__all__ = ("receive_proxy_header",)

_PEEK_SIZE = 4_096

_LEFT = "it left before the end of its PROXY header"


async def receive_proxy_header(sock: socket.socket) -> ProxyHeader:
    """Read a PROXY header from a connected, non-blocking socket that nobody reads from yet.

    Not a byte behind it is taken, so that whatever comes next, a TLS handshake
    or a request, can be read by whoever speaks that. Raises NotAdmitted if there
    is no good one. What was read is lost if the call is cancelled.
    """
    reader = ProxyHeaderReader()
    begun = False
    try:
        while True:
            await anyio.wait_readable(sock)
            data = sock.recv(_PEEK_SIZE, socket.MSG_PEEK)
            if not data:
                # Whoever looks whether the port is open sends nothing at all.
                raise NotAdmitted(_LEFT, usual=not begun)
            begun = True
            found = reader.receive_data(data)
            behind = 0 if found is None else len(found[1])
            sock.recv(len(data) - behind)
            if found is not None:
                return found[0]
    except RemoteProtocolError as error:
        raise NotAdmitted(f"it sent {error.reason}") from None
    except OSError:
        raise NotAdmitted(_LEFT, usual=not begun) from None
