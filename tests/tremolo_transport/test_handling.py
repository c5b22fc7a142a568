"""A request is answered whatever its handler has left undone: nothing, a part, or a WebSocket."""

import anyio
import pytest

from tremolo_core import Data, EndOfMessage, Headers, Request, Response
from tremolo_transport.driver import Driver
from tremolo_transport.handling import answer_late, see_to_answer
from tremolo_transport.peer import Peer
from tremolo_transport.served_exchange import ServedExchange

from .conversations import GET
from .test_answers import Answering

pytestmark = pytest.mark.anyio

HALF = (
    Response(status=200, headers=Headers([(b"content-length", b"8")])),
    Data(data=b"half"),
)
WHOLE = (Response(status=200, headers=Headers([(b"content-length", b"0")])), EndOfMessage())


def exchange_of(on: Answering) -> ServedExchange:
    assert isinstance(on.event, Request)
    connection = Driver(on.link.stream, Peer(), on.around)
    return ServedExchange(on.event, Peer(), connection, on.answers)


@pytest.mark.parametrize("failed", [True, False])
async def test_an_answer_that_was_not_begun_becomes_a_500(
    failed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async with anyio.create_task_group() as group:
        on = Answering(GET, group)
        await see_to_answer(exchange_of(on), on.answers, failed=failed)
        assert (await on.client.answer()).status == 500
        assert ("returned too early" in caplog.text) is not failed


async def test_an_answer_that_was_begun_is_broken_off() -> None:
    async with anyio.create_task_group() as group:
        on = Answering(GET, group)
        await on.answers.send(*HALF)
        await see_to_answer(exchange_of(on), on.answers, failed=True)
        assert on.link.broken


async def test_an_answer_that_is_complete_is_left_alone() -> None:
    async with anyio.create_task_group() as group:
        on = Answering(GET, group)
        await on.answers.send(*WHOLE)
        await see_to_answer(exchange_of(on), on.answers, failed=True)
        await answer_late(on.answers)
        assert not on.link.broken
        assert (await on.client.answer()).status == 200
        assert not on.connection.has_data_to_send


async def test_who_was_too_late_gets_a_503_as_the_last_answer() -> None:
    async with anyio.create_task_group() as group:
        on = Answering(GET, group)
        await answer_late(on.answers)
        answer = await on.client.answer()
        assert (answer.status, answer.get(b"connection")) == (503, b"close")


async def test_who_was_too_late_with_the_rest_sees_it_break_off() -> None:
    async with anyio.create_task_group() as group:
        on = Answering(GET, group)
        await on.answers.send(*HALF)
        await answer_late(on.answers)
        assert on.link.broken
