import itertools
import socket
import threading
import time
from collections.abc import Iterator

import latency
import pytest
from latency import latencies, percentile

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Server(threading.Thread):
    """Serves one connection, whose first request is the one that asks how long an answer is."""

    def __init__(self, listener: socket.socket) -> None:
        super().__init__()
        self.port: int = listener.getsockname()[1]
        self.may_go_on = threading.Event()
        """Before that only the first request is answered."""
        self._listener = listener

    def run(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            for number in itertools.count():
                if not connection.recv(1000):
                    break
                if number:
                    self.may_go_on.wait()
                connection.sendall(ANSWER)


@pytest.fixture
def server() -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Server(listener)
        thread.start()
        yield thread
        thread.join()


@pytest.mark.parametrize(("share", "expected"), [(50, 51), (90, 91), (99, 100), (99.9, 100)])
def test_a_percentile_is_what_so_many_do_not_exceed(share: float, expected: float) -> None:
    assert percentile([float(each) for each in range(1, 101)], share) == expected


def test_one_figure_is_every_percentile() -> None:
    assert percentile([7.0], 99.9) == 7


def test_each_answer_is_measured(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "_AWAY", 1e9)
    server.may_go_on.set()
    taken = latencies(server.port, 1000, 0.02, connections=1)
    assert len(taken.seconds) == taken.answered == 20
    assert taken.seconds == sorted(taken.seconds)


def test_what_may_have_come_while_the_generator_was_away_is_not_counted(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = itertools.count()

    def worked() -> float:
        # At the second look behind the one from which it counts, a request is on its way.
        look = next(looks)
        if look == 2:
            server.may_go_on.set()
        return 999.999 if look == 2 else 1000.0 * look

    monkeypatch.setattr(time, "thread_time", worked)
    taken = latencies(server.port, 1000, 0.005, connections=1)
    assert (taken.dropped, len(taken.seconds)) == (1, 4)
