"""What a wait promises, on each event loop; what in-step waits do is in `test_memory_line`, too."""

import asyncio
from contextvars import ContextVar

import anyio
import anyio.lowlevel
import pytest

from tremolo.testing import Clock
from tremolo.testing.backends import on_asyncio
from tremolo.testing.turns import let_others_run
from tremolo.testing.waits import Wait, new_wait

pytestmark = pytest.mark.anyio

WHOSE: ContextVar[str] = ContextVar("WHOSE", default="the test's")


@pytest.fixture(params=[False, True], ids=["in turn", "in step"])
def in_step(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def wait_again_and_again(wait: Wait, ended: list[str]) -> None:
    WHOSE.set("the waiter's")
    while True:
        await wait.begin()
        ended.append(WHOSE.get())


async def test_it_ends_each_time_for_who_waits(in_step: bool) -> None:
    wait = new_wait(in_step=in_step)
    ended: list[str] = []
    wait.end()
    waiting = [wait.waiting]
    async with anyio.create_task_group() as group:
        group.start_soon(wait_again_and_again, wait, ended)
        for times in range(3):
            await let_others_run()
            waiting.append(wait.waiting)
            assert ended == ["the waiter's"] * times
            wait.end()
            assert WHOSE.get() == "the test's"
        await let_others_run()
        group.cancel_scope.cancel()
    assert [*waiting, wait.waiting] == [False, True, True, True, False]
    wait.end()


async def test_in_step_the_waiter_has_waited_again_when_the_call_returns() -> None:
    wait = new_wait(in_step=True)
    ended: list[str] = []
    async with anyio.create_task_group() as group:
        group.start_soon(wait_again_and_again, wait, ended)
        await let_others_run()
        wait.end()
        wait.end()
        if on_asyncio():
            assert wait.waiting
            assert ended == ["the waiter's"] * 2
        else:
            assert ended == []
        group.cancel_scope.cancel()


async def test_each_step_is_of_its_own_task() -> None:
    wait = new_wait(in_step=True)
    tasks: list[anyio.TaskInfo] = []

    async def work() -> None:
        me = anyio.get_current_task()
        await wait.begin()
        with anyio.move_on_after(60):
            assert anyio.get_current_task() == me
            tasks.append(me)
            # It may wait for anything else, too.
            await anyio.lowlevel.checkpoint()
            tasks.append(anyio.get_current_task())

    async with anyio.create_task_group() as group:
        group.start_soon(work)
        await let_others_run()
        me = anyio.get_current_task()
        wait.end()
        assert anyio.get_current_task() == me
    assert tasks[0] == tasks[1] != me


async def test_who_ends_it_outside_of_all_tasks() -> None:
    if not on_asyncio():
        pytest.skip("on trio all is in a task")
    wait = new_wait(in_step=True)
    ended: list[str] = []
    async with anyio.create_task_group() as group:
        group.start_soon(wait_again_and_again, wait, ended)
        await let_others_run()
        asyncio.get_running_loop().call_soon(wait.end)
        await let_others_run()
        group.cancel_scope.cancel()
    assert ended == ["the waiter's"]


async def test_what_the_waiter_raises_is_its_own(in_step: bool) -> None:
    wait = new_wait(in_step=in_step)

    async def fail() -> None:
        await wait.begin()
        raise ValueError("the waiter's")

    with pytest.raises(ExceptionGroup) as caught:
        async with anyio.create_task_group() as group:
            group.start_soon(fail)
            await let_others_run()
            wait.end()
            # Not here.
    assert caught.group_contains(ValueError, match="the waiter's")


async def test_on_a_clock_the_seed_orders_those_in_turn(tremolo_clock: Clock) -> None:
    orders: set[tuple[int, ...]] = set()
    for _ in range(30):
        order: list[int] = []
        waits = [new_wait(in_step=False) for _ in range(3)]

        async def work(number: int, wait: Wait, order: list[int]) -> None:
            await wait.begin()
            order.append(number)

        async with anyio.create_task_group() as group:
            for number, wait in enumerate(waits):
                group.start_soon(work, number, wait, order)
            await let_others_run()
            for wait in waits:
                wait.end()
        orders.add(tuple(order))
    assert len(orders) > 1
