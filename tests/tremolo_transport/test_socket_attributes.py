"""What a stream says of its socket, from what asyncio's transports say."""

import asyncio
import socket
from typing import Any

import pytest
from anyio.abc import SocketAttribute

from tremolo_transport.socket_attributes import attributes_of


def told(**known: Any) -> dict[Any, Any]:
    """All that is told of a transport that knows this."""
    attributes = attributes_of(asyncio.BaseTransport(known))
    return {attribute: find() for attribute, find in attributes.items()}


def test_a_socket_of_ip_version_6_without_its_scope() -> None:
    with socket.socket(socket.AF_INET6) as sock:
        found = told(socket=sock, sockname=("::1", 80, 0, 0), peername=("fe80::1", 1_234, 0, 3))
    assert found[SocketAttribute.raw_socket] is sock
    assert found[SocketAttribute.family] is socket.AF_INET6
    assert found[SocketAttribute.local_address] == ("::1", 80)
    assert found[SocketAttribute.remote_address] == ("fe80::1", 1_234)


@pytest.mark.parametrize("name", ["/run/a.socket", "", None])
def test_a_name_that_is_no_pair(name: str | None) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        found = told(socket=sock, sockname=name)
    assert found[SocketAttribute.local_address] == name
