"""Of connections that wait for another request, those that wait longest are ended."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from tremolo_transport.driver import Driver
from tremolo_transport.exchange import Exchange
from tremolo_transport.memory import memory_stream_pair
from tremolo_transport.peer import Peer
from tremolo_transport.settings import ServerSettings
from tremolo_transport.sweeper import Sweeper

from .conversations import GET, PATIENCE, Client, settle, surroundings

pytestmark = pytest.mark.anyio

WAITS = GET.replace(b"/", b"/waits", 1)


async def handle(exchange: Exchange) -> None:
    if exchange.request.target == b"/waits":
        await anyio.sleep_forever()
    await exchange.respond(200, body=b"hello")


class Crowd:
    """Connections of one server; the test says when it looks at them."""

    def __init__(self, sweeper: Sweeper) -> None:
        self._sweeper = sweeper
        self._now = 1_000.0
        self.clients: list[Client] = []
        self.ended: list[int] = []
        """In the order in which they were, by their places among `clients`."""

    async def look(self) -> None:
        await settle()
        self._now += 0.25
        self._sweeper.sweep(self._now)

    async def serve(self, driver: Driver, place: int) -> None:
        await driver.run()
        self._sweeper.drivers.discard(driver)
        self.ended.append(place)


@asynccontextmanager
async def crowd(size: int, settings: ServerSettings = ServerSettings()) -> AsyncIterator[Crowd]:
    """So many connections that nothing was asked on."""
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            around = surroundings(handle, group, settings=settings)
            sweeper = Sweeper(around)
            people = Crowd(sweeper)
            for place in range(size):
                client, server = memory_stream_pair()
                driver = Driver(server, Peer(), around)
                sweeper.add(driver)
                people.clients.append(Client(client))
                group.start_soon(people.serve, driver, place)
            yield people
            group.cancel_scope.cancel()


async def test_those_that_wait_longest_are_ended() -> None:
    async with crowd(4, ServerSettings(idle_connections=2)) as people:
        for client in people.clients:
            await client.ask()
            await people.look()
        assert await people.clients[0].rest() == b""
        assert await people.clients[1].rest() == b""
        await people.look()
        await settle()
        assert sorted(people.ended) == [0, 1]
        for client in people.clients[2:]:
            assert (await client.ask()).status == 200


async def test_who_has_asked_meanwhile_has_not_waited() -> None:
    async with crowd(3, ServerSettings(idle_connections=2)) as people:
        for client in people.clients[:2]:
            await client.ask()
            await people.look()
        await people.clients[0].ask()
        await people.look()
        await people.clients[2].ask()
        await people.look()
        assert await people.clients[1].rest() == b""
        await people.look()
        await settle()
        assert people.ended == [1]


async def test_only_those_count_that_wait_for_another_request() -> None:
    async with crowd(4, ServerSettings(idle_connections=1)) as people:
        await people.clients[0].send(WAITS)
        await people.clients[1].ask()
        await people.look()
        await people.look()
        await settle()
        # The others have a handler that runs, and have asked for nothing yet.
        assert people.ended == []


async def test_it_counts_where_the_requests_of_a_connection_are_limited_too() -> None:
    async with crowd(2, ServerSettings(idle_connections=1, requests_per_connection=5)) as people:
        for client in people.clients:
            await client.ask()
            await people.look()
        assert await people.clients[0].rest() == b""


async def test_a_request_that_comes_just_then_is_answered() -> None:
    async with crowd(2, ServerSettings(idle_connections=1)) as people:
        await people.clients[0].ask()
        await people.look()
        await people.clients[1].ask()
        await settle()
        await people.clients[0].send(GET)
        await people.look()
        assert (await people.clients[0].answer()).status == 200


async def test_by_default_there_is_no_limit() -> None:
    async with crowd(20) as people:
        for client in people.clients:
            await client.ask()
        await people.look()
        await people.look()
        await settle()
        assert people.ended == []
