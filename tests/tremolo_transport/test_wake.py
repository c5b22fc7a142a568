"""A wait that the event loop ends at once: to a task it is like any other."""

import asyncio
import sys
from contextvars import ContextVar
from typing import Any

import anyio
import pytest

from tremolo_transport.wake import Wake

COLOUR: ContextVar[str] = ContextVar("COLOUR")

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    if request.param:
        pytest.importorskip("uvloop")
    return "asyncio", {"use_uvloop": request.param}


async def turns(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def in_turn_of_the_loop(function: Any) -> None:
    """Call `function` as the event loop calls what it was given, outside tasks."""
    called = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(lambda: called.set_result(function()))
    await called


async def test_who_waits_goes_on_at_once() -> None:
    wake = Wake(asyncio.get_running_loop())
    seen: list[object] = []

    async def wait() -> None:
        COLOUR.set("red")
        for number in range(3):
            await wake
            seen.append((number, COLOUR.get(), asyncio.current_task() is task))

    task = asyncio.ensure_future(wait())
    await turns()
    assert wake.callback is not None
    behind: list[list[object]] = []

    def wake_and_look() -> None:
        wake.now()
        behind.append(list(seen))

    for number in range(3):
        await in_turn_of_the_loop(wake_and_look)
        assert behind[-1] == [(n, "red", True) for n in range(number + 1)]
    await task
    assert wake.callback is None


async def test_what_nobody_waits_for_wakes_nobody() -> None:
    wake = Wake(asyncio.get_running_loop())
    wake.now()
    wake.soon()
    assert not wake.cancel()
    waiting = asyncio.ensure_future(wait_for(wake))
    await turns()
    assert wake.callback is not None, "what was said before does not count"
    wake.soon()
    await waiting


async def wait_for(wake: Wake) -> None:
    await wake


async def test_from_a_task_who_waits_is_run_by_the_loop() -> None:
    wake = Wake(asyncio.get_running_loop())
    waiting = asyncio.ensure_future(wait_for(wake))
    await turns()
    wake.soon()
    wake.soon()
    assert not waiting.done()
    await waiting


async def test_a_wait_is_cancelled_like_any_other() -> None:
    wake = Wake(asyncio.get_running_loop())
    waiting = asyncio.ensure_future(wait_for(wake))
    await turns()
    waiting.cancel("enough")
    with pytest.raises(asyncio.CancelledError, match="enough"):
        await waiting
    assert wake.callback is None
    again = asyncio.ensure_future(wait_for(wake))
    await turns()
    wake.soon()
    await again


async def test_who_is_cancelled_before_it_waits() -> None:
    wake = Wake(asyncio.get_running_loop())

    async def wait() -> None:
        this = asyncio.current_task()
        assert this is not None
        this.cancel()
        await wake

    waiting = asyncio.ensure_future(wait())
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_cancellation_is_not_undone_by_what_comes_meanwhile() -> None:
    wake = Wake(asyncio.get_running_loop())
    waiting = asyncio.ensure_future(wait_for(wake))
    await turns()

    def both() -> None:
        waiting.cancel()
        wake.now()

    await in_turn_of_the_loop(both)
    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.parametrize("waits", [True, False])
async def test_what_stands_in_runs_as_the_task_that_waits_on_or_goes_on(waits: bool) -> None:
    wake = Wake(asyncio.get_running_loop())
    seen: list[object] = []

    def serve(data: bytes) -> bool:
        seen.append((data, asyncio.current_task() is waiting, wake.done()))
        return waits

    async def wait() -> None:
        wake.stand_in(serve)
        await wake
        seen.append("went on")

    waiting = asyncio.ensure_future(wait())
    await turns()
    await in_turn_of_the_loop(lambda: wake.serve_now(b"one"))
    assert seen[0] == (b"one", True, True)
    assert waiting.done() is not waits
    if waits:
        await in_turn_of_the_loop(lambda: wake.serve_now(b"two"))
        assert [seen[1], wake.done()] == [(b"two", True, True), False]
        await in_turn_of_the_loop(wake.now)
    assert seen[-1] == "went on"
    assert wake.serve is None
    await waiting


async def test_it_runs_in_the_context_of_the_task() -> None:
    wake = Wake(asyncio.get_running_loop())

    def serve(_: bytes) -> bool:
        COLOUR.set(COLOUR.get() + "dish")
        return True

    async def wait() -> str:
        COLOUR.set("red")
        wake.stand_in(serve)
        await wake
        return COLOUR.get()

    waiting = asyncio.ensure_future(wait())
    await turns()
    await in_turn_of_the_loop(lambda: wake.serve_now(b"one"))
    wake.soon()
    assert await waiting == "reddish"


async def test_it_is_for_one_wait() -> None:
    wake = Wake(asyncio.get_running_loop())

    async def wait() -> None:
        wake.stand_in(lambda _: True)
        await wake
        assert wake.serve is None
        await wake

    waiting = asyncio.ensure_future(wait())
    await turns()
    for _ in range(2):
        assert not wake.done()
        await in_turn_of_the_loop(wake.now)
    await waiting


@pytest.mark.parametrize("waits", [True, False])
async def test_a_task_that_is_cancelled_in_its_place_is_so_where_it_waits_next(waits: bool) -> None:
    wake = Wake(asyncio.get_running_loop())
    went_on: list[int] = []

    def serve(_: bytes) -> bool:
        assert waiting.cancel("enough")
        return waits

    async def wait() -> None:
        wake.stand_in(serve)
        await wake
        went_on.append(waiting.cancelling())
        await asyncio.get_running_loop().create_future()

    waiting = asyncio.ensure_future(wait())
    await turns()
    await in_turn_of_the_loop(lambda: wake.serve_now(b"one"))
    with pytest.raises(asyncio.CancelledError, match="enough"):
        await waiting
    assert went_on == [1]
    assert waiting.cancelling() == 1


async def test_a_cancellation_may_be_taken_back_as_far_as_python_has_that() -> None:
    wake = Wake(asyncio.get_running_loop())

    def serve(_: bytes) -> bool:
        waiting.cancel()
        waiting.uncancel()
        return True

    async def wait() -> None:
        wake.stand_in(serve)
        await wake
        await wake

    waiting = asyncio.ensure_future(wait())
    await turns()
    await in_turn_of_the_loop(lambda: wake.serve_now(b"one"))
    await turns()
    assert waiting.cancelled() is (sys.version_info < (3, 13))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_nothing_stands_in_for_a_task_that_is_cancelled() -> None:
    wake = Wake(asyncio.get_running_loop())

    async def wait() -> None:
        wake.stand_in(lambda _: True)
        await wake

    waiting = asyncio.ensure_future(wait())
    await turns()
    waiting.cancel()
    assert wake.serve is None
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_who_is_to_go_on_meanwhile_does_so_behind_it() -> None:
    wake = Wake(asyncio.get_running_loop())

    def serve(_: bytes) -> bool:
        wake.soon()
        return True

    async def wait() -> None:
        wake.stand_in(serve)
        await wake

    waiting = asyncio.ensure_future(wait())
    await turns()
    await in_turn_of_the_loop(lambda: wake.serve_now(b"one"))
    await waiting


async def test_a_scope_of_anyio_cancels_it() -> None:
    wake = Wake(asyncio.get_running_loop())
    with anyio.move_on_after(0) as scope:
        await wake
    assert scope.cancelled_caught
    assert wake.callback is None


async def test_anyio_sees_whether_a_task_waits() -> None:
    wake = Wake(asyncio.get_running_loop())
    waiting = asyncio.ensure_future(wait_for(wake))
    await anyio.wait_all_tasks_blocked()
    assert not wake.done()
    wake.soon()
    await waiting
    assert wake.done()


async def test_another_loop_is_told_apart() -> None:
    assert Wake(asyncio.get_running_loop()).get_loop() is asyncio.get_running_loop()
    other = asyncio.new_event_loop()
    try:
        with pytest.raises(RuntimeError):
            await Wake(other)
    finally:
        other.close()
