"""Who is at the other end."""

import socket
from collections.abc import Callable, Mapping
from typing import Any

import anyio
import pytest
from anyio import EndOfStream
from anyio.abc import ByteStream, SocketAttribute, SocketStream

from tremolo_transport.memory import memory_stream_pair
from tremolo_transport.peer import Address, Peer, address_of, peer_of

from .conversations import tcp_sockets

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("client", "text"),
    [
        (None, "a client without an address"),
        (("192.0.2.1", 80), "192.0.2.1:80"),
        (("2001:db8::1", 80), "[2001:db8::1]:80"),
        (("/run/a.sock", None), "/run/a.sock"),
    ],
)
def test_a_peer_is_named_as_in_a_url(client: Address | None, text: str) -> None:
    assert str(Peer(client=client)) == text


@pytest.mark.parametrize(
    ("name", "address"),
    [
        (None, None),
        ("", None),
        ("/run/a.sock", ("/run/a.sock", None)),
        (("127.0.0.1", 80), ("127.0.0.1", 80)),
        (("::1", 80, 0, 0), ("::1", 80)),
        (("::ffff:192.0.2.1", 80, 0, 0), ("192.0.2.1", 80)),
        (("::ffff:0:1", 80, 0, 0), ("::ffff:0:1", 80)),
        (b"", None),
        (b"\0name", ("@name", None)),
    ],
)
def test_an_address_is_a_host_with_a_port_or_a_path(name: Any, address: Address | None) -> None:
    assert address_of(name) == address


async def test_a_socket_knows_its_two_ends() -> None:
    client, server = tcp_sockets()
    with client:
        expected = Peer(client=client.getsockname(), server=server.getsockname())
        async with await SocketStream.from_socket(server) as stream:
            assert peer_of(stream) == expected
            assert peer_of(stream).scheme == "http"
            assert isinstance(peer_of(stream).server, tuple)


async def test_a_unix_socket_has_one_name_at_most(tmp_path: Any) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        async with await anyio.connect_unix(path) as stream:
            assert peer_of(stream) == Peer(client=(path, None))


def test_memory_has_no_addresses() -> None:
    assert peer_of(memory_stream_pair()[0]) == Peer()


async def test_a_socket_that_was_reset_before_anybody_asked_has_no_ends() -> None:
    class Reset(ByteStream):
        """What is left of a stream whose descriptor the event loop has closed."""

        async def receive(self, max_bytes: int = 65_536) -> bytes:
            raise EndOfStream

        async def send(self, item: bytes) -> None: ...

        async def send_eof(self) -> None: ...

        async def aclose(self) -> None: ...

        @property
        def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
            closed = socket.socket()
            closed.close()
            return {
                SocketAttribute.remote_address: lambda: ("192.0.2.1", 80),
                SocketAttribute.local_address: closed.getsockname,
            }

    assert peer_of(Reset()) == Peer()
