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


@pytest.mark.parametrize("at_once", [True, False])
async def test_who_cannot_wait_is_told_once_when_nobody_may_connect_any_more(
    at_once: bool,
) -> None:
    notice, told = ShutdownNotice(), list[str]()
    forgotten = lambda: told.append("forgotten")  # noqa: E731  # the same object both times
    notice.on_drain(lambda: told.append("before"))
    notice.on_drain(forgotten)
    notice.forget_drain(forgotten)
    notice.forget_drain(forgotten)
    if not at_once:
        notice.begin(5.0, accepting=True)
        assert told == []
        notice.drain(0.0)
    else:
        notice.begin(5.0)
    assert told == ["before"]
    notice.on_drain(lambda: told.append("after"))
    assert told == ["before", "after"]
    notice.begin(3.0)
    notice.drain(0.0)
    assert told == ["before", "after"]


def test_a_notice_can_be_made_before_any_event_loop_runs() -> None:
    assert not ShutdownNotice().begun


async def test_connections_may_be_accepted_after_the_notice_if_that_is_said() -> None:
    notice = ShutdownNotice()
    assert not notice.draining
    notice.begin(5.0, accepting=True)
    assert (notice.begun, notice.draining) == (True, False)
    notice.drain(0.5)
    assert (notice.draining, notice.last_call) == (True, 0.5)


async def test_without_a_word_nobody_is_accepted_any_more() -> None:
    notice = ShutdownNotice()
    notice.begin(None)
    assert notice.draining


async def test_the_first_notice_says_how_websockets_end() -> None:
    stop, roll = ShutdownNotice(), ShutdownNotice()
    stop.begin(None)
    roll.begin(None, close_code=1012)
    roll.begin(None, close_code=1000)
    assert (stop.close_code, roll.close_code) == (1001, 1012)
