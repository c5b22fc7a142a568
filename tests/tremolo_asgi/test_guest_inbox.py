"""Who receives from another server, and what waits meanwhile."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from tremolo_asgi.guest_inbox import GuestInbox
from tremolo_core import ConnectionClosed, Data, EndOfMessage

pytestmark = pytest.mark.anyio

END = EndOfMessage()


class Server:
    """Gives messages out one by one, as they are put in."""

    def __init__(self) -> None:
        self.put, self._messages = anyio.create_memory_object_stream[Any](1_000)
        self.inside = 0
        """How many tasks are inside `receive`."""

    async def receive(self) -> Any:
        self.inside += 1
        assert self.inside == 1
        try:
            return await self._messages.receive()
        finally:
            self.inside -= 1

    def close(self) -> None:
        self.put.close()
        self._messages.close()


@asynccontextmanager
async def inbox() -> AsyncIterator[tuple[Server, GuestInbox]]:
    server = Server()
    async with anyio.create_task_group() as group:
        yield server, GuestInbox(server.receive, group)
        group.cancel_scope.cancel()
    server.close()


def piece(data: bytes, *, more: bool = True) -> object:
    return {"type": "http.request", "body": data, "more_body": more}


LEFT = {"type": "http.disconnect"}


async def test_events_come_in_their_order_and_the_end_for_ever() -> None:
    async with inbox() as (server, box):
        for message in (piece(b"a"), piece(b"b", more=False), LEFT):
            await server.put.send(message)
        told = [await box.next_event() for _ in range(5)]
    assert told == [Data(data=b"a"), Data(data=b"b"), END, ConnectionClosed(), ConnectionClosed()]
    assert box.gone


async def test_of_several_who_ask_one_receives() -> None:
    told: list[object] = []
    async with inbox() as (server, box):

        async def ask() -> None:
            told.append(await box.next_event())

        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            assert server.inside == 1
            await server.put.send(piece(b"a", more=False))
            await server.put.send(LEFT)
    assert len(told) == 3
    assert {Data(data=b"a"), END, ConnectionClosed()} == set(told)


async def test_the_next_receives_when_the_first_is_cancelled() -> None:
    told: list[object] = []
    async with inbox() as (server, box), anyio.create_task_group() as group:
        scope = anyio.CancelScope()

        async def first() -> None:
            with scope:
                await box.next_event()

        async def second() -> None:
            told.append(await box.next_event())

        group.start_soon(first)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(second)
        await anyio.wait_all_tasks_blocked()
        scope.cancel()
        await anyio.wait_all_tasks_blocked()
        await server.put.send(piece(b"a"))
    assert told == [Data(data=b"a")]


async def test_nobody_receives_ahead_unless_there_is_a_watch() -> None:
    async with inbox() as (server, box):
        await server.put.send(LEFT)
        await anyio.wait_all_tasks_blocked()
        before = box.gone
        left: list[bool] = []
        box.on_gone(lambda: left.append(True))
        box.watch_soon()
        box.watch_soon()
        await anyio.wait_all_tasks_blocked()
        assert (before, box.gone, left) == (False, True, [True])
        box.on_gone(lambda: left.append(True))
        assert left == [True, True]


async def test_a_callback_can_be_taken_back() -> None:
    called: list[bool] = []

    def callback() -> None:
        called.append(True)

    async with inbox() as (_, box):
        box.on_gone(callback)
        box.forget_gone(callback)
        box.forget_gone(callback)
        box.note_gone()
    assert called == []


async def test_the_watch_receives_ahead_only_so_much() -> None:
    async with inbox() as (server, box):
        box.watch_soon()
        for _ in range(4):
            await server.put.send(piece(b"a" * 40_000))
        await server.put.send(LEFT)
        await anyio.wait_all_tasks_blocked()
        waiting = server.put.statistics().current_buffer_used
        assert (box.gone, waiting) == (False, 3)
        for _ in range(4):
            assert await box.next_event() == Data(data=b"a" * 40_000)
            await anyio.wait_all_tasks_blocked()
        assert box.gone
