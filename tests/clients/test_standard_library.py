"""`http.client` and `urllib.request`: what Python programs have without installing anything."""

import http.client
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from anyio import to_thread

from tests.tremolo_transport.over_sockets import address
from tremolo_transport import Server

from .handlers import PIECE, checksum

pytestmark = pytest.mark.anyio


def talk(host: str, port: int) -> None:
    with closing(http.client.HTTPConnection(host, port, timeout=60)) as connection:

        def ask(method: str, path: str, body: Any = None) -> tuple[int, bytes]:
            connection.request(method, path, body)
            with connection.getresponse() as response:
                return response.status, response.read()

        def pieces() -> Iterator[bytes]:
            # Without a length, so that it is sent in chunks.
            yield from (b"one", b"two", PIECE)

        first = ask("GET", "/connection")
        assert ask("GET", "/hello") == (200, b"Hello world!\n")
        assert ask("HEAD", "/hello") == (200, b"")
        assert ask("GET", "/pieces/5") == (200, PIECE * 5)
        assert ask("POST", "/checksum", b"abc") == (200, checksum(b"abc"))
        assert ask("POST", "/checksum", pieces()) == (200, checksum(b"onetwo" + PIECE))
        assert ask("PUT", "/echo", b"abc") == (200, b"abc")
        assert ask("GET", "/connection") == first


async def test_http_client_on_one_connection(server: Server) -> None:
    await to_thread.run_sync(talk, *address(server))


async def test_urllib(url: str) -> None:
    def fetch() -> bytes:
        # Without the machine's proxies.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{url}/pieces/5", timeout=60) as response:
            content: bytes = response.read()
            return content

    assert await to_thread.run_sync(fetch) == PIECE * 5
