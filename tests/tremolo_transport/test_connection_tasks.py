"""Tasks that end with their connection, and what becomes of those that fail."""

import logging
from functools import partial

import anyio
import pytest
from anyio import CancelScope
from anyio.lowlevel import checkpoint

from tremolo_core import ConnectionClosed
from tremolo_transport.connection_tasks import ConnectionTasks
from tremolo_transport.exchange import ConnectionInfo, Exchange

from .conversations import GET, conversation, settle

pytestmark = pytest.mark.anyio


async def test_a_task_outlives_its_exchange_and_ends_with_the_connection() -> None:
    told: list[str] = []

    async def follow(name: str) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            told.append(name)

    async def handler(exchange: Exchange) -> None:
        exchange.connection.start_soon(follow, "one")
        exchange.connection.start_soon(follow, "other")
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.ask()
        await settle()
        assert told == []
        await talk.client.ask()
        await settle()
        assert told == []
        await talk.client.stream.aclose()
        await talk.ended.wait()
        await settle()
        assert sorted(told) == ["one", "one", "other", "other"]


async def test_a_task_that_ends_is_forgotten() -> None:
    ended: list[int] = []

    async def work(number: int) -> None:
        await checkpoint()
        ended.append(number)

    async with anyio.create_task_group() as group:
        tasks = ConnectionTasks(group, lambda: None)
        for number in range(3):
            tasks.start(partial(work, number))
        await settle()
        assert sorted(ended) == [0, 1, 2]
        assert tasks._scopes == set()
        tasks.cancel()


@pytest.mark.parametrize("error", [ValueError("wrong"), SystemExit(3)])
@pytest.mark.parametrize("idle", [True, False])
async def test_a_task_that_fails_is_logged_and_ends_the_connection(
    idle: bool, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    go_on = anyio.Event()
    seen: list[object] = []

    async def fail() -> None:
        await go_on.wait()
        raise error

    async def handler(exchange: Exchange) -> None:
        exchange.connection.start_soon(fail)
        if idle:
            await exchange.respond(200)
            return
        await exchange.receive()
        seen.append(await exchange.receive())

    async with conversation(handler) as talk:
        await talk.client.send(GET)
        await settle()
        if idle:
            assert (await talk.client.answer()).status == 200
        go_on.set()
        assert await talk.client.some() == b""
        await talk.ended.wait()
        assert not talk.around.task_group.cancel_scope.cancel_called
    assert seen == ([] if idle else [ConnectionClosed()])
    (record,) = [record for record in caplog.records if record.levelno > logging.INFO]
    assert record.getMessage() == "a task of a connection failed"
    assert record.exc_info is not None
    assert record.exc_info[1] is error


async def test_nothing_is_started_on_a_connection_that_has_ended() -> None:
    connections: list[ConnectionInfo] = []
    started = False

    async def start() -> None:
        nonlocal started
        started = True

    async def handler(exchange: Exchange) -> None:
        connections.append(exchange.connection)
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.ask()
        await talk.client.stream.aclose()
        await talk.ended.wait()
        connections[0].start_soon(start)
        await settle()
    assert not started


async def test_a_task_that_is_cancelled_before_its_first_step_is_never_begun() -> None:
    begun = False

    async def begin() -> None:
        await checkpoint()
        nonlocal begun
        begun = True

    async with anyio.create_task_group() as group:
        tasks = ConnectionTasks(group, lambda: None)
        tasks.start(begin)
        tasks.cancel()
        await settle()
        assert tasks._scopes == set()
    assert not begun


async def test_the_servers_own_cancellation_is_no_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failures: list[str] = []
    with CancelScope() as scope:
        async with anyio.create_task_group() as group:
            ConnectionTasks(group, lambda: failures.append("failed")).start(anyio.sleep_forever)
            await settle()
            scope.cancel()
    assert (failures, caplog.records) == ([], [])
