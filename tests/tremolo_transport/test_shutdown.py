"""The notice that a server is about to stop."""

import anyio
import pytest

from tremolo_transport.shutdown import ShutdownNotice

from .conversations import settle

pytestmark = pytest.mark.anyio


async def test_nothing_has_begun_at_first() -> None:
    notice = ShutdownNotice()
    assert not notice.begun
    assert notice.deadline is None


async def test_everybody_who_waits_is_told() -> None:
    notice = ShutdownNotice()
    told = 0

    async def wait() -> None:
        nonlocal told
        await notice.wait()
        told += 1

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(wait)
        await settle()
        assert told == 0
        notice.begin(5.0)
    assert told == 3
    await notice.wait()
    assert notice.begun
    assert notice.deadline == 5.0


@pytest.mark.parametrize(
    ("deadlines", "result"),
    [
        ([None], None),
        ([None, None], None),
        ([5.0, 3.0], 3.0),
        ([5.0, 7.0], 5.0),
        ([5.0, None], 5.0),
        ([None, 7.0], 7.0),
        ([5.0, 0.0, 7.0], 0.0),
    ],
)
async def test_the_deadline_only_comes_nearer(
    deadlines: list[float | None], result: float | None
) -> None:
    notice = ShutdownNotice()
    for deadline in deadlines:
        notice.begin(deadline)
    assert notice.begun
    assert notice.deadline == result


def test_a_notice_can_be_made_before_any_event_loop_runs() -> None:
    assert not ShutdownNotice().begun
