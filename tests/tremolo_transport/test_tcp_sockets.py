"""Opening the sockets of TCP addresses: all of them, or none and a reason."""

import errno
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tremolo_transport import Bind
from tremolo_transport.peer import address_of
from tremolo_transport.tcp_sockets import listen_tcp

from .over_sockets import open_sockets as count_sockets

ANY = Bind(port=0)


@contextmanager
def opened(*binds: Bind) -> Iterator[list[socket.socket]]:
    with ExitStack() as closing:
        yield [closing.enter_context(sock) for bind in binds for sock in listen_tcp(bind)]


def resolves_to(*addresses: tuple[int, Any]) -> Callable[..., list[Any]]:
    """In place of `socket.getaddrinfo`: a name whose addresses the test chooses."""

    def getaddrinfo(host: str | None, port: int, **_: Any) -> list[Any]:
        return [
            (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (name[0], port, *name[2:]))
            for family, name in addresses
        ]

    return getaddrinfo


def test_a_socket_listens_and_does_not_block() -> None:
    with opened(ANY) as [sock]:
        assert sock.getsockname()[0] == "127.0.0.1"
        assert sock.getsockname()[1] > 0
        assert not sock.getblocking()
        with socket.create_connection(sock.getsockname()):
            pass


def test_what_is_written_to_its_connections_is_sent_at_once() -> None:
    with opened(ANY) as [sock], socket.create_connection(sock.getsockname()):
        while True:
            try:
                accepted, _ = sock.accept()
            except BlockingIOError:
                continue
            break
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            if hasattr(socket, "TCP_NOTSENT_LOWAT"):
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == 262_144


def test_the_port_of_choice_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with opened(Bind(port=port)) as [sock]:
        assert sock.getsockname() == ("127.0.0.1", port)


def test_a_port_is_free_again_at_once() -> None:
    with opened(ANY) as [sock]:
        port = sock.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = sock.accept()
            # Who closes first keeps the port in TIME_WAIT.
            accepted.close()
    with opened(Bind(port=port)):
        pass


def test_a_name_with_several_addresses_gets_a_socket_for_each_on_one_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    addresses = [(socket.AF_INET, (f"127.0.0.{host}", 0)) for host in (1, 2, 3)]
    monkeypatch.setattr(socket, "getaddrinfo", resolves_to(*addresses))
    with opened(Bind(host="several", port=0)) as sockets:
        names = [sock.getsockname() for sock in sockets]
    assert [name[0] for name in names] == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    assert len({name[1] for name in names}) == 1


def test_no_host_is_every_interface(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str | None, int]] = []

    def getaddrinfo(host: str | None, port: int, **options: int) -> list[Any]:
        # Taken at its word it would listen to the world, from a test.
        asked.append((host, options["flags"]))
        return resolves_to((socket.AF_INET, ("127.0.0.1", 0)))(host, port)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with opened(Bind(host="", port=0)):
        assert asked == [(None, socket.AI_PASSIVE)]


def test_an_ipv6_socket_leaves_ipv4_to_another() -> None:
    try:
        with opened(Bind(host="::1", port=0)) as [sock]:
            assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 loopback address: {error}")


def test_one_socket_can_serve_both_families() -> None:
    try:
        with opened(Bind(host="::", port=0)) as [sock]:
            assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 0
            client = socket.create_connection(("127.0.0.1", sock.getsockname()[1]))
            with client, sock.accept()[0] as served:
                assert address_of(served.getpeername()) == client.getsockname()
    except OSError as error:
        pytest.skip(f"this machine has no IPv6: {error}")


def test_a_port_is_shared_only_with_who_shares_it_too() -> None:
    with opened(Bind(port=0, reuse_port=True)) as [first]:
        port = first.getsockname()[1]
        with opened(Bind(port=port, reuse_port=True)) as [second]:
            assert second.getsockname() == first.getsockname()
        with pytest.raises(OSError, match="in use"):
            listen_tcp(Bind(port=port))


def test_an_address_that_stands_twice_gets_one_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = (socket.AF_INET, ("127.0.0.1", 0))
    monkeypatch.setattr(socket, "getaddrinfo", resolves_to(twice, twice))
    with opened(Bind(host="twice", port=0)) as sockets:
        assert len(sockets) == 1


