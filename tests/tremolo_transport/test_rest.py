"""An idle connection does without a task, and nobody can tell."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import copy_context

import anyio
import pytest
from anyio.abc import TaskGroup

from tremolo_core import Timeouts
from tremolo_transport.driver import Driver
from tremolo_transport.exchange import Exchange
from tremolo_transport.peer import ConnectionState, peer_of
from tremolo_transport.settings import ServerSettings
from tremolo_transport.streams import Transport
from tremolo_transport.surroundings import Surroundings
from tremolo_transport.sweeper import Sweeper

from .conversations import GET, PATIENCE, Client, raw_socket, settle, surroundings, tcp_pair

pytestmark = [pytest.mark.anyio]


async def hello(exchange: Exchange) -> None:
    await exchange.respond(200)


class Served:
    """One client, with a driver that may rest."""

    def __init__(
        self, client: Client, driver: Driver, around: Surroundings, group: TaskGroup, *, early: bool
    ) -> None:
        """It may rest `early`: before it has run."""
        self.client = client
        self.driver = driver
        self.around = around
        self.runs = 0
        """How often it was run."""
        self._asleep = False
        self.ended = anyio.Event()
        self.now = 1_000.0
        self._group = group
        self._context = copy_context()
        self._sweeper = Sweeper(around)
        if not driver.may_rest(self.wake, from_now=early):
            self.wake(driver)
        self._sweeper.add(driver)

    def wake(self, driver: Driver) -> None:
        assert driver is self.driver
        # The event loop calls this, in no task and in no context, where anyio is not known.
        self._context.run(self._start)

    def _start(self) -> None:
        self._group.start_soon(self._run)

    async def _run(self) -> None:
        self.runs += 1
        self._asleep = False
        self._asleep = not await self.driver.run()
        if not self._asleep:
            self.ended.set()

    def is_asleep(self) -> bool:
        return self._asleep

    async def sweep(self, times: int = 1, *, later: float = 0.25) -> None:
        for _ in range(times):
            self.now += later
            self._sweeper.sweep(self.now)
            await settle()

    async def fall_asleep(self) -> None:
        await settle()
        await self.sweep(5)
        assert self.is_asleep()


@asynccontextmanager
async def served(
    settings: ServerSettings | None = None, *, early: bool = False
) -> AsyncIterator[Served]:
    with anyio.fail_after(PATIENCE):
        async with (
            tcp_pair(Transport.NATIVE)() as (client, server),
            anyio.create_task_group() as group,
        ):
            around = surroundings(hello, group, settings=settings)
            driver = Driver(server, peer_of(server), around)
            talk = Served(Client(client), driver, around, group, early=early)
            yield talk
            await client.aclose()
            await talk.ended.wait()


async def test_it_rests_after_a_second_and_wakes_for_a_request() -> None:
    async with served() as talk:
        for runs in (1, 2):
            assert (await talk.client.ask()).status == 200
            await settle()
            await talk.sweep(4)
            assert not talk.is_asleep()
            await talk.sweep()
            assert talk.is_asleep()
            assert talk.runs == runs
            assert talk.driver.state is ConnectionState.IDLE
        assert (await talk.client.ask()).status == 200


async def test_before_the_first_request_too() -> None:
    async with served() as talk:
        await talk.fall_asleep()
        assert (await talk.client.ask()).status == 200


async def test_from_the_beginning_it_can_do_without_a_task() -> None:
    async with served(early=True) as talk:
        await settle()
        assert talk.runs == 0
        assert (await talk.client.ask()).status == 200
        assert talk.runs == 1
        await talk.fall_asleep()
        assert (await talk.client.ask()).status == 200


async def test_what_has_come_before_is_answered_at_once() -> None:
    with anyio.fail_after(PATIENCE):
        async with (
            tcp_pair(Transport.NATIVE)() as (client, server),
            anyio.create_task_group() as group,
        ):
            await client.send(GET)
            await settle()
            around = surroundings(hello, group)
            driver = Driver(server, peer_of(server), around)
            talk = Served(Client(client), driver, around, group, early=True)
            assert (await talk.client.answer()).status == 200
            assert talk.runs == 1
            await client.aclose()


async def test_whoever_never_says_anything_is_refused_in_time_and_not_earlier() -> None:
    settings = ServerSettings(timeouts=Timeouts(head=30.0))
    async with served(settings, early=True) as talk:
        await talk.sweep()
        await talk.sweep(later=29.0)
        assert talk.runs == 0
        await talk.sweep(later=1.0)
        assert (await talk.client.answer()).status == 408


@pytest.mark.parametrize("end", [Driver.begin_stop, Driver.cancel])
async def test_whoever_never_says_anything_does_not_keep_it(end: Callable[[Driver], None]) -> None:
    async with served(early=True) as talk:
        end(talk.driver)
        assert await talk.client.some() == b""
        await talk.ended.wait()


async def test_whoever_asks_once_a_second_keeps_it_awake() -> None:
    async with served() as talk:
        for _ in range(3):
            assert (await talk.client.ask()).status == 200
            await settle()
            await talk.sweep(4)
        assert talk.runs == 1
        assert not talk.is_asleep()


async def test_what_comes_as_it_would_rest_is_answered() -> None:
    async with served() as talk:
        await settle()
        await talk.sweep(4)
        with raw_socket(talk.client.stream) as raw:
            raw.send(GET)
        await talk.sweep()
        assert (await talk.client.answer()).status == 200
        assert not talk.is_asleep()


async def test_half_a_head_can_wait_for_its_end() -> None:
    async with served() as talk:
        await talk.client.send(GET[:10])
        await talk.fall_asleep()
        await talk.client.send(GET[10:])
        assert (await talk.client.answer()).status == 200


async def test_a_peer_that_leaves_wakes_it() -> None:
    async with served() as talk:
        await talk.fall_asleep()
    assert talk.driver.state is ConnectionState.CLOSED


async def test_it_is_closed_in_time_and_not_earlier() -> None:
    settings = ServerSettings(timeouts=Timeouts(keep_alive=75.0))
    async with served(settings) as talk:
        assert (await talk.client.ask()).status == 200
        await talk.fall_asleep()
        await talk.sweep(later=73.0)
        assert talk.is_asleep()
        await talk.sweep(later=1.0)
        assert await talk.client.some() == b""
        await talk.ended.wait()


async def test_half_a_head_is_refused_in_time() -> None:
    async with served() as talk:
        await talk.client.send(GET[:10])
        await talk.fall_asleep()
        await talk.sweep(later=31.0)
        assert (await talk.client.answer()).status == 408


async def test_a_stop_ends_it() -> None:
    async with served() as talk:
        await talk.fall_asleep()
        talk.around.shutdown.drain(0.0)
        talk.driver.begin_stop()
        assert await talk.client.some() == b""
        await talk.ended.wait()


async def test_it_does_not_begin_once_the_server_drains() -> None:
    # The server waits for tasks: who rests then would outlive it, and wake to nothing.
    async with served() as talk:
        await talk.client.send(GET[:10])
        await settle()
        talk.around.shutdown.begin(None)
        await talk.sweep(6)
        assert not talk.is_asleep()
        await talk.client.send(GET[10:])
        assert (await talk.client.answer()).status == 200


async def test_a_cancellation_ends_it() -> None:
    async with served() as talk:
        await talk.fall_asleep()
        talk.driver.cancel()
        assert await talk.client.some() == b""
        await talk.ended.wait()


async def test_a_task_of_its_own_goes_on_and_can_end_it() -> None:
    go_on = anyio.Event()

    async def fail() -> None:
        await go_on.wait()
        raise ValueError("this task fails")

    async with served() as talk:
        talk.driver.start_soon(fail)
        await talk.fall_asleep()
        go_on.set()
        assert await talk.client.some() == b""
        await talk.ended.wait()


async def test_there_is_no_task_meanwhile() -> None:
    async with served() as talk:
        await settle()
        awake = len(anyio.get_running_tasks())
        await talk.sweep(5)
        assert len(anyio.get_running_tasks()) == awake - 1
