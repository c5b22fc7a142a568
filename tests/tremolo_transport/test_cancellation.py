"""Which exceptions cancel the task they are caught in, and which only look so."""

import asyncio

import anyio
import pytest
from anyio import CancelScope

from tremolo_transport.cancellation import is_cancellation

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "error",
    [ValueError(), KeyboardInterrupt(), SystemExit(), BaseExceptionGroup("", [SystemExit()])],
)
async def test_an_error_is_no_cancellation(error: BaseException) -> None:
    assert not is_cancellation(error)


async def test_a_scope_cancels() -> None:
    caught: list[bool] = []
    with CancelScope() as scope:
        scope.cancel()
        try:
            await anyio.sleep_forever()
        except BaseException as error:
            caught.append(is_cancellation(error))
            raise
    assert caught == [True]


async def test_an_error_on_the_way_of_a_cancellation_is_none() -> None:
    caught: list[bool] = []
    with CancelScope() as scope:
        scope.cancel()
        try:
            try:
                await anyio.sleep_forever()
            finally:
                raise ValueError("in the clean-up")
        except ValueError as error:
            caught.append(is_cancellation(error))
    assert caught == [False]


async def test_asyncios_error_does_not_cancel_when_anybody_raises_it() -> None:
    assert not is_cancellation(asyncio.CancelledError())


async def test_a_task_is_cancelled_and_who_awaits_it_is_not(anyio_backend_name: str) -> None:
    if anyio_backend_name != "asyncio":
        pytest.skip("only on asyncio is a task itself cancelled")
    caught: list[bool] = []

    async def wait() -> None:
        try:
            await anyio.sleep_forever()
        except BaseException as error:
            caught.append(is_cancellation(error))
            raise

    task = asyncio.ensure_future(wait())
    await anyio.lowlevel.checkpoint()
    task.cancel()
    try:
        await task
    except BaseException as error:
        caught.append(is_cancellation(error))
    assert caught == [True, False]
