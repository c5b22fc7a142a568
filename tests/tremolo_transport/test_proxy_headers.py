"""Reading a PROXY header from a socket, and leaving all that is behind it."""

import socket
from collections.abc import Iterator

import anyio
import pytest

from tremolo_core.proxy_protocol import ProxyHeader
from tremolo_transport.admission import NotAdmitted
from tremolo_transport.proxy_headers import receive_proxy_header

from .conversations import settle
from .over_sockets import PATIENCE

pytestmark = pytest.mark.anyio

LINE = b"PROXY TCP4 192.0.2.7 192.0.2.80 50000 443\r\n"
BINARY = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc0\x00\x02\x50\xc3\x50\x01\xbb"


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    proxy, ours = socket.socketpair()
    with proxy, ours:
        ours.setblocking(False)
        yield proxy, ours


async def header_of(sock: socket.socket) -> ProxyHeader:
    with anyio.fail_after(PATIENCE):
        return await receive_proxy_header(sock)


@pytest.mark.parametrize("header", [LINE, BINARY], ids=["v1", "v2"])
@pytest.mark.parametrize("behind", [b"", b"GET / HTTP/1.1\r\n", b"\x16\x03\x01" + bytes(5_000)])
async def test_not_a_byte_behind_it_is_taken(
    pair: tuple[socket.socket, socket.socket], header: bytes, behind: bytes
) -> None:
    proxy, ours = pair
    proxy.sendall(header + behind)
    proxy.shutdown(socket.SHUT_WR)
    found = await header_of(ours)
    assert found.source == ("192.0.2.7", 50_000)
    assert found.destination == ("192.0.2.80", 443)
    ours.setblocking(True)
    left = b""
    while data := ours.recv(10_000):
        left += data
    assert left == behind


@pytest.mark.parametrize("header", [LINE, BINARY], ids=["v1", "v2"])
async def test_it_may_come_byte_by_byte(
    pair: tuple[socket.socket, socket.socket], header: bytes
) -> None:
    proxy, ours = pair
    found: list[ProxyHeader] = []

    async def read() -> None:
        found.append(await header_of(ours))

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        for byte in header:
            assert found == []
            proxy.sendall(bytes((byte,)))
            await settle()
    assert found[0].source == ("192.0.2.7", 50_000)
    with pytest.raises(BlockingIOError):
        ours.recv(1)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GET / HTTP/1.1\r\n", "it sent no PROXY header, where one is expected"),
        (b"PROXY nonsense\r\n", "it sent a malformed PROXY line"),
        (b"\x16\x03\x01", "it sent no PROXY header, where one is expected"),
    ],
)
async def test_anything_else_is_refused(
    pair: tuple[socket.socket, socket.socket], data: bytes, reason: str
) -> None:
    proxy, ours = pair
    proxy.sendall(data)
    with pytest.raises(NotAdmitted) as caught:
        await header_of(ours)
    assert caught.value.reason == reason


@pytest.mark.parametrize("data", [b"", b"PROXY TCP4"])
async def test_so_is_who_leaves_before_its_end(
    pair: tuple[socket.socket, socket.socket], data: bytes
) -> None:
    proxy, ours = pair
    proxy.sendall(data)
    proxy.close()
    with pytest.raises(NotAdmitted) as caught:
        await header_of(ours)
    assert caught.value.reason == "it left before the end of its PROXY header"
    assert caught.value.usual is (not data)
