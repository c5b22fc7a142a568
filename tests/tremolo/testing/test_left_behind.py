import asyncio
from collections.abc import AsyncGenerator

import anyio
import pytest
from anyio.lowlevel import checkpoint

from tremolo.testing.left_behind import LeftBehind

pytestmark = pytest.mark.anyio


@pytest.fixture
def asyncio_only(anyio_backend_name: str) -> None:
    if anyio_backend_name == "trio":
        pytest.skip("trio has no tasks that belong to nobody")


async def numbers(closed: list[str]) -> AsyncGenerator[int, None]:
    try:
        yield 1
    finally:
        await checkpoint()
        closed.append("closed")


async def test_a_generator_that_is_open_is_named_and_closed() -> None:
    left = LeftBehind()
    closed: list[str] = []
    generator = numbers(closed)
    left.note_generator(generator, "GET /")  # type: ignore[arg-type]  # it is one at run time
    await anext(generator)
    (complaint,) = await left.find()
    assert "the handler of GET / left an asynchronous generator" in str(complaint)
    assert f"numbers ({__file__}:" in str(complaint)
    assert closed == ["closed"]
    assert await left.find() == []


async def test_one_that_is_done_is_not() -> None:
    left = LeftBehind()
    generator = numbers([])
    left.note_generator(generator, "GET /")  # type: ignore[arg-type]  # it is one at run time
    async for _ in generator:
        pass
    assert await left.find() == []


async def test_one_that_was_noted_nowhere_is_not_told_of() -> None:
    left = LeftBehind()
    generator = numbers([])
    left.note_abandoned(generator)  # type: ignore[arg-type]  # it is one at run time
    assert await left.find() == []


@pytest.mark.usefixtures("asyncio_only")
async def test_a_task_that_runs_is_named_and_cancelled() -> None:
    async def refresh() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            await asyncio.sleep(0)

    left = LeftBehind()
    task = asyncio.create_task(refresh())
    left.note_task(task, "GET /")
    (complaint,) = await left.find()
    assert "the handler of GET / left a task behind, which still runs:" in str(complaint)
    assert "refresh (" in str(complaint)
    assert task.cancelled()


@pytest.mark.usefixtures("asyncio_only")
async def test_one_that_ends_by_itself_is_given_the_time() -> None:
    async def finish() -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    left = LeftBehind()
    task = asyncio.create_task(finish())
    left.note_task(task, "GET /")
    assert await left.find() == []
    assert task.done()
