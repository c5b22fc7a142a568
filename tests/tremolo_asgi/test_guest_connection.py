"""A connection of which nothing is known, for as long as an exchange lasts."""

import logging

import anyio
import pytest

from tremolo_asgi.guest_connection import GuestConnection
from tremolo_transport.exchange import ConnectionState

pytestmark = pytest.mark.anyio


async def test_each_has_a_number_of_its_own() -> None:
    async with anyio.create_task_group() as group:
        assert GuestConnection(group).id != GuestConnection(group).id


async def test_its_end_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []

    def fail() -> None:
        raise ValueError("oops")

    async with anyio.create_task_group() as group:
        connection = GuestConnection(group)
        assert connection.state is ConnectionState.BUSY
        with caplog.at_level(logging.ERROR, "tremolo.asgi"):
            connection.on_close(fail)
            connection.on_close(lambda: told.append("before"))
            connection.close()
        connection.on_close(lambda: told.append("after"))
    assert connection.state is ConnectionState.CLOSED
    assert told == ["before", "after"]
    assert [record.message for record in caplog.records] == [
        "a callback for the end of a connection failed"
    ]


async def test_its_tasks_end_with_it(caplog: pytest.LogCaptureFixture) -> None:
    begun: list[str] = []

    async def run(name: str) -> None:
        begun.append(name)
        if name == "fails":
            raise ValueError("oops")
        await anyio.sleep_forever()

    async with anyio.create_task_group() as group:
        connection = GuestConnection(group)
        with caplog.at_level(logging.ERROR, "tremolo.asgi"):
            connection.start_soon(run, "fails")
            connection.start_soon(run, "lasts")
            await anyio.wait_all_tasks_blocked()
        connection.close()
        connection.start_soon(run, "too late")
        group.cancel_scope.cancel()
    assert sorted(begun) == ["fails", "lasts"]
    assert [record.message for record in caplog.records] == [
        "a task that goes with a connection failed"
    ]
