import anyio
import pytest
from anyio import EndOfStream

from tremolo.testing.memory_server import memory_server
from tremolo.testing.observer import Observer
from tremolo.testing.turns import let_others_run
from tremolo_transport import ServerSettings
from tremolo_transport.exchange import Exchange

from .handlers import GET, LAST, hello

pytestmark = pytest.mark.anyio

SETTINGS = ServerSettings()


async def test_each_connection_has_an_address_of_its_own() -> None:
    async with memory_server(Observer(hello, check_leaks=True), SETTINGS) as server:
        clients = [(await server.connect(scheme="http", capacity=None))[1] for _ in range(3)]
    assert len(set(clients)) == 3


async def test_a_request_is_answered_without_a_turn_of_the_clock() -> None:
    async with memory_server(Observer(hello, check_leaks=True), SETTINGS) as server:
        line, _ = await server.connect(scheme="http", capacity=None)
        await line.send(GET)
        assert (await line.receive()).endswith(b"Hello world!")


async def test_so_many_bytes_wait_on_their_way() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.respond(200, (), b"x" * 1_000)

    observer = Observer(handler, check_leaks=True)
    async with memory_server(observer, SETTINGS) as server:
        line, _ = await server.connect(scheme="http", capacity=100)
        await line.send(LAST)
        await let_others_run()
        assert len(await line.receive()) == 100
        assert len(observer.running) == 1
        with pytest.raises(EndOfStream):
            while True:
                await line.receive()


@pytest.mark.parametrize("unread", [0, 100_000], ids=["all was read", "the read-ahead is full"])
async def test_that_a_client_has_left_is_noticed_at_once(unread: int) -> None:
    inside, gone = anyio.Event(), anyio.Event()

    async def handler(exchange: Exchange) -> None:
        inside.set()
        with exchange.cancelled_on_disconnect():
            await anyio.sleep_forever()
        gone.set()
        await exchange.respond(200)

    async with memory_server(Observer(handler, check_leaks=True), SETTINGS) as server:
        line, client = await server.connect(scheme="http", capacity=None)
        body = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % unread
        await line.send(body + bytes(unread))
        await inside.wait()
        for _ in range(8):
            # The server reads ahead on behalf of the handler, or finds that it may not.
            server.note_departure(client)
            await let_others_run()
        await line.aclose()
        server.note_departure(client)
        server.note_departure(("192.0.2.1", 1))
        await let_others_run()
        assert gone.is_set()


async def test_the_stop_ends_what_is_idle_and_is_told_to_handlers() -> None:
    stopping = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        await exchange.shutdown.wait()
        stopping.set()
        await exchange.respond(200)

    async with memory_server(Observer(handler, check_leaks=True), SETTINGS) as server:
        idle, _ = await server.connect(scheme="http", capacity=None)
        busy, _ = await server.connect(scheme="http", capacity=None)
        await busy.send(GET)
        await let_others_run()
        server.begin_stop()
        with pytest.raises(EndOfStream):
            await idle.receive()
        assert b"\r\nConnection: close\r\n" in await busy.receive()
    assert stopping.is_set()


async def test_what_still_runs_at_the_end_is_cancelled() -> None:
    ended = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    async with memory_server(Observer(handler, check_leaks=True), SETTINGS) as server:
        line, _ = await server.connect(scheme="http", capacity=None)
        await line.send(GET)
        await let_others_run()
    assert ended.is_set()
