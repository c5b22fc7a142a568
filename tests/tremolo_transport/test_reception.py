"""What is accepted is served until it ends; how a server uses that is tested in `test_server`."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
import pytest

from tremolo_core.trusted_proxies import TrustedProxies
from tremolo_transport.ceilings import ConnectionCeiling
from tremolo_transport.entrances import Entrance
from tremolo_transport.exchange import Exchange
from tremolo_transport.nursery import open_nursery
from tremolo_transport.reception import Reception
from tremolo_transport.settings import Listener
from tremolo_transport.streams import Transport, open_stream
from tremolo_transport.sweeper import Sweeper

from .conversations import PATIENCE, Client, settle, surroundings, tcp_sockets

pytestmark = pytest.mark.anyio


async def hello(exchange: Exchange) -> None:
    await exchange.respond(200)


@asynccontextmanager
async def received(listener: Listener) -> AsyncIterator[tuple[Client, Sweeper, ConnectionCeiling]]:
    """A client whose connection was received, by a server that ends with its connections."""
    ceiling = ConnectionCeiling(10)
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group, AsyncExitStack() as stack:
            around = surroundings(hello, group)
            sweeper = Sweeper(around)
            nursery = await stack.enter_async_context(open_nursery(sweeper.cancel))
            entrance = Entrance(
                listener, context=None, transport=Transport.NATIVE, refusals=around.refusals
            )
            reception = Reception(
                entrance, around, sweeper=sweeper, ceiling=ceiling, nursery=nursery
            )
            ours, theirs = tcp_sockets()
            ours_name = ours.getsockname()
            async with await open_stream(ours, Transport.NATIVE) as stream:
                reception.receive(theirs, ours_name)
                assert reception.accepted == 1
                assert len(reception.unserved) + len(sweeper.drivers) == 1
                assert ceiling.room == 9
                yield Client(stream), sweeper, ceiling
                assert not reception.unserved
            # It may rest, and then nobody waits for it.
            await settle()


async def test_a_connection_counts_until_it_has_ended() -> None:
    async with received(Listener()) as (client, sweeper, ceiling):
        assert (await client.ask()).status == 200
        assert len(sweeper.drivers) == 1
        assert ceiling.room == 9
    assert not sweeper.drivers
    assert ceiling.room == 10


async def test_a_connection_that_rests_counts_and_is_served_again() -> None:
    async with received(Listener()) as (client, sweeper, ceiling):
        for _ in range(2):
            assert (await client.ask()).status == 200
            for second in range(10):
                await settle()
                sweeper.sweep(float(second))
            assert len(sweeper.drivers) == 1
            assert ceiling.room == 9
    assert not sweeper.drivers
    assert ceiling.room == 10


async def test_whoever_is_not_admitted_no_longer_counts() -> None:
    async with received(Listener(proxy_protocol=TrustedProxies())) as (client, sweeper, ceiling):
        assert await client.some() == b""
        assert not sweeper.drivers
        assert ceiling.room == 10
