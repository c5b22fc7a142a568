"""A socket's transport on asyncio and uvloop; as a byte stream: see `test_asyncio_stream`."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tremolo_transport.socket_transport import SocketTransport

from .conversations import settle, tcp_sockets

pytestmark = pytest.mark.anyio

MUCH = bytes(20_000_000)
"""More than a kernel takes."""


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    if request.param:
        pytest.importorskip("uvloop")
    return "asyncio", {"use_uvloop": request.param}


class Notes(asyncio.Protocol):
    """Notes what it is told."""

    def __init__(self, *, stay: bool = True) -> None:
        self.stay = stay
        self.read = b""
        self.told: list[str] = []
        self.error: Exception | None = None

    def data_received(self, data: bytes) -> None:
        self.read += data

    def eof_received(self) -> bool:
        self.told.append("end of input")
        return self.stay

    def pause_writing(self) -> None:
        self.told.append("wait")

    def resume_writing(self) -> None:
        self.told.append("go on")

    def connection_lost(self, exc: Exception | None) -> None:
        self.told.append("lost")
        self.error = exc


class Ends:
    """A transport, its protocol, and the socket at the other end."""

    def __init__(self, *, stay: bool = True, buffers: int | None = None) -> None:
        self.peer, sock = tcp_sockets(buffers=buffers)
        self.notes = Notes(stay=stay)
        self.transport = SocketTransport(sock, self.notes, asyncio.get_running_loop())

    async def read_all(self, size: int) -> None:
        loop = asyncio.get_running_loop()
        while size > 0:
            size -= len(await loop.sock_recv(self.peer, 1 << 20))

    def reset(self) -> None:
        """Have the peer go in a way that no write can overlook."""
        self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.peer.close()


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    made = Ends()
    yield made
    made.transport.abort()
    made.peer.close()


async def test_what_has_come_already_is_read_without_the_loop(ends: Ends) -> None:
    ends.peer.send(b"first")
    assert not ends.transport.begin()
    assert ends.notes.read == b"first"
    ends.peer.send(b", second")
    await settle()
    assert not ends.transport.is_reading()
    assert ends.notes.read == b"first"
    ends.transport.resume_reading()
    await settle()
    assert ends.transport.is_reading()
    assert ends.notes.read == b"first, second"


async def test_what_comes_later_is_read_as_it_comes(ends: Ends) -> None:
    assert ends.transport.begin()
    for piece in (b"one", b", two"):
        ends.peer.send(piece)
        await settle()
    assert ends.notes.read == b"one, two"


async def test_nothing_is_read_in_a_pause(ends: Ends) -> None:
    ends.transport.begin()
    ends.transport.pause_reading()
    ends.transport.pause_reading()
    ends.peer.send(b"later")
    await settle()
    assert ends.notes.read == b""
    ends.transport.resume_reading()
    ends.transport.resume_reading()
    await settle()
    assert ends.notes.read == b"later"


@pytest.mark.parametrize("early", [False, True])
async def test_the_end_of_input_is_told_once_and_leaves_the_other_way_open(
    ends: Ends, early: bool
) -> None:
    if early:
        ends.peer.shutdown(socket.SHUT_WR)
    ends.transport.begin()
    ends.peer.shutdown(socket.SHUT_WR)
    await settle()
    assert ends.notes.told == ["end of input"]
    assert not ends.transport.is_reading()
    ends.transport.write(b"still here")
    assert ends.peer.recv(100) == b"still here"


async def test_a_protocol_that_does_not_want_that_has_it_closed() -> None:
    ends = Ends(stay=False)
    ends.peer.shutdown(socket.SHUT_WR)
    ends.transport.begin()
    assert ends.notes.told == ["end of input", "lost"]
    assert ends.peer.recv(100) == b""
    ends.peer.close()


async def test_a_reset_is_told_as_what_it_is(ends: Ends) -> None:
    ends.transport.begin()
    ends.reset()
    await settle()
    assert ends.notes.told == ["lost"]
    assert isinstance(ends.notes.error, ConnectionResetError)


async def test_so_is_one_that_a_write_finds(ends: Ends) -> None:
    ends.reset()
    ends.transport.write(b"to nobody")
    assert ends.notes.told == ["lost"]
    assert isinstance(ends.notes.error, OSError)
    assert ends.transport.is_closing()
    ends.transport.write(b"and nothing happens")
    assert ends.notes.told == ["lost"]


async def test_and_one_that_comes_while_something_waits(ends: Ends) -> None:
    ends.transport.write(MUCH)
    ends.reset()
    await settle()
    assert ends.notes.told == ["wait", "lost"]
    assert isinstance(ends.notes.error, OSError)


async def test_what_the_kernel_does_not_take_waits(ends: Ends) -> None:
    ends.transport.write(MUCH)
    assert ends.notes.told == ["wait"]
    assert 0 < ends.transport.get_write_buffer_size() < len(MUCH)
    ends.transport.write(b"more")
    await ends.read_all(len(MUCH) + 4)
    assert ends.notes.told == ["wait", "go on"]
    assert ends.transport.get_write_buffer_size() == 0


async def test_nobody_waits_for_a_little(ends: Ends) -> None:
    while not ends.transport.get_write_buffer_size():
        ends.transport.write(bytes(60_000))
    assert ends.notes.told == []
    ends.transport.set_write_buffer_limits(0)
    assert ends.notes.told == ["wait"]
    assert ends.transport.get_write_buffer_limits() == (0, 0)
    ends.transport.set_write_buffer_limits()
    assert ends.transport.get_write_buffer_limits() == (16_384, 65_536)
    ends.transport.set_write_buffer_limits(100, 10)
    assert ends.transport.get_write_buffer_limits() == (10, 100)


async def test_whoever_waits_goes_on_when_little_is_left() -> None:
    ends = Ends(buffers=65_536)
    ends.transport.set_write_buffer_limits(1_000_000, 900_000)
    ends.transport.write(bytes(3_000_000))
    while ends.notes.told == ["wait"]:
        await ends.read_all(1)
    assert ends.notes.told == ["wait", "go on"]
    assert 0 < ends.transport.get_write_buffer_size() <= 900_000
    ends.transport.abort()
    ends.peer.close()


async def test_a_half_close_comes_behind_what_was_written(ends: Ends) -> None:
    assert ends.transport.can_write_eof()
    ends.transport.write(MUCH)
    ends.transport.write_eof()
    ends.transport.write_eof()
    with pytest.raises(RuntimeError, match="behind the end"):
        ends.transport.write(b"too late")
    await ends.read_all(len(MUCH))
    await settle()
    assert ends.peer.recv(1) == b""
    ends.transport.begin()
    ends.peer.send(b"heard")
    await settle()
    assert ends.notes.read == b"heard"


async def test_a_half_close_comes_at_once_where_nothing_waits(ends: Ends) -> None:
    ends.transport.write_eof()
    assert ends.peer.recv(1) == b""


async def test_closing_is_at_once_where_nothing_waits(ends: Ends) -> None:
    ends.transport.begin()
    ends.transport.write(b"last")
    ends.transport.close()
    ends.transport.close()
    assert ends.notes.told == ["lost"]
    assert ends.notes.error is None
    assert ends.peer.recv(100) == b"last"
    assert ends.peer.recv(100) == b""
    ends.transport.resume_reading()
    ends.transport.write_eof()
    assert not ends.transport.is_reading()


async def test_closing_waits_for_what_was_written_and_reads_no_more(ends: Ends) -> None:
    ends.transport.begin()
    ends.transport.write(MUCH)
    ends.transport.close()
    assert ends.transport.is_closing()
    assert not ends.transport.is_reading()
    await ends.read_all(len(MUCH))
    await settle()
    assert ends.notes.told == ["wait", "go on", "lost"]
    assert ends.notes.error is None
    assert ends.peer.recv(1) == b""


async def test_aborting_drops_what_was_written(ends: Ends) -> None:
    ends.transport.write(MUCH)
    ends.transport.abort()
    ends.transport.abort()
    assert ends.notes.told == ["wait", "lost"]
    assert ends.transport.get_write_buffer_size() == 0


async def test_it_knows_its_socket_and_names(ends: Ends) -> None:
    known: dict[str, Any] = {
        name: ends.transport.get_extra_info(name, "unknown")
        for name in ("sockname", "peername", "cipher")
    }
    assert known["sockname"] == ends.peer.getpeername()
    assert known["peername"] == ends.peer.getsockname()
    assert known["cipher"] == "unknown"
    assert ends.transport.get_extra_info("socket").family is socket.AF_INET
    ends.transport.abort()
    assert ends.transport.get_extra_info("sockname") is None


async def test_parts_are_sent_in_order_and_what_is_not_taken_waits_uncopied() -> None:
    made = Ends(buffers=65_536)
    made.transport.writelines([b"a" * 10, b"", b"b" * 20])
    assert not made.transport.get_write_buffer_size()
    large = [bytes([number]) * 300_000 for number in range(100)]
    made.transport.writelines(large)
    left = made.transport.get_write_buffer_size()
    assert 0 < left < 30_000_000
    made.transport.writelines([b"c" * 5])
    made.transport.write(b"d")
    assert made.transport.get_write_buffer_size() == left + 6
    assert made.notes.told == ["wait"]
    got = bytearray()
    expected = b"a" * 10 + b"b" * 20 + b"".join(large) + b"cccccd"
    loop = asyncio.get_running_loop()
    while len(got) < len(expected):
        got += await loop.sock_recv(made.peer, 1 << 20)
    assert got == expected
    assert not made.transport.get_write_buffer_size()
    assert made.notes.told == ["wait", "go on"]
    made.transport.abort()
    made.peer.close()


async def test_parts_behind_the_end_are_refused_and_behind_a_close_dropped(ends: Ends) -> None:
    ends.transport.write_eof()
    with pytest.raises(RuntimeError, match="behind the end"):
        ends.transport.writelines([b"more"])
    ends.transport.close()
    ends.transport.abort()
    closed = Ends()
    closed.transport.close()
    closed.transport.writelines([b"more"])
    closed.peer.setblocking(True)
    assert closed.peer.recv(10) == b""
    closed.peer.close()


async def test_parts_for_a_peer_that_has_gone_end_it(ends: Ends) -> None:
    ends.reset()
    for _ in range(2):
        ends.transport.writelines([b"one", b"two"])
    assert ends.notes.told == ["lost"]
    assert isinstance(ends.notes.error, OSError)
