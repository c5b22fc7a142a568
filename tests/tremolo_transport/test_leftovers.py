"""What of an unread message is read before its connection goes on; the rest is in `test_driver`."""

import anyio
import pytest

from tremolo_core import (
    AcceptWebSocket,
    CloseWebSocket,
    Closing,
    Connection,
    EndOfMessage,
    Response,
    State,
)
from tremolo_transport.leftovers import await_close, drain
from tremolo_transport.link import Link
from tremolo_transport.memory import memory_stream_pair

from .conversations import settle

pytestmark = pytest.mark.anyio

CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def asked(request: bytes) -> Connection:
    connection = Connection()
    connection.receive_data(request)
    connection.next_event()
    return connection


def post(length: int) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % length


async def drained(request: bytes, *, still_to_come: bytes = b"") -> tuple[bool, Connection]:
    connection = asked(request)
    connection.send(Response(status=204), EndOfMessage())
    client, server = memory_stream_pair()
    if still_to_come:
        await client.send(still_to_come)
    await client.send_eof()
    return await drain(Link(server, connection)), connection


@pytest.mark.parametrize("size", [0, 1, 65_536])
async def test_a_little_is_read(size: int) -> None:
    kept, connection = await drained(post(size), still_to_come=bytes(size))
    assert kept
    assert connection.client_state is State.DONE


async def test_much_is_not() -> None:
    kept, connection = await drained(post(65_537))
    assert not kept
    assert connection.client_state is State.SEND_BODY


async def test_what_has_come_counts_for_nothing() -> None:
    kept, _ = await drained(post(65_546) + bytes(10), still_to_come=bytes(65_536))
    assert kept


@pytest.mark.parametrize(("rest", "kept"), [(b"0\r\n\r\n", True), (b"", False), (b"no\r\n", False)])
async def test_of_chunks_only_those_that_are_there(rest: bytes, kept: bool) -> None:
    assert (await drained(CHUNKED + rest))[0] is kept


async def test_a_peer_that_leaves_meanwhile_sends_nothing_else() -> None:
    kept, _ = await drained(post(10), still_to_come=b"half")
    assert not kept


CLOSE = b"\x88\x82\0\0\0\0\x03\xe8"
"""Of a client, with 1000."""


@pytest.mark.parametrize(
    ("frames", "closing"),
    [
        (b"\x81\x81\0\0\0\0a" + CLOSE, Closing.NOW),
        (b"\x81\x01a", Closing.LINGER),
    ],
    ids=["its close", "a bad frame"],
)
async def test_the_peer_of_a_websocket_is_read_until_it_is_closed(
    frames: bytes, closing: Closing
) -> None:
    connection = asked(HANDSHAKE)
    connection.send(AcceptWebSocket())
    connection.send(CloseWebSocket(code=1000))
    client, server = memory_stream_pair()
    link = Link(server, connection)
    link.framed = True
    async with anyio.create_task_group() as group:
        group.start_soon(await_close, link)
        await settle()
        assert connection.closing is Closing.NO
        await client.send(frames)
    assert connection.closing is closing
