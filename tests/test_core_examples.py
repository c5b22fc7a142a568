"""The examples that use the core alone, run as the programs they are."""

import ast
import asyncio
import http.client
import runpy
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.tremolo_core.framing import close_frame, handshake

EXAMPLES = Path(__file__).parents[1] / "examples" / "core"
HTTP = ("asyncio_protocol", "blocking_server")


@contextmanager
def running(name: str) -> Iterator[tuple[str, int]]:
    """Run an example; yields its host and port."""
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url = urlsplit(process.stdout.readline().strip())
            assert url.hostname is not None
            assert url.port is not None
            yield url.hostname, url.port
        finally:
            process.kill()


@pytest.fixture(scope="module", params=HTTP)
def http_server(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    with running(request.param) as address:
        yield address


def converse(address: tuple[str, int], data: bytes, *, piece: int | None = None) -> bytes:
    """All that the server answers to these bytes and then the end."""
    with socket.create_connection(address, timeout=60) as client:
        for start in range(0, len(data), piece or len(data)):
            client.sendall(data[start : start + (piece or len(data))])
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65_536), b""))


def test_requests_on_one_connection(http_server: tuple[str, int]) -> None:
    client = http.client.HTTPConnection(*http_server, timeout=60)
    for method, body in (("GET", None), ("POST", b"x" * 100_000), ("HEAD", None)):
        client.request(method, "/hello", body)
        response = client.getresponse()
        assert response.status == 200
        assert response.getheader("content-type") == "text/plain"
        assert bool(response.read()) is (method != "HEAD")
    client.close()


def test_pipelined_requests_one_byte_at_a_time(http_server: tuple[str, int]) -> None:
    get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    answers = converse(http_server, get * 3, piece=1)
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 3


def test_a_client_that_breaks_the_rules_is_told(http_server: tuple[str, int]) -> None:
    answer = converse(http_server, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b"\n")


def test_the_last_request_says_so(http_server: tuple[str, int]) -> None:
    with socket.create_connection(http_server, timeout=60) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nConnection: close\r\n" in answer


def test_who_waits_to_be_told_so_sends_its_body(http_server: tuple[str, int]) -> None:
    with socket.create_connection(http_server, timeout=60) as client:
        client.sendall(
            b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
            b"Connection: close\r\nContent-Length: 5\r\n\r\n"
        )
        assert client.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"hello")
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


def test_who_does_not_read_the_answers_may_not_ask_on() -> None:
    hello: type[asyncio.Protocol] = runpy.run_path(str(EXAMPLES / "asyncio_protocol.py"))["Hello"]
    answer = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nHello world!"
    )

    async def main() -> None:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            for each in (ours, theirs):
                each.setblocking(False)
                each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
            transport, _ = await loop.create_connection(hello, sock=ours)
            asked = 0
            while transport.is_reading():
                await loop.sock_sendall(theirs, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 10)
                asked += 10
                assert asked < 10_000
            answers = b""
            while len(answers) < len(answer) * asked:
                answers += await loop.sock_recv(theirs, 1_000_000)
            assert answers == answer * asked
            theirs.shutdown(socket.SHUT_WR)
            assert await loop.sock_recv(theirs, 1) == b""

    asyncio.run(asyncio.wait_for(main(), 60))


def test_what_was_said_is_repeated() -> None:
    with running("blocking_server") as address:
        client = http.client.HTTPConnection(*address, timeout=60)
        client.request("POST", "/you", iter([b"good ", b"morning"]), encode_chunked=True)
        assert client.getresponse().read() == b"You said good morning to /you.\n"
        client.close()


def test_but_not_if_it_is_more_than_a_thread_should_hold() -> None:
    with running("blocking_server") as address:
        post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n"
        assert converse(address, post).startswith(b"HTTP/1.1 413 ")


@pytest.fixture(scope="module")
def websocket_server() -> Iterator[tuple[str, int]]:
    with running("websocket_selectors") as address:
        yield address


def test_messages_come_back(websocket_server: tuple[str, int]) -> None:
    host, port = websocket_server
    with connect(f"ws://{host}:{port}/") as one, connect(f"ws://{host}:{port}/") as other:
        for message in ("hi", b"\x00\xff", "", "é" * 100_000, bytes(500_000)):
            one.send(message)
            other.send("meanwhile")
            assert one.recv(timeout=60) == message
            assert other.recv(timeout=60) == "meanwhile"
        assert one.ping().wait(60)
        one.close(4001)
        with pytest.raises(ConnectionClosed) as caught:
            one.recv(timeout=60)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 4001


def test_who_reads_slowly_is_waited_for(websocket_server: tuple[str, int]) -> None:
    host, port = websocket_server
    large = bytes(8_000_000)
    with socket.socket() as slow, connect(f"ws://{host}:{port}/") as other:
        slow.settimeout(60)
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        slow.connect(websocket_server)
        header = b"\x82\xff" + len(large).to_bytes(8)
        slow.sendall(handshake() + header + bytes(4) + large)
        echoed = slow.recv(1_000)
        assert echoed.startswith(b"HTTP/1.1 101 ")
        while len(echoed) < 1_000:
            echoed += slow.recv(1_000)
        for _ in range(3):
            other.send("meanwhile")
            assert other.recv(timeout=60) == "meanwhile"
        slow.sendall(close_frame(1000))
        echoed += b"".join(iter(lambda: slow.recv(1_000_000), b""))
    assert echoed.partition(b"\r\n\r\n")[2] == (
        b"\x82\x7f" + len(large).to_bytes(8) + large + b"\x88\x02\x03\xe8"
    )


def test_who_sends_on_behind_what_is_refused_reads_why(websocket_server: tuple[str, int]) -> None:
    with socket.create_connection(websocket_server, timeout=60) as client:
        # More than one read takes, so that closing at once would reset the connection.
        client.sendall(handshake() + b"\xff" * 1_000_000)
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    assert answer.partition(b"\r\n\r\n")[2][2:4] == (1002).to_bytes(2)


def test_other_requests_are_answered_one_after_the_other(
    websocket_server: tuple[str, int],
) -> None:
    client = http.client.HTTPConnection(*websocket_server, timeout=60)
    for body in (None, b"x" * 100_000, None):
        client.request("POST", "/", body)
        response = client.getresponse()
        assert response.status == 404
        response.read()
    client.close()


def test_only_websockets_are_answered_there(websocket_server: tuple[str, int]) -> None:
    answer = converse(websocket_server, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404 Not Found\r\n")
    host, port = websocket_server
    with (
        pytest.raises(InvalidStatus),
        connect(f"ws://{host}:{port}/", additional_headers={"Sec-WebSocket-Version": "8"}),
    ):
        pytest.fail("it was accepted")  # pragma: no cover


@pytest.mark.parametrize("name", [*HTTP, "websocket_selectors"])
def test_an_example_uses_the_core_alone_and_is_short(name: str) -> None:
    text = (EXAMPLES / f"{name}.py").read_text()
    assert len([line for line in text.splitlines() if line.strip()]) <= 80
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported - sys.stdlib_module_names == {"tremolo_core"}
