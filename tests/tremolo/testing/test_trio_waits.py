"""What it shares with asyncio's is in `test_waits`; here is what is trio's alone."""

import pytest
import trio
import trio.testing

from tremolo.testing.trio_waits import TrioWait

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "trio"


async def test_one_that_is_cancelled_waits_no_more() -> None:
    wait = TrioWait()
    with trio.move_on_after(0) as scope:
        await wait.begin()
    assert scope.cancelled_caught
    assert not wait.waiting
    wait.end()


async def test_whoever_begins_waits() -> None:
    wait = TrioWait()
    ended: list[int] = []

    async def work(number: int) -> None:
        await wait.begin()
        ended.append(number)

    for number in range(2):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(work, number)
            await trio.testing.wait_all_tasks_blocked()
            assert wait.waiting
            wait.end()
            assert not wait.waiting
    assert ended == [0, 1]
