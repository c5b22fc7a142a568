"""Clients as no library writes them: byte by byte, half-closed, all at once."""

import itertools
import socket

import anyio
import pytest
from anyio.abc import SocketAttribute
from anyio.lowlevel import checkpoint

from tests.tremolo_transport.conversations import Client
from tests.tremolo_transport.over_sockets import PATIENCE, connected
from tremolo_transport import Server

from .handlers import PIECE, checksum

pytestmark = pytest.mark.anyio

GET = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
WITH_LENGTH = b"POST /checksum HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789"
IN_CHUNKS = (
    b"POST /checksum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"4;extension=1\r\n0123\r\n6\r\n456789\r\n0\r\nDigest: 1\r\n\r\n"
)


async def send_in_pieces(client: Client, data: bytes, *cuts: int) -> None:
    """Send `data` cut at `cuts`, each piece in a packet of its own."""
    raw = client.stream.extra(SocketAttribute.raw_socket)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for start, end in itertools.pairwise((0, *cuts, len(data))):
        await client.send(data[start:end])
        # The server runs on the same loop: it gets its turn to read this piece alone.
        await checkpoint()


@pytest.mark.parametrize("request_", [WITH_LENGTH, IN_CHUNKS], ids=["length", "chunks"])
async def test_one_byte_at_a_time(server: Server, request_: bytes) -> None:
    with anyio.fail_after(PATIENCE):
        async with connected(server) as client:
            for _ in range(2):
                await send_in_pieces(client, request_, *range(1, len(request_)))
                answer = await client.answer()
                assert (answer.status, answer.body) == (200, checksum(b"0123456789"))


@pytest.mark.parametrize("request_", [GET, IN_CHUNKS], ids=["get", "chunks"])
async def test_cut_at_every_place(server: Server, request_: bytes) -> None:
    with anyio.fail_after(PATIENCE):
        async with connected(server) as client:
            for cut in range(1, len(request_)):
                await send_in_pieces(client, request_, cut)
                assert (await client.answer()).status == 200


async def test_all_at_once(server: Server) -> None:
    requests = [GET, WITH_LENGTH, IN_CHUNKS, GET.replace(b"GET", b"HEAD"), GET]
    async with connected(server) as client:
        await client.send(b"".join(requests))
        bodies = [(await client.answer(request[:4].decode().strip())).body for request in requests]
    whole = checksum(b"0123456789")
    assert bodies == [b"Hello world!\n", whole, whole, b"", b"Hello world!\n"]


async def test_an_empty_line_before_a_request_is_passed_over(server: Server) -> None:
    async with connected(server) as client:
        for _ in range(2):
            await client.send(b"\r\n" + GET)
            assert (await client.answer()).status == 200


@pytest.mark.parametrize("request_", [GET, WITH_LENGTH, IN_CHUNKS])
async def test_who_half_closes_gets_an_answer(server: Server, request_: bytes) -> None:
    with anyio.fail_after(PATIENCE):
        async with connected(server) as client:
            await client.send(request_)
            await client.stream.send_eof()
            assert (await client.answer()).status == 200
            assert await client.rest() == b""


async def test_who_half_closes_gets_all_answers_that_were_asked_for(server: Server) -> None:
    with anyio.fail_after(PATIENCE):
        async with connected(server) as client:
            await client.send(GET * 20 + GET.replace(b"hello", b"pieces/50"))
            await client.stream.send_eof()
            for _ in range(20):
                assert (await client.answer()).body == b"Hello world!\n"
            assert (await client.answer()).body == PIECE * 50
            assert await client.rest() == b""


async def test_who_half_closes_in_the_middle_of_a_request_is_closed(server: Server) -> None:
    with anyio.fail_after(PATIENCE):
        for request in (GET[:-2], WITH_LENGTH[:-1], IN_CHUNKS[:-2]):
            async with connected(server) as client:
                await client.send(request)
                await client.stream.send_eof()
                rest = await client.rest()
                assert not rest.startswith(b"HTTP/1.1 2")


async def test_who_reads_one_byte_at_a_time_gets_all(server: Server) -> None:
    with anyio.fail_after(PATIENCE):
        async with connected(server) as client:
            await client.send(GET)
            received = b""
            while not received.endswith(b"Hello world!\n"):
                received += await client.stream.receive(1)


async def test_who_says_nothing_can_leave(server: Server) -> None:
    async with connected(server) as client:
        await client.stream.send_eof()
        assert await client.rest() == b""
