"""Asks at a fixed rate and says how long the slowest of the answers took.

A request is due when the clock says so, answered or not the one before; what it
waits for a free connection counts, so that a slow server cannot hide it.
"""

import collections
import selectors
import socket
import time
from collections.abc import Sequence

from load import answer_size, connect

__all__ = ("PERCENTILES", "latencies", "percentile")

REQUEST = b"GET /hello?n=%d HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
CONNECTIONS = 32
PERCENTILES = (50, 90, 99, 99.9)


def latencies(
    port: int, rate: float, seconds: float, *, connections: int = CONNECTIONS
) -> list[float]:
    """Seconds that each answer took, the fastest first, at `rate` requests per second."""
    opened = [connect(port) for _ in range(connections)]
    try:
        size = answer_size(opened[0], REQUEST % 1_000_000)
        return sorted(_ask(opened, size, rate=rate, count=int(rate * seconds)))
    finally:
        for connection in opened:
            connection.close()


def percentile(taken: Sequence[float], share: float) -> float:
    """What `share` of 100 do not exceed, of figures that are sorted."""
    return taken[min(len(taken) - 1, int(len(taken) * share / 100))]


def _ask(opened: list[socket.socket], size: int, *, rate: float, count: int) -> list[float]:
    taken: list[float] = []
    free = collections.deque(opened)
    # For each connection, when its request was due and how many bytes are missing.
    waiting: dict[socket.socket, tuple[float, int]] = {}
    with selectors.DefaultSelector() as selector:
        for connection in opened:
            selector.register(connection, selectors.EVENT_READ)
        began, sent = time.perf_counter(), 0
        while len(taken) < count:
            now = time.perf_counter()
            if now - began > count / rate + 5:
                raise RuntimeError(f"{len(taken)} of {count} answers came in time")
            while free and sent < count and (due := began + sent / rate) <= now:
                connection = free.popleft()
                connection.sendall(REQUEST % (1_000_000 + sent))
                waiting[connection] = (due, size)
                sent += 1
            # Without a sleep: a core is there for it, and a sleep ends late.
            for key, _ in selector.select(timeout=0):
                answering = key.fileobj
                assert isinstance(answering, socket.socket)
                data = answering.recv(65_536)
                due, missing = waiting.pop(answering, (0.0, 0))
                missing -= len(data)
                if not data or missing < 0:
                    raise RuntimeError("an answer was cut short, or longer than the first")
                if missing:
                    waiting[answering] = (due, missing)
                else:
                    taken.append(time.perf_counter() - due)
                    free.append(answering)
    return taken
