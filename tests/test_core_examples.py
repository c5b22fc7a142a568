"""The examples that use the core alone, run as the programs they are."""

import ast
import http.client
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


def test_what_was_said_is_repeated() -> None:
    with running("blocking_server") as address:
        client = http.client.HTTPConnection(*address, timeout=60)
        client.request("POST", "/you", iter([b"good ", b"morning"]), encode_chunked=True)
        assert client.getresponse().read() == b"You said good morning to /you.\n"
        client.close()


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
