import anyio
import pytest

from tremolo.testing import Clock
from tremolo.testing.sweeps import repeated
from tremolo.testing.turns import let_others_run

from .timing import wait

pytestmark = pytest.mark.anyio


async def test_it_is_done_soon_and_again_after_so_many_seconds(tremolo_clock: Clock) -> None:
    times: list[float] = []
    began = tremolo_clock.time()
    async with anyio.create_task_group() as group:
        with repeated(times.append, seconds=0.25, group=group):
            assert times == []
            await wait(0.8)
        group.cancel_scope.cancel()
    assert [time - began for time in times] == pytest.approx([0, 0.25, 0.5, 0.75])


async def test_it_is_done_no_more_once_that_is_left(tremolo_clock: Clock) -> None:
    times: list[float] = []
    async with anyio.create_task_group() as group:
        with repeated(times.append, seconds=0.25, group=group):
            await wait(0.1)
        group.cancel_scope.cancel()
    await wait(5)
    assert len(times) == 1


async def test_what_it_raises_ends_the_group() -> None:
    def fail(now: float) -> None:
        times.append(now)
        raise ValueError("in the timer")

    times: list[float] = []
    with pytest.raises(ExceptionGroup) as caught:
        async with anyio.create_task_group() as group:
            with repeated(fail, seconds=0.25, group=group):
                await anyio.sleep_forever()
    assert caught.group_contains(ValueError, match="in the timer")
    await let_others_run()
    assert len(times) == 1


async def test_it_may_start_tasks() -> None:
    started = anyio.Event()

    async def begin() -> None:
        started.set()

    def sweep(_: float) -> None:
        group.start_soon(begin)

    async with anyio.create_task_group() as group:
        with repeated(sweep, seconds=0.25, group=group):
            await started.wait()
        group.cancel_scope.cancel()
