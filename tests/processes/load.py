"""A crowd of clients that ask on kept connections until they are told to stop, and count."""

import http.client
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ("Crowd", "crowd")


class Crowd:
    """What the clients have seen so far."""

    def __init__(self, port: int, pause: float) -> None:
        self._port = port
        self._pause = pause
        self._stop = threading.Event()
        self._lock = threading.Condition()
        self.answered = 0
        self.failed: Counter[str] = Counter()
        """Requests without an answer, on connections on which others were answered."""
        self.reset: Counter[str] = Counter()
        """Connections that were made, but nothing was ever answered on them."""
        self.refused: Counter[str] = Counter()
        """Those that were not even made."""
        self.workers: Counter[bytes] = Counter()
        """By whom connections were answered first."""

    def run(self) -> None:
        while not self._stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            try:
                connection.connect()
            except OSError as error:
                self._count(self.refused, error)
            else:
                self._ask_on(connection)
            finally:
                connection.close()

    def _ask_on(self, connection: http.client.HTTPConnection) -> None:
        known = False
        while not self._stop.wait(self._pause):
            try:
                connection.request("GET", "/")
                response = connection.getresponse()
                body = response.read()
            except (OSError, http.client.HTTPException) as error:
                self._count(self.failed if known else self.reset, error)
                return
            with self._lock:
                self.answered += 1
                if not known:
                    self.workers[body] += 1
                self._lock.notify_all()
            known = True
            if response.getheader("Connection") == "close":
                return

    def _count(self, kind: Counter[str], error: Exception) -> None:
        with self._lock:
            kind[type(error).__name__] += 1
            self._lock.notify_all()

    @property
    def lost(self) -> int:
        """All that was not as it should be."""
        return sum(map(Counter.total, (self.failed, self.reset, self.refused)))

    def __str__(self) -> str:
        return (
            f"{self.answered} answered, {dict(self.failed)} failed,"
            f" {dict(self.reset)} reset, {dict(self.refused)} refused"
        )

    def stop(self) -> None:
        self._stop.set()

    def until_answered(self, more: int) -> None:
        """Wait until so many more requests have been answered."""
        with self._lock:
            wanted = self.answered + more
            assert self._lock.wait_for(lambda: self.answered >= wanted, 60)

    def until_refused(self) -> None:
        """Wait until nobody accepts any more."""
        with self._lock:
            assert self._lock.wait_for(lambda: bool(self.refused), 60)


@contextmanager
def crowd(port: int, clients: int, *, pause: float = 0.0) -> Iterator[Crowd]:
    """So many clients, at work meanwhile; each thinks for `pause` seconds before it asks."""
    seen = Crowd(port, pause)
    threads = [threading.Thread(target=seen.run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        seen.stop()
        for thread in threads:
            thread.join()
