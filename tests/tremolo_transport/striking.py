"""Cancels a connection at everything that it waits for, one by one, and looks what is left.

What there is to be waited for is found out by running the conversation, so none is forgotten.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from typing import Any

import anyio
import pytest
from anyio import CancelScope, ClosedResourceError

from tremolo_transport.driver import Driver
from tremolo_transport.exchange import ConnectionState, Exchange, Handler
from tremolo_transport.memory import memory_stream_pair
from tremolo_transport.peer import Peer
from tremolo_transport.settings import ServerSettings

from .conversations import PATIENCE, Client, surroundings

__all__ = ("by_scope_and_by_task", "strike_everywhere")

LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

Converse = Callable[[Client], Coroutine[Any, Any, None]]

by_scope_and_by_task = pytest.mark.parametrize("by_task", [False, True], ids=["scope", "task"])


async def strike_everywhere(
    handler: Handler,
    converse: Converse,
    *,
    by_task: bool,
    settings: ServerSettings | None = None,
) -> int:
    """Serve the conversation as often as it suspends, each time cancelled at another place.

    Each time the handler, the stream and every task must have come to an end,
    and other connections of the same server must be none the worse for it.
    Return how many places there were.
    """
    running: list[Exchange] = []

    async def noted(exchange: Exchange) -> None:
        running.append(exchange)
        try:
            await handler(exchange)
        finally:
            running.remove(exchange)

    tasks = len(anyio.get_running_tasks())
    nth = 0
    while True:
        client, server = memory_stream_pair(40)
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as group:
                around = surroundings(noted, group, settings=settings)
                driver = Driver(server, Peer(), around)
                struck = await _run_struck(driver, converse, Client(client), nth, by_task=by_task)
                assert driver.state is ConnectionState.CLOSED
                assert running == []
                with pytest.raises(ClosedResourceError):
                    await server.send(b"x")
                await _until_tasks(tasks)
                other, its_server = memory_stream_pair()
                await other.send(LAST)
                await Driver(its_server, Peer(), around).run()
                assert (await Client(other).answer()).status == 200
        if struck.suspended <= nth:
            return nth
        nth += 1


async def _until_tasks(count: int) -> None:
    """Let tasks of the server, whose work is gone, take their last step."""
    for _ in range(10):
        if len(anyio.get_running_tasks()) == count:
            return
        await anyio.lowlevel.checkpoint()
    assert len(anyio.get_running_tasks()) == count


class Struck:
    """An awaitable that awaits another, and calls `strike` as that suspends for the nth time."""

    def __init__(
        self, awaitable: Awaitable[object], nth: int, strike: Callable[[], object]
    ) -> None:
        self._steps = awaitable.__await__()
        self._nth = nth
        self._strike = strike
        self.suspended = 0

    def __await__(self) -> Generator[Any, Any, None]:
        step: Callable[[], Any] = self._steps.__next__
        assert isinstance(self._steps, Generator)
        while True:
            try:
                trap = step()
            except StopIteration:
                return
            if self.suspended == self._nth:
                self._strike()
            self.suspended += 1
            try:
                argument = yield trap
            except BaseException as error:
                step = partial(self._steps.throw, error)
            else:
                step = partial(self._steps.send, argument)


async def _run_struck(
    driver: Driver, converse: Converse, client: Client, nth: int, *, by_task: bool
) -> Struck:
    scope = CancelScope()
    struck = Struck(driver.run(), nth, scope.cancel)

    async def run() -> None:
        if by_task:
            task = asyncio.current_task()
            assert task is not None
            struck._strike = lambda: asyncio.get_running_loop().call_soon(task.cancel)
        with scope:
            await struck

    async with anyio.create_task_group() as group:
        group.start_soon(converse, client)
        if by_task:
            await asyncio.wait([asyncio.ensure_future(run())])
        else:
            group.start_soon(run)
    return struck
