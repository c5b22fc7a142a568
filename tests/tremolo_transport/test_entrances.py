"""What a listener asks of new connections, before their first request."""

import asyncio
import logging
import socket
import ssl

import anyio
import pytest
from anyio.abc import ByteStream

from tremolo_core.trusted_proxies import TrustedProxies
from tremolo_transport.asyncio_arrivals import watches_sockets
from tremolo_transport.entrances import Entrance
from tremolo_transport.native_stream import NativeStream
from tremolo_transport.peer import Peer
from tremolo_transport.refusals import RefusalLog
from tremolo_transport.settings import NEARBY, Listener
from tremolo_transport.streams import Transport
from tremolo_transport.tls_contexts import TLSContext
from tremolo_transport.tls_stream import TLSStream

from .certificates import HOST, client_context, server_context
from .conversations import settle, tcp_sockets
from .over_sockets import PATIENCE, open_sockets

pytestmark = pytest.mark.anyio

LINE = b"PROXY TCP4 192.0.2.7 192.0.2.80 50000 443\r\n"

NOBODY = TrustedProxies()


def entrance(listener: Listener) -> Entrance:
    context = TLSContext(server_context()) if listener.tls is not None else None
    return Entrance(listener, context=context, transport=Transport.NATIVE, refusals=RefusalLog())


async def admitted(listener: Listener, sock: socket.socket) -> tuple[ByteStream, Peer]:
    with anyio.fail_after(PATIENCE):
        found = await entrance(listener).admit(sock)
    assert found is not None
    return found


async def test_nothing_is_asked_untold() -> None:
    client, sock = tcp_sockets()
    with client:
        stream, peer = await admitted(Listener(), sock)
        async with stream:
            assert peer == Peer(client=client.getsockname(), server=client.getpeername())
            assert peer.direct is peer


@pytest.mark.parametrize(
    "listener", [Listener(proxy_protocol=NEARBY), Listener(tls=server_context())]
)
async def test_where_something_is_asked_nobody_is_admitted_at_once(listener: Listener) -> None:
    client, sock = tcp_sockets()
    with client, sock:
        assert entrance(listener).admit_at_once(sock, client.getsockname()) is None


async def test_whoever_is_asked_nothing_is_admitted_at_once_but_by_uvloop() -> None:
    client, sock = tcp_sockets()
    with client, sock:
        expected = Peer(client=client.getsockname(), server=client.getpeername())
        found = entrance(Listener()).admit_at_once(sock, client.getsockname())
        if found is None:
            assert not watches_sockets(asyncio.get_running_loop())
        else:
            stream, peer = found
            async with stream:
                assert peer == expected


async def test_a_proxy_tells_of_both_ends() -> None:
    client, sock = tcp_sockets()
    with client:
        client.sendall(LINE + b"GET")
        stream, peer = await admitted(Listener(proxy_protocol=NEARBY), sock)
        async with stream:
            assert peer.client == ("192.0.2.7", 50_000)
            assert peer.server == ("192.0.2.80", 443)
            assert peer.scheme == "http"
            assert peer.proxy_header is not None
            assert peer.direct == Peer(client=client.getsockname(), server=client.getpeername())
            assert await stream.receive() == b"GET"


