import asyncio
import sys
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from tremolo.testing.left_behind import LeftBehind
from tremolo.testing.runs import CURRENT_RUN, Run
from tremolo.testing.task_watch import unwatch_tasks, watch_tasks
from tremolo_core import Headers, Request

pytestmark = pytest.mark.anyio


async def linger() -> None:
    await asyncio.Event().wait()


@pytest.fixture
def asyncio_only(anyio_backend_name: str) -> None:
    if anyio_backend_name == "trio":
        pytest.skip("trio has no tasks that belong to nobody")


async def begin_run(left: LeftBehind) -> None:
    request = Request(method=b"GET", target=b"/", headers=Headers())
    CURRENT_RUN.set(Run(request, ("127.0.0.1", 1), left))


@pytest.mark.usefixtures("asyncio_only")
async def test_a_task_of_a_run_is_noted() -> None:
    left = LeftBehind()
    watch_tasks()
    await begin_run(left)
    task = asyncio.create_task(linger(), name="lingering")
    unwatch_tasks()
    (complaint,) = await left.find()
    assert "linger" in str(complaint)
    assert task.cancelled()
    assert task.get_name() == "lingering"


@pytest.mark.usefixtures("asyncio_only")
async def test_a_task_of_a_task_of_a_run_is_noted() -> None:
    left = LeftBehind()
    watch_tasks()
    await begin_run(left)
    tasks: list[asyncio.Task[None]] = []

    async def start() -> None:
        tasks.append(asyncio.create_task(linger()))

    await asyncio.create_task(start())
    unwatch_tasks()
    assert len(await left.find()) == 1


@pytest.mark.usefixtures("asyncio_only")
async def test_other_tasks_are_not() -> None:
    left = LeftBehind()
    watch_tasks()
    task = asyncio.create_task(linger())
    unwatch_tasks()
    assert await left.find() == []
    task.cancel()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there are no eager tasks")
def test_tasks_that_begin_at_once_do_so_and_those_of_task_groups_do_not() -> None:
    begun: list[str] = []

    async def begin(name: str) -> None:
        begun.append(name)
        with anyio.CancelScope():
            await checkpoint()

    async def live() -> None:
        loop = asyncio.get_running_loop()
        factory = getattr(asyncio, "eager_task_factory", None)
        loop.set_task_factory(factory)
        left = LeftBehind()
        watch_tasks()
        await begin_run(left)
        task = asyncio.create_task(begin("at once"))
        assert begun == ["at once"]
        lingering = asyncio.create_task(linger())
        async with anyio.create_task_group() as group:
            group.start_soon(begin, "later")
            assert begun == ["at once"]
        await task
        assert len(await left.find()) == 1
        assert lingering.cancelled()
        unwatch_tasks()
        assert loop.get_task_factory() is factory

    asyncio.run(live())
    assert begun == ["at once", "later"]


@pytest.mark.usefixtures("asyncio_only")
async def test_the_loops_own_factory_goes_on_making_the_tasks() -> None:
    loop = asyncio.get_running_loop()
    made: list[str] = []

    def factory(loop: asyncio.AbstractEventLoop, coro: Any, **arguments: Any) -> Any:
        made.append(coro.__name__)
        return asyncio.Task(coro, loop=loop, **arguments)

    loop.set_task_factory(factory)
    left = LeftBehind()
    watch_tasks()
    await begin_run(left)
    task = asyncio.create_task(linger())
    unwatch_tasks()
    assert loop.get_task_factory() is factory
    loop.set_task_factory(None)
    assert made == ["linger"]
    assert len(await left.find()) == 1
    del task


@pytest.mark.usefixtures("asyncio_only")
async def test_the_factory_is_back_when_the_last_has_left() -> None:
    loop = asyncio.get_running_loop()
    before = loop.get_task_factory()
    watch_tasks()
    watch_tasks()
    unwatch_tasks()
    assert loop.get_task_factory() is not before
    unwatch_tasks()
    assert loop.get_task_factory() is before
    unwatch_tasks()


async def test_elsewhere_there_is_nothing_to_watch() -> None:
    watch_tasks()
    unwatch_tasks()
