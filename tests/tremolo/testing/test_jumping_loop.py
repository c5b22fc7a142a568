"""What asyncio promises of a loop, this one keeps; `test_clock` has what it promises besides."""

import asyncio
import time
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from tremolo.testing.jumping_loop import START, JumpingLoop


@pytest.fixture(params=range(5))
def loop(request: pytest.FixtureRequest) -> Iterator[JumpingLoop]:
    loop = JumpingLoop(request.param)
    yield loop
    loop.close()


def test_callbacks_run_in_the_order_of_their_calls(loop: JumpingLoop) -> None:
    ran: list[int] = []

    async def run() -> None:
        for number in range(20):
            loop.call_soon(ran.append, number)
        await asyncio.sleep(0)

    loop.run_until_complete(run())
    assert ran == list(range(20))


def test_no_task_overtakes_a_callback_from_either_side(loop: JumpingLoop) -> None:
    ran: list[str] = []

    async def note(name: str) -> None:
        ran.append(name)

    async def run() -> None:
        tasks = [loop.create_task(note("before")) for _ in range(5)]
        loop.call_soon(ran.append, "callback")
        tasks += [loop.create_task(note("after")) for _ in range(5)]
        await asyncio.gather(*tasks)

    loop.run_until_complete(run())
    assert ran == ["before"] * 5 + ["callback"] + ["after"] * 5


def test_a_task_runs_in_its_own_context(loop: JumpingLoop) -> None:
    variable: ContextVar[int] = ContextVar("variable", default=0)
    seen: list[int] = []

    async def count(number: int) -> None:
        assert variable.get() == 0
        variable.set(number)
        await asyncio.sleep(0)
        seen.append(variable.get())

    async def run() -> None:
        await asyncio.gather(*map(count, range(1, 9)))

    loop.run_until_complete(run())
    assert sorted(seen) == list(range(1, 9))


def test_tasks_that_are_woken_together_run_in_an_order_that_repeats() -> None:
    def order(seed: int) -> list[int]:
        loop = JumpingLoop(seed)
        woken: list[int] = []

        async def wait(event: asyncio.Event, number: int) -> None:
            await event.wait()
            woken.append(number)

        async def run() -> None:
            event = asyncio.Event()
            # A set's order is that of addresses in memory.
            tasks = {loop.create_task(wait(event, number)) for number in range(8)}
            await asyncio.sleep(0)
            for task in tasks:
                task.add_done_callback(tasks.discard)
            event.set()
            await asyncio.wait(set(tasks))

        loop.run_until_complete(run())
        loop.close()
        return woken

    assert [order(seed) for seed in range(5)] == [order(seed) for seed in range(5)]
    assert len({tuple(order(seed)) for seed in range(5)}) > 1


def test_cancelling_and_errors_reach_whom_they_should(loop: JumpingLoop) -> None:
    async def fail() -> None:
        raise ValueError("as it should")

    async def run() -> None:
        sleeper = loop.create_task(asyncio.Event().wait())
        await asyncio.sleep(0)
        sleeper.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeper
        with pytest.raises(ValueError, match="as it should"):
            await loop.create_task(fail(), name="failing")

    loop.run_until_complete(run())


def test_what_another_thread_brings_is_waited_for_when_no_timer_runs(loop: JumpingLoop) -> None:
    async def run() -> float:
        before = loop.time()
        await asyncio.to_thread(time.monotonic)
        return loop.time() - before

    assert 0 <= loop.run_until_complete(run()) < 60


def test_it_begins_late_enough(loop: JumpingLoop) -> None:
    assert loop.time() == START > 0