@pytest.mark.parametrize("line", [b"PROXY UNKNOWN\r\n", b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"])
async def test_a_proxy_that_speaks_for_itself_is_the_client(line: bytes) -> None:
    client, sock = tcp_sockets()
    with client:
        client.sendall(line)
        stream, peer = await admitted(Listener(proxy_protocol=NEARBY), sock)
        async with stream:
            assert peer.client == client.getsockname()
            assert peer.proxy_header is not None
            assert peer.direct is peer


async def connect_tls(client: socket.socket, first: bytes = b"") -> ssl.SSLSocket:
    """In a thread: a handshake of the standard library's."""

    def connect() -> ssl.SSLSocket:
        client.setblocking(True)
        client.sendall(first)
        return client_context().wrap_socket(client, server_hostname=HOST)

    return await anyio.to_thread.run_sync(connect)


@pytest.mark.parametrize("first", [b"", LINE])
async def test_tls_comes_behind_the_header(first: bytes) -> None:
    client, sock = tcp_sockets()
    names = client.getsockname(), client.getpeername()
    found: list[tuple[ByteStream, Peer]] = []
    listener = Listener(tls=server_context(), proxy_protocol=NEARBY if first else None)

    async def admit() -> None:
        found.append(await admitted(listener, sock))

    async with anyio.create_task_group() as group:
        group.start_soon(admit)
        secured = await connect_tls(client, first)
    [(stream, peer)] = found
    with secured:
        async with stream:
            assert isinstance(stream, TLSStream)
            assert peer.scheme == "https"
            assert peer.tls is not None
            assert peer.tls.version == secured.version()
            assert peer.client == (("192.0.2.7", 50_000) if first else names[0])
            assert peer.direct.client == names[0]
            assert peer.direct.tls == peer.tls
            secured.sendall(b"hello")
            assert await stream.receive() == b"hello"


@pytest.mark.parametrize(
    ("listener", "data", "reason"),
    [
        (Listener(proxy_protocol=NOBODY), LINE, "it is none of the proxies that may connect"),
        (Listener(proxy_protocol=NEARBY), b"GET / ", "it sent no PROXY header, where one is"),
        (Listener(tls=server_context()), b"\x16nonsense", "its TLS handshake failed: "),
        (Listener(tls=server_context()), b"\0", "it speaks something that is not TLS"),
    ],
)
async def test_who_is_not_admitted_is_closed_and_said_in_one_line(
    listener: Listener, data: bytes, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    count = open_sockets()
    client, sock = tcp_sockets()
    name = "{}:{}".format(*client.getsockname())
    client.sendall(data)
    client.shutdown(socket.SHUT_WR)
    with caplog.at_level(logging.INFO, logger="tremolo"), anyio.fail_after(PATIENCE):
        assert await entrance(listener).admit(sock) is None
        client.close()
        while open_sockets() > count:
            await settle()
    [record] = [record for record in caplog.records if record.name == "tremolo.server"]
    assert (record.levelname, record.exc_info) == ("INFO", None)
    assert record.getMessage().startswith(f"refused {name}: {reason}")
    assert record.getMessage().endswith("; closed the connection")


@pytest.mark.parametrize(
    "listener", [Listener(proxy_protocol=NEARBY), Listener(tls=server_context())]
)
async def test_who_only_looks_whether_the_port_is_open_is_not_said(
    listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    client, sock = tcp_sockets()
    client.close()
    with caplog.at_level(logging.INFO, logger="tremolo"), anyio.fail_after(PATIENCE):
        assert await entrance(listener).admit(sock) is None
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("listener", "what"),
    [
        (Listener(proxy_protocol=NEARBY, proxy_timeout=0.05), "PROXY header"),
        (Listener(tls=server_context(), handshake_timeout=0.05), "TLS handshake"),
    ],
)
async def test_who_takes_too_long_is_closed(
    listener: Listener, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    client, sock = tcp_sockets()
    with client, caplog.at_level(logging.INFO, logger="tremolo"), anyio.fail_after(PATIENCE):
        assert await entrance(listener).admit(sock) is None
        await anyio.wait_readable(client)
        assert client.recv(1) == b""
    assert f"it took too long with its {what}; closed the connection" in caplog.text


@pytest.mark.parametrize(
    "listener", [Listener(proxy_protocol=NEARBY), Listener(tls=server_context())]
)
async def test_who_is_on_its_way_can_be_hurried(listener: Listener) -> None:
    client, sock = tcp_sockets()
    way = entrance(listener)
    results: list[object] = []

    async def admit() -> None:
        results.append(await way.admit(sock))

    with client, anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            group.start_soon(admit)
            await settle()
            assert results == []
            way.hurry(0)
    assert results == [None]


@pytest.mark.parametrize(
    "listener", [Listener(proxy_protocol=NEARBY), Listener(tls=server_context())]
)
async def test_a_cancellation_leaves_no_socket_behind(listener: Listener) -> None:
    count = open_sockets()
    client, sock = tcp_sockets()
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            group.start_soon(entrance(listener).admit, sock)
            await settle()
            group.cancel_scope.cancel()
        client.close()
        del sock
        while open_sockets() > count:
            await settle()


async def test_the_stream_is_the_one_that_was_asked_for() -> None:
    client, sock = tcp_sockets()
    with client:
        way = Entrance(Listener(), context=None, transport=Transport.ANYIO, refusals=RefusalLog())
        found = await way.admit(sock)
        assert found is not None
        async with found[0] as stream:
            assert not isinstance(stream, NativeStream)


async def test_whoever_is_on_the_way_can_be_turned_away(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    client, sock = tcp_sockets()
    other, late = tcp_sockets()
    way_in = entrance(Listener(proxy_protocol=NEARBY))
    found: list[object] = []

    async def admit(sock: socket.socket) -> None:
        found.append(await way_in.admit(sock))

    with client, other, anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            group.start_soon(admit, sock)
            await settle()
            assert not found
            way_in.cancel()
        await admit(late)
        assert found == [None, None]
        assert client.recv(1) == other.recv(1) == b""
    assert not caplog.records
