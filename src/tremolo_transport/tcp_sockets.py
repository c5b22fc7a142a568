"""Opens the sockets of a TCP address: one for each address that a name has.

Those of other kinds are opened in `unix_sockets` and `inherited_sockets`.
"""

import errno
import os
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from typing import TypeAlias

from .endpoints import Bind
from .send_queues import keep_short

__all__ = ("listen_tcp", "set_up")

_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""The name has an address of a family that this machine does not have."""

_TRIES = 8
"""How often the kernel may choose a port until it is free on all addresses of a name."""

_Name: TypeAlias = tuple[str | int | bytes, ...]


def listen_tcp(bind: Bind) -> list[socket.socket]:
    """Listen on every address that `bind` names; open none or all of the sockets.

    A name with several addresses gets a socket for each that this machine has,
    on the same port. Raises OSError, whose text names the address, if one
    cannot be had.
    """
    addresses = _resolve(bind)
    tries = 1 if bind.port else _TRIES
    while True:
        try:
            return _listen_on_all(addresses, bind)
        except OSError as error:
            tries -= 1
            if error.errno != errno.EADDRINUSE or not tries:
                raise OSError(error.errno, _reason(bind, error)) from None


def set_up(listener: socket.socket) -> None:
    """Have a listening TCP socket be as ours are; its connections inherit it.

    What is written to them is sent at once, and little of it waits in the kernel.
    Else the second of two small writes would wait for the peer, which waits 40 ms
    before it says that it has the first (RFC 896, RFC 1122 4.2.3.2). asyncio sets
    this only where it knows a socket's protocol, and who accepts a connection does not.
    """
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    keep_short(listener)


def _resolve(bind: Bind) -> list[tuple[int, _Name]]:
    """The families and addresses that `bind` names."""
    if not 0 <= bind.port <= 65_535:
        raise OSError(f"cannot listen on {bind}: a port is a number from 0 to 65535")
    try:
        found = socket.getaddrinfo(
            bind.host or None, bind.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except socket.gaierror as error:
        raise OSError(f"cannot listen on {bind}: {error.strerror}") from None
    except UnicodeError:
        # From the codec for international names.
        raise OSError(f"cannot listen on {bind}: no host can have that name") from None
    # A name may stand twice in a hosts file.
    return list(dict.fromkeys((family, name) for family, _, _, _, name in found))


def _listen_on_all(addresses: Iterable[tuple[int, _Name]], bind: Bind) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    missing: OSError | None = None
    port = bind.port
    with ExitStack() as opened:
        for family, name in addresses:
            try:
                sock = _listen(family, (name[0], port, *name[2:]), bind)
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                missing = error
                continue
            opened.callback(sock.close)
            sockets.append(sock)
            # The kernel's choice for the first address holds for the others.
            port = port or sock.getsockname()[1]
        if not sockets and missing is not None:
            raise missing
        opened.pop_all()
    return sockets


def _listen(family: int, name: _Name, bind: Bind) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Else a restart would have to wait for the old connections' last packets.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # Each family has a socket of its own, on every system alike, unless one for both
            # is asked for.
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, bind.host != "::")
        set_up(sock)
        if bind.reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(name)
        sock.listen(bind.backlog)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


def _reason(bind: Bind, error: OSError) -> str:
    what = os.strerror(error.errno) if error.errno else str(error)
    return f"cannot listen on {bind}: {what}"
