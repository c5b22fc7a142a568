"""What the connections of one server share."""

from contextvars import Context
from dataclasses import replace

import anyio
import pytest

from tremolo_core import Limits, Response, Timeouts
from tremolo_transport.exchange import Exchange
from tremolo_transport.pace import Pace
from tremolo_transport.settings import Listener, ServerSettings
from tremolo_transport.shutdown import ShutdownNotice
from tremolo_transport.surroundings import Surroundings

from .conversations import settle, surroundings

pytestmark = pytest.mark.anyio


async def handler(exchange: Exchange) -> None: ...


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (ServerSettings(), [b"date", b"server"]),
        (ServerSettings(date=False), [b"server"]),
        (ServerSettings(server_name=b""), [b"date"]),
    ],
)
async def test_the_settings_decide_what_answers_are_stamped_with(
    settings: ServerSettings, names: list[bytes]
) -> None:
    async with anyio.create_task_group() as group:
        around = Surroundings(
            handler,
            settings=settings,
            context=Context(),
            task_group=group,
            shutdown=ShutdownNotice(),
        )
    answer = around.stamp.complete(Response(status=200), last=False)
    assert [name for name, _ in answer.headers] == names


async def test_what_a_task_of_the_server_raises_is_logged_and_ends_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail() -> None:
        raise ArithmeticError("of a stream with a bug")

    async with anyio.create_task_group() as group:
        around = surroundings(handler, group)
        around.start(fail)
        await settle()
        finished = anyio.Event()

        async def finish() -> None:
            finished.set()

        around.start(finish)
        await finished.wait()
        assert not group.cancel_scope.cancel_called
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.getMessage() == "a task of the server failed"


async def test_everything_is_as_it_was_given() -> None:
    settings, context, shutdown = ServerSettings(), Context(), ShutdownNotice()
    async with anyio.create_task_group() as group:
        around = Surroundings(
            handler, settings=settings, context=context, task_group=group, shutdown=shutdown
        )
        assert around.handler is handler
        assert around.settings is settings
        assert around.context is context
        assert around.task_group is group
        assert around.shutdown is shutdown


async def test_a_listener_has_settings_of_its_own_and_shares_the_rest() -> None:
    async with anyio.create_task_group() as group:
        around = surroundings(handler, group)
        assert around.forwarding is None
        own = Limits(head=1)
        under = around.under(Listener(limits=own, timeouts=Timeouts(head=1.0)))
        assert under.settings == replace(around.settings, limits=own, timeouts=Timeouts(head=1.0))
        assert under.forwarding == Listener().forwarding
        assert under.refusals is around.refusals
        assert under.stamp is around.stamp
        paced = around.under(Listener(pace=Pace(download=1.0)))
        assert paced.settings == replace(around.settings, pace=Pace(download=1.0))
        assert around.settings == ServerSettings()
        assert around.under(Listener()).settings == around.settings
