"""What is read of a socket without its event loop."""

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from tremolo_transport.socket_reading import read_bytes, read_view


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a TCP connection, of which the second does not wait."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dialled = socket.create_connection(listener.getsockname())
        accepted, _ = listener.accept()
    accepted.setblocking(False)
    with dialled, accepted:
        yield dialled, accepted


def until_read(sock: socket.socket, most: int) -> bytes:
    """What is read once something has come: loopback takes a moment."""
    sock.setblocking(True)
    sock.recv(1, socket.MSG_PEEK)
    sock.setblocking(False)
    return read_bytes(sock, most)


def test_no_more_than_was_asked_for(pair: tuple[socket.socket, socket.socket]) -> None:
    client, served = pair
    client.sendall(b"hello")
    assert until_read(served, 2) == b"he"
    assert read_bytes(served, 100) == b"llo"


def test_nothing_has_come(pair: tuple[socket.socket, socket.socket]) -> None:
    assert read_bytes(pair[1], 100) == b""


def test_the_end_is_still_there(pair: tuple[socket.socket, socket.socket]) -> None:
    client, served = pair
    client.shutdown(socket.SHUT_WR)
    assert until_read(served, 100) == b""
    served.setblocking(True)
    assert served.recv(1) == b""


def test_a_connection_that_was_reset(pair: tuple[socket.socket, socket.socket]) -> None:
    client, served = pair
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    with pytest.raises(ConnectionResetError):
        read_bytes(served, 100)


def test_each_thread_has_memory_of_its_own(pair: tuple[socket.socket, socket.socket]) -> None:
    client, served = pair
    client.sendall(b"onetwo")
    assert until_read(served, 0) == b""
    views = [read_view(served, 3)]
    thread = threading.Thread(target=lambda: views.append(read_view(served, 3)))
    thread.start()
    thread.join()
    assert [bytes(view) for view in views] == [b"one", b"two"]


def test_a_view_is_of_memory_that_is_used_again(pair: tuple[socket.socket, socket.socket]) -> None:
    client, served = pair
    client.sendall(b"hello!")
    assert until_read(served, 1) == b"h"
    view = read_view(served, 3)
    assert bytes(view) == b"ell"
    assert bytes(read_view(served, 2)) == b"o!"
    assert bytes(view) == b"o!l"
    assert bytes(read_view(served, 100)) == b""
    client.close()
    served.setblocking(True)
    assert bytes(read_view(served, 100)) == b"", "the end, which the event loop tells of"


def test_what_is_wrong_is_raised_with_a_view_too(pair: tuple[socket.socket, socket.socket]) -> None:
    client, served = pair
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    served.setblocking(True)
    with pytest.raises(ConnectionResetError):
        read_view(served, 100)
