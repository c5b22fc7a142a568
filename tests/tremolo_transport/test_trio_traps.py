"""A wait of trio's that is waited again and again."""

import anyio
import pytest
import trio
from anyio import CancelScope

from tremolo_transport.trio_traps import WOKEN, trap_of, wait

from .conversations import PATIENCE, settle

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "trio"


class Sleeper:
    """A task that waits for the same `times` times."""

    def __init__(self) -> None:
        self.task: trio.lowlevel.Task | None = None
        self.woken = 0
        self.left = 0
        self.trap = trap_of(self.leave)

    def leave(self, _: object) -> trio.lowlevel.Abort:
        self.left += 1
        return trio.lowlevel.Abort.SUCCEEDED

    async def sleep(self, times: int) -> None:
        self.task = trio.lowlevel.current_task()
        for _ in range(times):
            await wait(self.trap)
            self.woken += 1

    def wake(self) -> None:
        assert self.task is not None
        trio.lowlevel.reschedule(self.task, WOKEN)


async def test_who_waits_goes_on_when_woken_each_time() -> None:
    sleeper = Sleeper()
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            group.start_soon(sleeper.sleep, 3)
            for woken in range(3):
                await settle()
                assert sleeper.woken == woken
                sleeper.wake()
    assert (sleeper.woken, sleeper.left) == (3, 0)


async def test_who_waits_can_be_cancelled_and_wait_again() -> None:
    sleeper = Sleeper()
    with anyio.fail_after(PATIENCE):
        for left in (1, 2):
            with CancelScope() as scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(sleeper.sleep, 1)
                    await settle()
                    scope.cancel()
            assert scope.cancelled_caught
            assert (sleeper.woken, sleeper.left) == (0, left)
        async with anyio.create_task_group() as group:
            group.start_soon(sleeper.sleep, 1)
            await settle()
            sleeper.wake()
    assert sleeper.woken == 1
