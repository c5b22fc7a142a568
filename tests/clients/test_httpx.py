"""httpx, an HTTP library that keeps connections and streams both ways."""

import os
from collections.abc import AsyncIterator

import anyio
import httpx
import pytest
from anyio.lowlevel import checkpoint

from .handlers import PIECE, Handlers, checksum

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
        yield client


async def test_get(client: httpx.AsyncClient) -> None:
    response = await client.get("/hello")
    assert (response.status_code, response.http_version) == (200, "HTTP/1.1")
    assert response.headers["content-type"] == "text/plain"
    assert response.text == "Hello world!\n"


async def test_the_connection_is_kept(client: httpx.AsyncClient) -> None:
    connections = {(await client.get("/connection")).text for _ in range(10)}
    assert len(connections) == 1


async def test_it_is_kept_over_every_kind_of_answer(client: httpx.AsyncClient) -> None:
    first = (await client.get("/connection")).text
    assert (await client.get("/pieces/3")).content == PIECE * 3
    assert (await client.head("/pieces/3")).content == b""
    assert (await client.head("/hello")).headers["content-length"] == "13"
    assert (await client.get("/empty")).status_code == 204
    assert (await client.get("/no/such/path")).status_code == 404
    assert (await client.post("/checksum", content=b"abc")).content == checksum(b"abc")
    assert (await client.post("/refused", content=b"abc")).status_code == 403
    assert (await client.get("/connection")).text == first


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"])
async def test_methods(client: httpx.AsyncClient, method: str) -> None:
    assert (await client.request(method, "/method")).text == method


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 1_000_000])
async def test_an_upload_with_a_length(client: httpx.AsyncClient, size: int) -> None:
    data = os.urandom(size)
    assert (await client.post("/checksum", content=data)).content == checksum(data)


async def test_a_streamed_upload(client: httpx.AsyncClient, handlers: Handlers) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"the first piece"
        # It has been read before the second exists.
        while not handlers.uploads_begun:
            await checkpoint()
        for _ in range(20):
            yield PIECE

    response = await client.post("/checksum", content=pieces())
    assert response.content == checksum(b"the first piece" + PIECE * 20)
    assert handlers.uploads_begun == [b"the first piece"]


async def test_a_streamed_download(client: httpx.AsyncClient, handlers: Handlers) -> None:
    async with client.stream("GET", "/released") as response:
        pieces = response.aiter_raw()
        assert await anext(pieces) == b"first\n"
        handlers.release.set()
        assert [piece async for piece in pieces] == [b"last\n"]


async def test_streamed_both_ways(client: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for number in range(1_000):
            yield b"%d " % number

    response = await client.post("/echo", content=pieces())
    assert response.content == b"".join([b"%d " % number for number in range(1_000)])


async def test_a_download_that_is_left_in_the_middle(client: httpx.AsyncClient) -> None:
    async with client.stream("GET", "/pieces/1000000") as response:
        assert response.status_code == 200
    assert (await client.get("/hello")).status_code == 200


async def test_many_at_once(client: httpx.AsyncClient) -> None:
    answers: list[bytes] = []

    async def ask(number: int) -> None:
        data = b"%d" % number * 1_000
        response = await client.post("/echo", content=data)
        assert response.content == data
        answers.append(data)

    async with anyio.create_task_group() as group:
        for number in range(100):
            group.start_soon(ask, number)
    assert len(answers) == 100


async def test_the_client_can_tell_that_an_answer_is_not_complete(
    client: httpx.AsyncClient,
) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
        await client.get("/broken")
    assert (await client.get("/hello")).status_code == 200
