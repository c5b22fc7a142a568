"""What a stream says of its socket."""

import socket
from typing import Any

from anyio.abc import SocketAttribute

from tremolo_transport.socket_attributes import attributes_of


def told(sock: socket.socket) -> dict[Any, Any]:
    return {attribute: find() for attribute, find in attributes_of(sock).items()}


def test_a_socket_of_ip_version_6_without_its_scope() -> None:
    with (
        socket.create_server(("::1", 0), family=socket.AF_INET6) as listener,
        socket.create_connection(listener.getsockname()[:2]) as sock,
    ):
        found = told(sock)
        assert found[SocketAttribute.raw_socket] is sock
        assert found[SocketAttribute.family] is socket.AF_INET6
        assert found[SocketAttribute.local_address] == sock.getsockname()[:2]
        assert found[SocketAttribute.remote_address] == listener.getsockname()[:2]


def test_a_name_that_is_no_pair() -> None:
    one, other = socket.socketpair()
    with one, other:
        assert told(one)[SocketAttribute.local_address] == ""


def test_a_socket_that_is_closed_has_no_names() -> None:
    one, other = socket.socketpair()
    one.close()
    other.close()
    found = told(one)
    assert found[SocketAttribute.family] is socket.AF_UNIX
    assert found[SocketAttribute.local_address] is None
    assert found[SocketAttribute.remote_address] is None
