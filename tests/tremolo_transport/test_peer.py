"""Who is at the other end."""

import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import anyio
import pytest
from anyio import EndOfStream
from anyio.abc import ByteStream, SocketAttribute, SocketStream

from tremolo_core import Headers
from tremolo_core.proxy_protocol import ProxyFamily, ProxyHeader
from tremolo_core.proxy_tlvs import ProxiedTLS, ProxyTLVs
from tremolo_transport.memory import memory_stream_pair
from tremolo_transport.peer import Address, Peer, address_of, peer_between, peer_of
from tremolo_transport.settings import Listener
from tremolo_transport.tls_session import TLSSession

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


def test_who_was_accepted_is_known_by_the_name_that_came_with_it() -> None:
    client, server = tcp_sockets()
    with client, server:
        found = peer_between(client.getsockname(), server)
        assert found == Peer(client=client.getsockname(), server=server.getsockname())
    # It may have been reset meanwhile.
    assert peer_between(("192.0.2.1", 80), server) == Peer()


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


# Where proxies tell of others.

SOCKET = Peer(client=("127.0.0.1", 50_000), server=("127.0.0.1", 8_000))
SESSION = TLSSession(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384")
HEADER = ProxyHeader(
    version=2,
    family=ProxyFamily.IPV4,
    source=("192.0.2.7", 1),
    destination=("192.0.2.80", 443),
)


def forwarded(peer: Peer, **fields: str) -> Peer:
    headers = Headers.of(
        (name.replace("_", "-").encode(), text.encode()) for name, text in fields.items()
    )
    return peer.forwarded(headers, Listener().forwarding)


def test_where_no_proxy_tells_of_others_a_peer_is_the_sockets() -> None:
    assert SOCKET.direct is SOCKET
    assert forwarded(SOCKET, host="a") is SOCKET


def test_tls_is_the_sockets_and_the_clients() -> None:
    peer = SOCKET.over_tls(SESSION)
    assert (peer.scheme, peer.tls, peer.direct) == ("https", SESSION, peer)
    assert (peer.client, peer.server) == (SOCKET.client, SOCKET.server)


def test_a_header_tells_of_both_ends() -> None:
    peer = SOCKET.told_by_header(HEADER)
    assert (peer.client, peer.server) == (("192.0.2.7", 1), ("192.0.2.80", 443))
    assert peer.proxy_header is HEADER
    assert peer.direct is SOCKET
    assert peer.scheme == "http"
    assert peer.over_tls(SESSION).direct == SOCKET.over_tls(SESSION)


def test_a_header_tells_of_the_tls_that_ends_at_the_proxy() -> None:
    tlvs = ProxyTLVs(tls=ProxiedTLS(version="TLSv1.3"))
    peer = SOCKET.told_by_header(replace(HEADER, tlvs=tlvs))
    assert (peer.scheme, peer.tls) == ("https", None)


@pytest.mark.parametrize(
    "header",
    [replace(HEADER, local=True), ProxyHeader(version=1)],
)
def test_a_header_that_tells_of_nobody_changes_nobody(header: ProxyHeader) -> None:
    peer = SOCKET.told_by_header(header)
    assert (peer.client, peer.server, peer.direct) == (SOCKET.client, SOCKET.server, peer)
    assert peer.proxy_header is header


def test_a_request_that_was_forwarded_is_its_senders() -> None:
    socket = SOCKET.over_tls(SESSION)
    peer = forwarded(socket, x_forwarded_for="192.0.2.7", x_forwarded_proto="http")
    assert (peer.client, peer.scheme) == (("192.0.2.7", None), "http")
    # The certificate that we see is the proxy's, and not the client's.
    assert peer.tls is None
    assert peer.direct is socket
    assert str(peer) == "192.0.2.7"


def test_behind_a_header_the_socket_is_still_the_truth() -> None:
    nearby = replace(HEADER, source=("127.0.0.2", 1))
    peer = forwarded(SOCKET.told_by_header(nearby), x_forwarded_for="192.0.2.7")
    assert peer.client == ("192.0.2.7", None)
    assert peer.direct is SOCKET
    assert peer.proxy_header is nearby
    stranger = SOCKET.told_by_header(HEADER)
    assert forwarded(stranger, x_forwarded_for="192.0.2.9") is stranger
