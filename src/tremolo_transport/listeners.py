"""The sockets that a server listens on, each with what it was told about its peers.

How connections are taken from them is the business of `acceptor`.
"""

import os
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from typing import TypeAlias, assert_never

from .endpoints import Bind, DescriptorBind, Endpoint, SystemdBind, UnixBind
from .inherited_sockets import take_descriptor, take_from_systemd
from .peer import Address, address_of
from .settings import Listener
from .tcp_sockets import listen_tcp
from .unix_sockets import identify, listen_unix, remove_socket

__all__ = ("Listenable", "ListeningSocket", "open_sockets")


class ListeningSocket:
    """One open socket, and how those are treated who connect to it.

    It can be given to a child process as an argument of
    `multiprocessing.Process`: that gets a descriptor of its own, and the path
    of a unix socket stays with whoever has opened it.
    """

    __slots__ = ("_path", "address", "listener", "socket")

    def __init__(self, sock: socket.socket, listener: Listener) -> None:
        """Take over `sock`, which listens and does not block."""
        self.socket = sock
        self.listener = listener
        self.address: Address = address_of(sock.getsockname()) or ("", None)
        """Where it listens, with the port that the kernel chose."""
        path = self.address[0]
        owned = isinstance(listener.endpoint, UnixBind)
        identity = identify(path) if owned else None
        self._path = None if identity is None else (os.path.abspath(path), identity)

    @property
    def url(self) -> str:
        """How a client would be told of it: a URL, or `unix:` and a path."""
        host, port = self.address
        if port is None:
            return f"unix:{host}"
        scheme = "http" if self.listener.tls is None else "https"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    def release(self) -> None:
        """Leave the socket to the processes that have it besides, until the last closes it.

        The path of a unix socket stays until `close`.
        """
        self.socket.close()

    def close(self) -> None:
        """Stop listening; remove the path that it was opened at, if that is still the same."""
        self.socket.close()
        if self._path is not None:
            remove_socket(*self._path)
            self._path = None

    def inherited(self) -> "ListeningSocket":
        """The same for a process that was forked: the path stays with who has opened it."""
        return _received(self.socket, self.listener)

    def __reduce__(self) -> tuple[object, ...]:
        return _received, (self.socket, self.listener)


def _received(sock: socket.socket, listener: Listener) -> ListeningSocket:
    """The socket as another process gets it."""
    sock.setblocking(False)
    received = ListeningSocket(sock, listener)
    received._path = None
    return received


Listenable: TypeAlias = Endpoint | Listener | ListeningSocket
"""What a server can be told to listen on; an endpoint alone is a `Listener` untold of anything."""


def open_sockets(listeners: Iterable[Listenable]) -> list[ListeningSocket]:
    """Open all the sockets that `listeners` name, in their order; or none.

    What is open already is passed on. Raises OSError, whose text names the
    endpoint, if one cannot be had.
    """
    with ExitStack() as opened:
        sockets: list[ListeningSocket] = []
        for listener in listeners:
            if isinstance(listener, ListeningSocket):
                sockets.append(listener)
                continue
            if not isinstance(listener, Listener):
                listener = Listener(endpoint=listener)
            for sock in _open(listener.endpoint):
                listening = ListeningSocket(sock, listener)
                opened.callback(listening.close)
                sockets.append(listening)
        opened.pop_all()
    return sockets


def _open(endpoint: Endpoint) -> list[socket.socket]:
    match endpoint:
        case Bind():
            return listen_tcp(endpoint)
        case UnixBind():
            return [listen_unix(endpoint)]
        case DescriptorBind():
            return [take_descriptor(endpoint)]
        case SystemdBind():
            return take_from_systemd(endpoint, os.environ)
        case _:
            assert_never(endpoint)
