"""Asks the kernel which peers have hung up, without reading a byte of theirs.

For connections whose read-ahead is full; all others learn it by reading.
"""

import select
import socket
from collections.abc import Iterable

__all__ = ("hung_up",)

# Where the system cannot tell (macOS has no POLLRDHUP), only resets are seen.
_HANG_UP = getattr(select, "POLLRDHUP", 0)


def hung_up(sockets: Iterable[socket.socket]) -> list[socket.socket]:
    """Return those `sockets` whose peer has closed, half-closed or reset; one system call for all.

    Those that are closed are among them: uvloop itself closes what was reset.
    """
    poll = select.poll()
    closed: list[socket.socket] = []
    watched: dict[int, socket.socket] = {}
    for sock in sockets:
        descriptor = sock.fileno()
        if descriptor < 0:
            closed.append(sock)
        else:
            watched[descriptor] = sock
            poll.register(descriptor, _HANG_UP)
    return closed + [watched[descriptor] for descriptor, _ in poll.poll(0)]
