import anyio
import pytest

from tremolo.testing.lines import SocketLine
from tremolo.testing.observer import Observer
from tremolo.testing.socket_server import socket_server
from tremolo_transport import ServerSettings
from tremolo_transport.exchange import Exchange

from .handlers import GET, LAST, hello

pytestmark = pytest.mark.anyio

SETTINGS = ServerSettings()


async def read_to_end(line: SocketLine) -> bytes:
    data = b""
    while True:
        try:
            data += await line.receive()
        except anyio.EndOfStream:
            return data


async def test_a_request_is_answered_and_its_client_known() -> None:
    seen = []

    async def handler(exchange: Exchange) -> None:
        seen.append(exchange.peer.client)
        await hello(exchange)

    async with socket_server(Observer(handler, check_leaks=True), SETTINGS) as server:
        line, client = await server.connect(scheme="http", capacity=4_096)
        await line.send(LAST)
        assert (await read_to_end(line)).endswith(b"Hello world!")
        server.note_departure(client)
        await line.aclose()
    assert seen == [client]


async def test_there_is_no_tls() -> None:
    async with socket_server(Observer(hello, check_leaks=True), SETTINGS) as server:
        with pytest.raises(ValueError, match="not https"):
            await server.connect(scheme="https", capacity=None)


async def test_the_stop_is_told_to_handlers_and_ends_what_is_idle() -> None:
    inside = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        inside.set()
        await exchange.shutdown.wait()
        await exchange.respond(200)

    async with socket_server(Observer(handler, check_leaks=True), SETTINGS) as server:
        idle, _ = await server.connect(scheme="http", capacity=None)
        busy, _ = await server.connect(scheme="http", capacity=None)
        await busy.send(GET)
        await inside.wait()
        server.begin_stop()
        assert await read_to_end(idle) == b""
        assert b"\r\nConnection: close\r\n" in await read_to_end(busy)
        await idle.aclose()
        await busy.aclose()


async def test_what_still_runs_at_the_end_is_cancelled() -> None:
    inside, ended = anyio.Event(), anyio.Event()

    async def handler(exchange: Exchange) -> None:
        inside.set()
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    async with socket_server(Observer(handler, check_leaks=True), SETTINGS) as server:
        line, _ = await server.connect(scheme="http", capacity=None)
        await line.send(GET)
        await inside.wait()
    await line.aclose()
    assert ended.is_set()


async def test_a_server_that_is_gone_is_said_to_be() -> None:
    async with socket_server(Observer(hello, check_leaks=True), SETTINGS) as server:
        pass
    with pytest.raises(OSError, match=r"cannot connect|refused"):
        await server.connect(scheme="http", capacity=None)
