"""The queues of connections that workers accept from, opened and kept by their supervisor.

They outlive every worker, so that whoever connects while one is replaced is
served by the next. What is opened is said in `listeners`.
"""

import socket
from collections.abc import Iterable
from contextlib import ExitStack

from .endpoints import Bind
from .listeners import Listenable, ListeningSocket, open_sockets
from .worker_settings import WorkerSettings

__all__ = ("open_queues",)


def open_queues(
    listeners: Iterable[Listenable], settings: WorkerSettings
) -> list[list[ListeningSocket]]:
    """For each worker, the sockets that it is to accept from.

    Either all have the same, or each has its own for TCP addresses. Raises
    OSError, whose text names the address, if one cannot be had: also if
    another server of this user would let us in.
    """
    with ExitStack() as opened:
        first = open_sockets(listeners)
        for listening in first:
            opened.callback(listening.close)
        queues = [first]
        for _ in range(1, settings.number):
            queue: list[ListeningSocket] = []
            for listening in first:
                endpoint = listening.listener.endpoint
                if settings.reuse_port and isinstance(endpoint, Bind):
                    sibling = _sibling(listening.socket, endpoint.backlog)
                    opened.callback(sibling.close)
                    queue.append(ListeningSocket(sibling, listening.listener))
                else:
                    queue.append(listening)
            queues.append(queue)
        opened.pop_all()
    return queues


def _sibling(sock: socket.socket, backlog: int) -> socket.socket:
    """Another socket on the address of `sock`, with a queue of its own."""
    # Only now: had `sock` been bound with it, it might share the port of another server.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sibling = socket.socket(sock.family, socket.SOCK_STREAM)
    try:
        sibling.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sibling.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if sock.family == socket.AF_INET6:
            only = sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
            sibling.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
        sibling.bind(sock.getsockname())
        sibling.listen(backlog)
        sibling.setblocking(False)
    except BaseException:
        sibling.close()
        raise
    return sibling
