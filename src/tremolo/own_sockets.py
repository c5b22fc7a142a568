"""Serves on sockets that an application opens by itself, as ones for nggit/tremolo do.

Everybody else has `serving`, which opens what it is told of.
"""

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tremolo_transport
from tremolo_transport.endpoints import Bind, DescriptorBind, Endpoint, UnixBind
from tremolo_transport.listeners import Listenable, ListeningSocket, open_sockets

from . import serving
from .config import configure
from .loader import handler_for

if TYPE_CHECKING:
    from .application import Application

__all__ = ("close_socket", "open_socket", "serve_on")


def open_socket(host: str, port: int | None, *, reuse_port: bool) -> socket.socket:
    """Listen at an address, or without a port at a path. Raises OSError."""
    first, *others = open_sockets([_endpoint(host, port, reuse_port=reuse_port)])
    for other in others:
        # A name with several addresses; there is to be one socket.
        other.close()
    return first.socket


def close_socket(sock: socket.socket) -> None:
    """Stop listening; remove the path that `sock` listens at."""
    path = sock.getsockname() if sock.family == socket.AF_UNIX else None
    sock.close()
    if isinstance(path, str) and path:
        Path(path).unlink(missing_ok=True)


async def serve_on(
    app: "Application",
    place: tuple[str, int | None],
    sock: socket.socket | None,
    options: dict[str, Any],
) -> None:
    """Serve `app` on `sock`, or if that is None at a host and port or path, until cancelled."""
    serving.refuse_those_of_programs(options)
    endpoint = _endpoint(*place) if sock is None else DescriptorBind(descriptor=sock.fileno())
    config = configure({"bind": [endpoint], **app._options_of_ours(options)})
    binds: list[Listenable] = list(config.listeners)
    if sock is not None:
        # A descriptor of our own to the same socket: whoever has opened it closes it.
        ours = sock.dup()
        ours.setblocking(False)
        ours.listen(config.backlog)
        binds = [ListeningSocket(ours, config.listeners[0])]
    async with tremolo_transport.serve(
        handler_for(app, config), binds=binds, settings=config.server
    ) as server:
        await server.wait_stopped()


def _endpoint(host: str, port: int | None, *, reuse_port: bool = False) -> Endpoint:
    if port is None:
        return UnixBind(path=host)
    return Bind(host=host, port=port, reuse_port=reuse_port)
