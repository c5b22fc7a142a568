"""How much the kernel holds unsent, of the connections of a server and of a WebSocket."""

import socket
import sys

import anyio
import pytest
from anyio.abc import SocketAttribute

from tests.tremolo_core.framing import handshake
from tremolo_core import AcceptWebSocket
from tremolo_transport.exchange import Exchange
from tremolo_transport.memory import memory_stream_pair
from tremolo_transport.send_queues import keep_short, let_grow
from tremolo_transport.settings import ServerSettings
from tremolo_transport.streams import Transport

from .conversations import conversation, tcp_pair

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(
        not hasattr(socket, "TCP_NOTSENT_LOWAT"), reason="the system has no such limit"
    ),
]


def most_unsent(sock: socket.socket) -> int:
    found = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 4)
    return int.from_bytes(found, sys.byteorder)


def test_connections_have_the_limit_of_their_listener() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        keep_short(listener)
        with socket.create_connection(listener.getsockname()) as client:
            accepted, _ = listener.accept()
            with accepted:
                assert most_unsent(accepted) == 262_144
                assert most_unsent(client) != 262_144


async def test_a_websocket_may_fill_the_send_buffer() -> None:
    async with tcp_pair(Transport.NATIVE)() as (_, server):
        sock = server.extra(SocketAttribute.raw_socket)
        keep_short(sock)
        let_grow(server)
        assert most_unsent(sock) == 0xFFFFFFFF


async def test_that_begins_when_it_is_accepted() -> None:
    found: list[int] = []
    accepted = anyio.Event()

    async def accept(exchange: Exchange) -> None:
        sock = talk.driver.stream.extra(SocketAttribute.raw_socket)
        keep_short(sock)
        await exchange.send(AcceptWebSocket())
        found.append(most_unsent(sock))
        accepted.set()

    settings = ServerSettings(websockets=True)
    async with conversation(
        accept, settings=settings, make_pair=tcp_pair(Transport.NATIVE)
    ) as talk:
        await talk.client.send(handshake())
        await accepted.wait()
    assert found == [0xFFFFFFFF]


async def test_where_there_is_no_such_socket_nothing_happens() -> None:
    one, _ = memory_stream_pair()
    let_grow(one)
    unix, other = socket.socketpair()
    with unix, other:
        keep_short(unix)
    keep_short(unix)
