"""What the kernel knows of a peer before anybody reads."""

import socket
import struct
from collections.abc import Callable

import pytest

from tremolo_transport.hangups import hung_up

from .conversations import tcp_sockets


def closes(client: socket.socket) -> None:
    client.close()


def half_closes(client: socket.socket) -> None:
    client.shutdown(socket.SHUT_WR)


def resets(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def test_nobody_has_hung_up_who_is_there_whether_he_speaks_or_not() -> None:
    client, server = tcp_sockets()
    with client, server:
        assert hung_up([server]) == []
        client.send(b"x")
        assert hung_up([server]) == []


@pytest.mark.parametrize("leave", [closes, half_closes, resets])
@pytest.mark.parametrize("unread", [b"", b"x" * 1_000], ids=["nothing unread", "unread"])
def test_a_peer_that_left_is_known_behind_what_nobody_has_read(
    leave: Callable[[socket.socket], None], unread: bytes
) -> None:
    client, server = tcp_sockets()
    other_client, other_server = tcp_sockets()
    with client, server, other_client, other_server:
        if unread:
            client.send(unread)
        leave(client)
        assert hung_up([other_server, server]) == [server]
        assert hung_up(iter([other_server])) == []
        if leave is not resets:
            assert server.recv(2_000) == unread


def test_a_socket_that_the_event_loop_has_closed_is_gone() -> None:
    client, server = tcp_sockets()
    other_client, other_server = tcp_sockets()
    with client, other_client:
        server.close()
        other_client.close()
        with other_server:
            assert hung_up([server, other_server]) == [server, other_server]
        assert hung_up([server]) == [server]


def test_nothing_is_asked_about_nobody() -> None:
    assert hung_up([]) == []
