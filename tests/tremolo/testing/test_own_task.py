from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
import pytest

from tremolo.testing.own_task import OwnTask
from tremolo.testing.turns import let_others_run

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def with_group(ended: list[str]) -> AsyncIterator[str]:
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep_forever)
        yield "value"
        group.cancel_scope.cancel()
    ended.append("left")


async def test_it_is_entered_and_left() -> None:
    ended: list[str] = []
    own = OwnTask(with_group(ended))
    assert await own.enter() == "value"
    assert ended == []
    await own.leave()
    assert ended == ["left"]


async def test_it_is_left_in_another_task_than_it_was_entered_in() -> None:
    ended: list[str] = []
    own = OwnTask(with_group(ended))
    async with anyio.create_task_group() as group:
        group.start_soon(own.enter)
    async with anyio.create_task_group() as group:
        group.start_soon(own.leave)
    assert ended == ["left"]


async def test_what_entering_raises_is_raised_as_it_is() -> None:
    class Failing(AbstractAsyncContextManager[None]):
        async def __aenter__(self) -> None:
            async with anyio.create_task_group():
                pass
            raise ValueError("as it should")

        async def __aexit__(self, *_: object) -> None: ...

    with pytest.raises(ValueError, match="as it should"):
        await OwnTask(Failing()).enter()


async def test_so_is_what_leaving_raises() -> None:
    @asynccontextmanager
    async def fail() -> AsyncIterator[None]:
        yield
        raise ValueError("as it should")

    own = OwnTask(fail())
    await own.enter()
    with pytest.raises(ValueError, match="as it should"):
        await own.leave()


async def test_entering_can_be_cancelled() -> None:
    ended: list[str] = []

    @asynccontextmanager
    async def never() -> AsyncIterator[None]:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("ended")
        yield

    async with anyio.create_task_group() as group:
        group.start_soon(OwnTask(never()).enter)
        await let_others_run()
        group.cancel_scope.cancel()
    assert ended == ["ended"]


async def test_leaving_works_where_everything_is_shielded() -> None:
    ended: list[str] = []
    own = OwnTask(with_group(ended))
    await own.enter()
    with anyio.CancelScope() as scope:
        scope.cancel()
        with anyio.CancelScope(shield=True):
            await own.leave()
    assert ended == ["left"]
