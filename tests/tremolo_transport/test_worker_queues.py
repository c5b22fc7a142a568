"""The queues that workers accept from, and who may share their addresses."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tremolo_transport import Bind
from tremolo_transport.endpoints import UnixBind
from tremolo_transport.listeners import Listenable, ListeningSocket
from tremolo_transport.worker_queues import open_queues
from tremolo_transport.worker_settings import WorkerSettings


@contextmanager
def opened(
    *listeners: Listenable, number: int, reuse_port: bool = True
) -> Iterator[list[list[ListeningSocket]]]:
    queues = open_queues(listeners, WorkerSettings(number=number, reuse_port=reuse_port))
    try:
        yield queues
    finally:
        for each in [listening for queue in queues for listening in queue]:
            each.close()


def test_each_worker_has_a_queue_of_its_own_and_the_kernel_spreads_connections() -> None:
    with opened(Bind(port=0), number=3) as queues:
        sockets = [queue[0] for queue in queues]
        assert len({each.address for each in sockets}) == 1
        assert len({each.socket.fileno() for each in sockets}) == 3
        clients = [socket.create_connection(queues[0][0].address) for _ in range(60)]
        for each in sockets:
            accepted, _ = each.socket.accept()
            accepted.close()
        for client in clients:
            client.close()


def test_or_all_share_one() -> None:
    with opened(Bind(port=0), number=3, reuse_port=False) as queues:
        assert len({id(queue[0]) for queue in queues}) == 1


def test_a_unix_socket_is_always_shared(tmp_path: Path) -> None:
    path = tmp_path / "x.sock"
    with opened(UnixBind(path=str(path)), number=2) as queues:
        assert queues[0][0] is queues[1][0]
    assert not path.exists()


@pytest.mark.parametrize("number", [1, 2])
def test_a_second_server_is_refused_though_the_kernel_would_let_it_in(number: int) -> None:
    with opened(Bind(port=0), number=2) as queues:
        _, port = queues[0][0].address
        assert port is not None
        with (
            pytest.raises(OSError, match="Address already in use"),
            opened(Bind(port=port), number=number),
        ):
            pass
