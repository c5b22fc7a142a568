"""Uploads of any size, and events to many clients, in flat memory.

`TREMOLO_LOAD=full` takes them to their full size: 2 GiB, and 10,000 events for
each of 500 clients.
"""

import importlib.util
import os
import selectors
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from .conftest import LOOPS
from .running import Program, connect, read_answer, running

pytestmark = pytest.mark.skipif(
    not os.path.exists("/proc/self/status") or importlib.util.find_spec("multipart") is None,
    reason="only Linux tells how much memory was used, and forms need the extra `forms`",
)

MIB = 1 << 20
FULL = os.environ.get("TREMOLO_LOAD") == "full"
UPLOAD = 2_048 * MIB if FULL else 64 * MIB
CLIENTS, EVENTS = (500, 10_000) if FULL else (30, 100)

FLAT = 20 * MIB
"""What a program may take more, however much goes through it."""


@pytest.fixture(params=LOOPS)
def streaming_program(request: pytest.FixtureRequest) -> Iterator[Program]:
    with running(request.param, module="tests.load.streaming_program") as program:
        yield program


def post_form(program: Program, path: str, size: int) -> bytes:
    """The answer to a form with one file of so many bytes."""
    head = b'--XbX\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n'
    end = b"\r\n--XbX--\r\n"
    piece = bytes(range(256)) * (MIB // 256)
    with connect(program) as sock:
        sock.sendall(
            b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=XbX\r\n"
            b"Content-Length: %d\r\n\r\n" % (path.encode(), len(head) + size + len(end)) + head
        )
        for _ in range(size // len(piece)):
            sock.sendall(piece)
        sock.sendall(end)
        return read_answer(sock)[1]


def test_a_file_goes_to_disk_and_is_never_held(streaming_program: Program) -> None:
    post_form(streaming_program, "/upload", MIB)
    before = streaming_program.most_memory
    assert post_form(streaming_program, "/upload", UPLOAD) == b"[%d]" % UPLOAD
    assert streaming_program.most_memory - before < FLAT


def test_a_file_in_dictionaries_is_held_only_in_part(streaming_program: Program) -> None:
    post_form(streaming_program, "/files", MIB)
    before = streaming_program.most_memory
    assert post_form(streaming_program, "/files", UPLOAD) == b"%d" % UPLOAD
    assert streaming_program.most_memory - before < FLAT


def test_events_for_many_clients(streaming_program: Program) -> None:
    assert count_events(streaming_program, CLIENTS, 1) == CLIENTS
    before = streaming_program.most_memory
    assert count_events(streaming_program, CLIENTS, EVENTS) == CLIENTS * EVENTS
    assert streaming_program.most_memory - before < FLAT


def count_events(program: Program, clients: int, each: int) -> int:
    """How many events so many clients read to the end of their streams."""
    counted = 0
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        for _ in range(clients):
            sock: socket.socket = stack.enter_context(connect(program))
            sock.sendall(b"GET /events/%d HTTP/1.0\r\n\r\n" % each)
            selector.register(sock, selectors.EVENT_READ, [b""])
        while selector.get_map():
            for key, _ in selector.select():
                assert isinstance(key.fileobj, socket.socket)
                data = key.fileobj.recv(65_536)
                if not data:
                    selector.unregister(key.fileobj)
                # What is searched for may be cut anywhere.
                whole = key.data[0] + data
                counted += whole.count(b"data: message")
                key.data[0] = whole[-12:]
    return counted
