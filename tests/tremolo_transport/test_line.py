"""What has become of a connection, and that whoever wants to know is told."""

import anyio
import pytest
from anyio import (
    CancelScope,
)

from tremolo_core import (
    Connection,
    Response,
)
from tremolo_transport.link import Link
from tremolo_transport.memory import MemoryStream, memory_stream_pair

from .conversations import GET, settle

pytestmark = pytest.mark.anyio

OK = Response(status=200)


def linked(capacity: int = 65_536) -> tuple[MemoryStream, Link]:
    client, server = memory_stream_pair(capacity)
    return client, Link(server, Connection())


@pytest.mark.parametrize(
    "what", ["data", "end", "cancellation", "interrupt", "tell", "hang-up", "break"]
)
async def test_who_waits_for_news_hears_of_everything(what: str) -> None:
    client, link = linked()
    heard = 0

    async def listen() -> None:
        nonlocal heard
        await link.news()
        heard += 1

    async with anyio.create_task_group() as group:
        scope = CancelScope()

        async def read() -> None:
            with scope:
                await link.read_interruptibly()

        group.start_soon(read)
        for _ in range(2):
            group.start_soon(listen)
        await settle()
        assert heard == 0
        match what:
            case "data":
                await client.send(b"GET")
            case "end":
                await client.send_eof()
            case "cancellation":
                scope.cancel()
            case "interrupt":
                link.interrupt()
            case "tell":
                link.tell()
            case "hang-up":
                link.note_hang_up()
            case _:
                link.break_off()
        await settle()
        assert heard == 2
        group.cancel_scope.cancel()


@pytest.mark.parametrize("how", ["end", "hang-up", "break"])
async def test_whoever_asked_is_called_once_when_the_peer_is_gone(how: str) -> None:
    client, link = linked()
    called: list[str] = []

    def first() -> None:
        called.append("first")

    def second() -> None:
        called.append("second")

    def forgotten() -> None:
        called.append("forgotten")

    for callback in (first, forgotten, second):
        link.on_gone(callback)
    link.forget_gone(forgotten)
    assert called == []
    match how:
        case "end":
            await client.send_eof()
            await link.read()
        case "hang-up":
            link.note_hang_up()
        case _:
            link.break_off()
    assert called == ["first", "second"]
    assert link.peer_gone
    link.break_off()
    link.note_hang_up()
    link.forget_gone(first)
    assert called == ["first", "second"]
    link.on_gone(first)
    assert called == ["first", "second", "first"]


async def test_an_abort_wakes_who_waits_to_write() -> None:
    _, link = linked(capacity=10)
    link.connection.receive_data(GET)
    link.connection.next_event()
    link.connection.send(Response(status=200))
    async with anyio.create_task_group() as group:
        group.start_soon(link.flush_unasked)
        await settle()
        assert link.writing
        await link.abort()
    assert link.broken
    assert not link.writing
