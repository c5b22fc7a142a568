"""The sockets of all listeners: opened together, told apart, handed over, closed."""

import multiprocessing
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from tremolo_core import Limits
from tremolo_transport.endpoints import Bind, DescriptorBind, SystemdBind, UnixBind
from tremolo_transport.listeners import Listenable, ListeningSocket, open_sockets
from tremolo_transport.settings import Listener

from .certificates import server_context
from .over_sockets import open_sockets as count_sockets

ANY = Bind(port=0)
OTHERS = Limits(head=1)


@pytest.fixture
def path() -> Iterator[str]:
    """Not in pytest's own folder, as a socket's path may have no more than a hundred letters."""
    folder = tempfile.mkdtemp(prefix="tremolo")
    yield folder + "/socket"
    shutil.rmtree(folder)


@contextmanager
def opened(*listeners: Listenable) -> Iterator[list[ListeningSocket]]:
    with ExitStack() as closing:
        sockets = open_sockets(listeners)
        for sock in sockets:
            closing.callback(sock.close)
        yield sockets


def test_no_listeners_are_no_sockets() -> None:
    assert open_sockets([]) == []


def test_sockets_come_in_order_each_with_its_listener(path: str) -> None:
    told = Listener(endpoint=Bind(host="127.0.0.2", port=0), limits=OTHERS)
    with opened(ANY, told, UnixBind(path=path)) as sockets:
        assert [each.address[0] for each in sockets] == ["127.0.0.1", "127.0.0.2", path]
        assert [each.listener for each in sockets] == [
            Listener(endpoint=ANY),
            told,
            Listener(endpoint=UnixBind(path=path)),
        ]
        for each in sockets:
            with socket.socket(each.socket.family) as client:
                client.connect(each.socket.getsockname())


def test_what_is_open_already_is_passed_on() -> None:
    with opened(ANY) as [first], opened(first, ANY) as sockets:
        assert sockets[0] is first
        assert len(sockets) == 2


def test_an_inherited_socket_is_one_too(path: str) -> None:
    sock = socket.create_server(("127.0.0.1", 0))
    address = sock.getsockname()
    with opened(DescriptorBind(descriptor=sock.detach())) as [inherited]:
        assert inherited.address == address


def test_systemd_is_asked_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_PID", "1")
    with pytest.raises(OSError, match="systemd has handed over no such"):
        open_sockets([SystemdBind()])


@pytest.mark.parametrize("others", [0, 2])
def test_all_are_opened_or_none(others: int, path: str) -> None:
    with opened(ANY) as [first]:
        count = count_sockets()
        with pytest.raises(OSError, match="Address already in use"):
            open_sockets([UnixBind(path=path), *[ANY] * others, Bind(port=first.address[1] or 0)])
        assert count_sockets() == count
        assert not Path(path).exists()


# Its path.


def test_a_path_is_removed_at_the_end(path: str) -> None:
    with opened(UnixBind(path=path)) as [sock]:
        assert Path(path).exists()
        sock.close()
        assert not Path(path).exists()
        Path(path).touch()
    assert Path(path).exists(), "closed twice, it removes nothing more"


def test_one_that_is_released_is_whose_else_it_is_and_the_path_stays(path: str) -> None:
    with opened(UnixBind(path=path)) as [sock]:
        with sock.socket.dup() as theirs, socket.socket(socket.AF_UNIX) as client:
            sock.release()
            client.connect(path)
            theirs.accept()[0].close()
        with socket.socket(socket.AF_UNIX) as client, pytest.raises(ConnectionRefusedError):
            client.connect(path)
        assert Path(path).exists()
    assert not Path(path).exists()


def test_a_path_that_has_become_another_stays(path: str) -> None:
    with opened(UnixBind(path=path)):
        os.unlink(path)
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(path)
    assert Path(path).exists()


def test_a_relative_path_is_removed_from_wherever_the_program_has_gone(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(path).parent)
    with opened(UnixBind(path="socket")):
        monkeypatch.chdir("/")
    assert not Path(path).exists()


def test_an_inherited_path_is_whoevers_opened_it(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(path)
        sock.listen()
        with opened(DescriptorBind(descriptor=os.dup(sock.fileno()))):
            pass
        assert Path(path).exists()


# Handed to another process.


def serve_one(sockets: list[ListeningSocket], result: Connection) -> None:
    """Runs in the child."""
    for listening in sockets:
        listening.socket.setblocking(True)
        with listening.socket.accept()[0] as served:
            served.sendall(repr(listening.listener.limits == OTHERS).encode())
        listening.close()
    result.send("closed")


def test_a_child_process_gets_descriptors_of_its_own(path: str) -> None:
    told = Listener(endpoint=UnixBind(path=path), limits=OTHERS)
    spawn = multiprocessing.get_context("spawn")
    with opened(told, ANY) as sockets:
        ours, theirs = spawn.Pipe()
        child = spawn.Process(target=serve_one, args=(sockets, theirs))
        child.start()
        answers = []
        for listening in sockets:
            with socket.socket(listening.socket.family) as client:
                client.connect(listening.socket.getsockname())
                answers.append(client.recv(100))
        assert answers == [b"True", b"False"]
        assert ours.recv() == "closed"
        child.join()
        assert child.exitcode == 0
        assert Path(path).exists(), "the path stays with whoever has opened it"
        for listening in sockets:
            with socket.socket(listening.socket.family) as client:
                client.connect(listening.socket.getsockname())
    assert not Path(path).exists()


# Its name.


def test_it_is_told_of_by_its_url(path: str) -> None:
    with opened(ANY, UnixBind(path=path)) as [tcp, unix]:
        assert tcp.url == f"http://127.0.0.1:{tcp.address[1]}"
        assert unix.url == f"unix:{path}"


def test_its_scheme_is_that_of_tls_where_it_speaks_tls() -> None:
    with opened(Listener(endpoint=ANY, tls=server_context())) as [sock]:
        assert sock.url == f"https://127.0.0.1:{sock.address[1]}"


def test_an_ipv6_address_stands_in_brackets() -> None:
    try:
        with opened(Bind(host="::1", port=0)) as [sock]:
            assert sock.url == f"http://[::1]:{sock.address[1]}"
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 loopback address: {error}")
