"""Takes over sockets that another process has opened: by number, or as systemd hands them over.

The protocol of the latter is that of `sd_listen_fds(3)`.
"""

import errno
import os
import socket
import stat
from collections.abc import Iterator, MutableMapping
from contextlib import ExitStack

from .endpoints import DescriptorBind, SystemdBind
from .tcp_sockets import set_up

__all__ = ("take_descriptor", "take_from_systemd")

_FIRST = 3
"""The number of systemd's first descriptor (`SD_LISTEN_FDS_START`)."""


def take_descriptor(bind: DescriptorBind) -> socket.socket:
    """Take over a listening socket.

    Raises OSError, whose text names it, if it is none; the descriptor is still
    the caller's then.
    """
    try:
        return _take(bind.descriptor)
    except OSError as error:
        raise OSError(error.errno, f"cannot listen on {bind}: {error.strerror}") from None


def take_from_systemd(
    bind: SystemdBind, environment: MutableMapping[str, str]
) -> list[socket.socket]:
    """Take over those sockets of systemd's that `bind` names.

    Raises OSError if there are none, or if one is no socket that listens.
    """
    wanted = [
        descriptor
        for descriptor, name in _handed_over(environment)
        if bind.name is None or name == bind.name
    ]
    if not wanted:
        raise OSError(errno.ENOENT, f"cannot listen on {bind}: systemd has handed over no such")
    with ExitStack() as opened:
        sockets = []
        for descriptor in wanted:
            sock = take_descriptor(DescriptorBind(descriptor=descriptor))
            opened.callback(sock.close)
            sockets.append(sock)
        opened.pop_all()
    return sockets


def _handed_over(environment: MutableMapping[str, str]) -> Iterator[tuple[int, str]]:
    """The descriptors that are for this process and no other, with their names."""
    pid, count = environment.get("LISTEN_PID", ""), environment.get("LISTEN_FDS", "")
    if pid != str(os.getpid()) or not (count.isascii() and count.isdigit()):
        return
    names = environment.get("LISTEN_FDNAMES", "").split(":")
    for index in range(int(count)):
        yield _FIRST + index, names[index] if index < len(names) else ""


def _take(descriptor: int) -> socket.socket:
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        raise OSError(errno.ENOTSOCK, os.strerror(errno.ENOTSOCK))
    # Family and type are asked of the kernel.
    sock = socket.socket(fileno=descriptor)
    try:
        if sock.type != socket.SOCK_STREAM or not sock.getsockopt(
            socket.SOL_SOCKET, socket.SO_ACCEPTCONN
        ):
            raise OSError(errno.EINVAL, "it is no socket that listens for connections")
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            set_up(sock)
        # The programs that this one starts have no business with it.
        sock.set_inheritable(False)
        sock.setblocking(False)
    except BaseException:
        sock.detach()
        raise
    return sock
