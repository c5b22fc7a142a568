"""Asks at a fixed rate and says how long the slowest of the answers took.

A request is due when the clock says so, answered or not the one before; what it
waits for a free connection counts, so that a slow server cannot hide it. What the
generator itself was late for counts for nobody: when the machine has kept it from
running, requests that became due meanwhile are due when it is back, and the
answers that may have come meanwhile are not counted, as nobody knows when.
"""

import collections
import contextlib
import gc
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from load import answer_size, connect

__all__ = ("PERCENTILES", "Taken", "latencies", "percentile")

REQUEST = b"GET /hello?n=%d HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
CONNECTIONS = 32
PERCENTILES = (50, 90, 99, 99.9)

_AWAY = 0.000_2
"""Seconds without the processor from which on the generator was kept from running."""


@dataclass(kw_only=True)
class Taken:
    """What was measured."""

    seconds: list[float] = field(default_factory=list)
    """That each answer took; the fastest first, in the end."""
    dropped: int = 0
    """Answers of which that is not known, as the generator was away."""

    @property
    def answered(self) -> int:
        """How many answers there were."""
        return len(self.seconds) + self.dropped


def latencies(port: int, rate: float, seconds: float, *, connections: int = CONNECTIONS) -> Taken:
    """Ask `rate` times per second. Raises RuntimeError if the answers were wrong or too late."""
    opened = [connect(port) for _ in range(connections)]
    try:
        size = answer_size(opened[0], REQUEST % 1_000_000)
        with _without_garbage():
            taken = _ask(opened, size, rate=rate, count=int(rate * seconds))
    finally:
        for connection in opened:
            connection.close()
    if not taken.seconds:
        raise RuntimeError("the generator was kept from running all the time")
    taken.seconds.sort()
    return taken


def percentile(taken: Sequence[float], share: float) -> float:
    """What `share` of 100 do not exceed, of figures that are sorted."""
    return taken[min(len(taken) - 1, int(len(taken) * share / 100))]


@contextlib.contextmanager
def _without_garbage() -> Iterator[None]:
    """Nobody is to wait for what the generator's interpreter collects."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class _Absences:
    """How long the thread had no processor, from one look to the next."""

    def __init__(self) -> None:
        self._clock, self._worked = time.perf_counter(), time.thread_time()

    def last(self, now: float) -> float:
        """Seconds since the look before; 0 for what is no more than a look takes."""
        worked = time.thread_time()
        away = (now - self._clock) - (worked - self._worked)
        self._clock, self._worked = now, worked
        return away if away > _AWAY else 0.0


def _ask(opened: list[socket.socket], size: int, *, rate: float, count: int) -> Taken:
    taken = Taken()
    free = collections.deque(opened)
    # For each connection, when its request was due and how many bytes are missing.
    waiting: dict[socket.socket, tuple[float, int]] = {}
    with selectors.DefaultSelector() as selector:
        for connection in opened:
            selector.register(connection, selectors.EVENT_READ)
        began, sent, absences = time.perf_counter(), 0, _Absences()
        patience = began + 2 * count / rate + 5
        while taken.answered < count:
            now = time.perf_counter()
            if away := absences.last(now):
                # The clock by which requests are due has stood still.
                began += away
                waiting = {each: (0.0, missing) for each, (_, missing) in waiting.items()}
            if now > patience:
                raise RuntimeError(f"{taken.answered} of {count} answers came in time")
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
                    continue
                free.append(answering)
                if due:
                    taken.seconds.append(time.perf_counter() - due)
                else:
                    taken.dropped += 1
    return taken
