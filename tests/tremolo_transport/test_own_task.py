"""Handlers in tasks of their own."""

import asyncio
from contextvars import Context, ContextVar

import anyio
import pytest
from anyio import CancelScope, get_current_task
from anyio.lowlevel import checkpoint

from tremolo_transport.exchange import Exchange
from tremolo_transport.own_task import in_own_task
from tremolo_transport.settings import ServerSettings

from .conversations import GET, conversation, settle

pytestmark = pytest.mark.anyio

VISITED: ContextVar[str] = ContextVar("VISITED")

OWN = ServerSettings(task_per_request=True)


@pytest.mark.parametrize("own", [True, False])
async def test_each_request_has_its_own_task_if_that_is_wanted(own: bool) -> None:
    tasks: set[str | None] = set()

    async def handler(exchange: Exchange) -> None:
        tasks.add(get_current_task().name)
        await exchange.respond(200)

    async with conversation(handler, settings=ServerSettings(task_per_request=own)) as talk:
        await talk.client.send(GET * 3)
        for _ in range(3):
            assert (await talk.client.answer()).status == 200
    (name,) = tasks
    assert name is not None
    assert ("in_own_task" in name) == own


async def test_its_context_is_that_of_the_request() -> None:
    seen: list[str] = []

    async def run() -> None:
        seen.append(VISITED.get("nothing"))
        VISITED.set("by the handler")
        await checkpoint()
        seen.append(VISITED.get())

    context = Context()
    context.run(VISITED.set, "by start-up")
    await in_own_task(context, run())
    assert seen == ["by start-up", "by the handler"]
    assert VISITED.get("nothing") == "nothing"


@pytest.mark.parametrize("error", [ValueError("wrong"), SystemExit(3), asyncio.CancelledError()])
async def test_what_it_raises_is_raised_as_it_is(error: BaseException) -> None:
    async def fail() -> None:
        await checkpoint()
        raise error

    with pytest.raises(type(error)) as caught:
        await in_own_task(Context(), fail())
    assert caught.value is error


async def test_who_cancels_the_connection_cancels_it() -> None:
    ended: list[str] = []

    async def wait() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("cancelled")

    with CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(in_own_task, Context(), wait())
            await settle()
            scope.cancel()
    assert ended == ["cancelled"]


async def test_a_handler_that_fails_is_a_500() -> None:
    async def handler(exchange: Exchange) -> None:
        raise ValueError("wrong")

    async with conversation(handler, settings=OWN) as talk:
        for _ in range(2):
            assert (await talk.client.ask()).status == 500
