"""A crowd of clients that ask on kept connections until they are told to stop, and count."""

import http.client
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ("Crowd", "crowd")


class Crowd:
    """What the clients have seen so far."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stop = threading.Event()
        self._lock = threading.Condition()
        self.answered = 0
        self.failed: Counter[str] = Counter()
        """Requests without an answer, on connections that the server had accepted."""
        self.unaccepted: Counter[str] = Counter()
        """Connections that were refused, or reset before anything was answered on them."""
        self.workers: Counter[bytes] = Counter()
        """By whom connections were answered first."""

    def run(self) -> None:
        while not self._stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            try:
                self._ask_on(connection)
            finally:
                connection.close()

    def _ask_on(self, connection: http.client.HTTPConnection) -> None:
        known = False
        while not self._stop.is_set():
            try:
                connection.request("GET", "/")
                response = connection.getresponse()
                body = response.read()
            except (OSError, http.client.HTTPException) as error:
                with self._lock:
                    (self.failed if known else self.unaccepted)[type(error).__name__] += 1
                    self._lock.notify_all()
                return
            with self._lock:
                self.answered += 1
                if not known:
                    self.workers[body] += 1
                self._lock.notify_all()
            known = True
            if response.getheader("Connection") == "close":
                return

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
            assert self._lock.wait_for(lambda: "ConnectionRefusedError" in self.unaccepted, 60)


@contextmanager
def crowd(port: int, clients: int) -> Iterator[Crowd]:
    """So many clients, at work meanwhile."""
    seen = Crowd(port)
    threads = [threading.Thread(target=seen.run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        seen.stop()
        for thread in threads:
            thread.join()