def test_an_address_that_the_machine_does_not_have_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As with `localhost` on a machine that has IPv6 switched off; RFC 5737 gives it to nobody.
    nowhere, here = (socket.AF_INET, ("192.0.2.1", 0)), (socket.AF_INET, ("127.0.0.1", 0))
    monkeypatch.setattr(socket, "getaddrinfo", resolves_to(nowhere, here))
    with opened(Bind(host="half", port=0)) as [sock]:
        assert sock.getsockname()[0] == "127.0.0.1"


def test_a_family_that_the_system_does_not_know_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unknown, here = (socket.AF_APPLETALK, ("::1", 0)), (socket.AF_INET, ("127.0.0.1", 0))
    monkeypatch.setattr(socket, "getaddrinfo", resolves_to(unknown, here))
    with opened(Bind(host="half", port=0)) as [sock]:
        assert sock.getsockname()[0] == "127.0.0.1"


def test_a_port_that_is_free_on_one_address_only_is_chosen_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two = [(socket.AF_INET, (host, 0)) for host in ("127.0.0.1", "127.0.0.2")]
    monkeypatch.setattr(socket, "getaddrinfo", resolves_to(*two))
    taken: list[socket.socket] = []
    plain = socket.socket

    class Watched(socket.socket):
        def bind(self, address: Any) -> None:
            if address[0] == "127.0.0.2" and len(taken) < 3:
                # Somebody else was quicker on the other address.
                other = plain()
                taken.append(other)
                other.bind(address)
                other.listen()
            super().bind(address)

    with ExitStack() as closing, monkeypatch.context() as patch:
        patch.setattr(socket, "socket", Watched)
        with opened(Bind(host="two", port=0)) as sockets:
            ports = {sock.getsockname()[1] for sock in sockets}
            for sock in taken:
                closing.enter_context(sock)
            assert len(sockets) == 2
            assert len(ports) == 1
            assert ports.isdisjoint(sock.getsockname()[1] for sock in taken)
    assert len(taken) == 3


# What goes wrong.


def test_a_busy_port_is_named_and_nothing_stays_open() -> None:
    with opened(ANY) as [sock]:
        port = sock.getsockname()[1]
        count = count_sockets()
        with pytest.raises(OSError, match="cannot listen on") as caught:
            listen_tcp(Bind(port=port))
        assert count_sockets() == count
    assert caught.value.errno == errno.EADDRINUSE
    assert caught.value.strerror == f"cannot listen on 127.0.0.1:{port}: Address already in use"


def test_nothing_stays_open_if_one_address_of_a_name_is_busy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two = [(socket.AF_INET, (host, 0)) for host in ("127.0.0.1", "127.0.0.2")]
    monkeypatch.setattr(socket, "getaddrinfo", resolves_to(*two))
    with socket.create_server(("127.0.0.2", 0)) as busy:
        port = busy.getsockname()[1]
        count = count_sockets()
        with pytest.raises(OSError, match=rf"cannot listen on two:{port}: "):
            listen_tcp(Bind(host="two", port=port))
        assert count_sockets() == count


@pytest.mark.parametrize(
    ("bind", "message"),
    [
        (Bind(host="192.0.2.1", port=0), "cannot listen on 192.0.2.1:0: "),
        (Bind(host="2001:db8::1", port=80), "cannot listen on [2001:db8::1]:80: "),
        (Bind(host="no.such.host.invalid"), "cannot listen on no.such.host.invalid:8000: "),
        (Bind(host="double..dot", port=1), "cannot listen on double..dot:1: "),
        (Bind(host="a" * 64, port=1), f"cannot listen on {'a' * 64}:1: "),
        (Bind(host="/no/x.sock", port=0), "cannot listen on /no/x.sock:0: "),
        (Bind(port=65_536), "cannot listen on 127.0.0.1:65536: "),
        (Bind(port=-1), "cannot listen on 127.0.0.1:-1: "),
    ],
)
def test_what_cannot_be_had_is_an_os_error_that_names_it(bind: Bind, message: str) -> None:
    count = count_sockets()
    with pytest.raises(OSError, match=re.escape(message) + ".") as caught:
        listen_tcp(bind)
    assert caught.value.__cause__ is None
    assert count_sockets() == count
