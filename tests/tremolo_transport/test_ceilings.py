"""How much a server takes on, and what becomes of the rest."""

import anyio
import pytest
from anyio.lowlevel import checkpoint

from tremolo_transport import ceilings, serve
from tremolo_transport.ceilings import ConnectionCeiling, RequestCeiling
from tremolo_transport.exchange import Exchange
from tremolo_transport.settings import ServerSettings

from .conversations import GET, conversation, settle
from .over_sockets import LAST, PATIENCE, connected

pytestmark = pytest.mark.anyio


async def hello(exchange: Exchange) -> None:
    await exchange.respond(200)


# Connections.


async def test_who_waits_for_room_goes_on_when_there_is_some() -> None:
    ceiling = ConnectionCeiling(2)
    waited = anyio.Event()

    async def wait() -> None:
        await ceiling.wait()
        waited.set()

    ceiling.take()
    await ceiling.wait()
    ceiling.take()
    assert ceiling.room == 0
    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        await settle()
        assert not waited.is_set()
        ceiling.give_back()
        await waited.wait()


async def test_without_a_ceiling_there_is_always_room() -> None:
    ceiling = ConnectionCeiling(None)
    for _ in range(1_000):
        ceiling.take()
    await ceiling.wait()
    assert ceiling.room > 1_000


async def test_connections_beyond_the_ceiling_are_served_when_others_have_ended() -> None:
    served: list[int] = []

    async def handler(exchange: Exchange) -> None:
        served.append(exchange.connection.id)
        await exchange.respond(200)

    settings = ServerSettings(connections=2)
    with anyio.fail_after(PATIENCE):
        async with (
            serve(handler, settings=settings) as server,
            connected(server) as one,
            connected(server) as other,
        ):
            for client in (one, other):
                assert (await client.ask()).status == 200
            async with connected(server) as third, connected(server) as fourth:
                await third.send(LAST)
                await fourth.send(LAST)
                for _ in range(10):
                    await settle()
                assert len(set(served)) == 2
                assert (await one.ask(LAST)).status == 200
                assert (await third.answer()).status == 200
                assert await third.some() == b""
                assert (await fourth.answer()).status == 200
    assert len(set(served)) == 4


# Requests in flight.


async def test_a_request_too_many_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceilings, "_WAIT_SECONDS", 0.0)
    go_on = anyio.Event()
    running = 0

    async def handler(exchange: Exchange) -> None:
        nonlocal running
        running += 1
        await go_on.wait()
        await exchange.respond(200)

    limited = RequestCeiling(handler, 1)
    async with conversation(limited) as one, conversation(limited) as other:
        await one.client.send(GET)
        await settle()
        answer = await other.client.ask()
        assert (answer.status, answer.get(b"retry-after")) == (503, b"1")
        assert answer.body == b"503 Service Unavailable\n"
        assert running == 1
        go_on.set()
        assert (await one.client.answer()).status == 200
        assert (await other.client.ask()).status == 200


async def test_a_request_waits_for_a_little_while() -> None:
    go_on = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        await go_on.wait()
        await exchange.respond(200)

    settings = ServerSettings(requests_in_flight=1)
    async with conversation(handler, settings=settings) as talk:
        # Two exchanges of one connection are never in flight together.
        await talk.client.send(GET + GET)
        await settle()
        go_on.set()
        for _ in range(2):
            assert (await talk.client.answer()).status == 200
    go_on = anyio.Event()
    limited = RequestCeiling(handler, 1)
    async with conversation(limited) as one, conversation(limited) as other:
        await one.client.send(GET)
        await settle()
        await other.client.send(GET)
        await settle()
        go_on.set()
        assert (await one.client.answer()).status == 200
        assert (await other.client.answer()).status == 200


async def test_a_handler_that_fails_makes_room_too() -> None:
    async def handler(exchange: Exchange) -> None:
        await checkpoint()
        raise ValueError("wrong")

    async with conversation(RequestCeiling(handler, 1)) as talk:
        for _ in range(3):
            assert (await talk.client.ask()).status == 500


async def test_the_settings_put_a_ceiling_on_requests() -> None:
    async with conversation(hello, settings=ServerSettings(requests_in_flight=3)) as talk:
        assert isinstance(talk.around.handler, RequestCeiling)
    async with conversation(hello) as talk:
        assert talk.around.handler is hello


# Requests of one connection.


async def test_the_last_request_of_a_connection_is_told_so() -> None:
    async with conversation(hello, settings=ServerSettings(requests_per_connection=3)) as talk:
        await talk.client.send(GET * 4)
        for last in (False, False, True):
            answer = await talk.client.answer()
            assert (answer.status, answer.get(b"connection")) == (200, b"close" if last else None)
        assert await talk.client.some() == b""
