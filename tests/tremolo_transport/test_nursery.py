"""Tasks that have ended when the nursery is left, on every event loop."""

import asyncio
from contextlib import suppress
from contextvars import Context, ContextVar

import anyio
import pytest
from anyio import CancelScope, Event

from tremolo_transport.nursery import Nursery, open_nursery

from .conversations import PATIENCE, settle

pytestmark = pytest.mark.anyio


class Tasks:
    """Tasks as the server has them: each waits in a scope of its own, which `cancel` ends."""

    def __init__(self) -> None:
        self.begun = 0
        self.ended = 0
        self.cancelled = False
        self.go_on = Event()
        self._scopes: set[CancelScope] = set()

    def cancel(self) -> None:
        self.cancelled = True
        for scope in self._scopes:
            scope.cancel()

    async def wait(self) -> None:
        self.begun += 1
        try:
            with CancelScope() as scope:
                self._scopes.add(scope)
                if self.cancelled:
                    scope.cancel()
                await self.go_on.wait()
        finally:
            self.ended += 1


async def fail() -> None:
    raise ValueError("this task fails")


async def test_it_is_left_when_all_tasks_have_ended() -> None:
    tasks = Tasks()
    with anyio.fail_after(PATIENCE):
        async with open_nursery(tasks.cancel) as nursery:
            for _ in range(3):
                nursery.start(tasks.wait())
            await settle()
            assert (tasks.begun, tasks.ended) == (3, 0)
            tasks.go_on.set()
        assert tasks.ended == 3
        assert not tasks.cancelled


async def test_without_tasks_it_is_left_at_once() -> None:
    async with open_nursery(Tasks().cancel):
        pass


async def test_tasks_end_while_it_is_open() -> None:
    tasks = Tasks()
    with anyio.fail_after(PATIENCE):
        async with open_nursery(tasks.cancel) as nursery:
            tasks.go_on.set()
            nursery.start(tasks.wait())
            await settle()
            assert tasks.ended == 1
            nursery.start(tasks.wait())
        assert tasks.ended == 2


@pytest.mark.parametrize("waiting", [True, False], ids=["at its end", "inside"])
async def test_if_it_is_cancelled_its_tasks_are_and_are_waited_for(waiting: bool) -> None:
    tasks = Tasks()
    left = False

    async def live() -> None:
        nonlocal left
        async with open_nursery(tasks.cancel) as nursery:
            nursery.start(tasks.wait())
            if not waiting:
                await anyio.sleep_forever()
        left = True

    with anyio.fail_after(PATIENCE):
        with CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(live)
                await settle()
                assert tasks.begun == 1
                scope.cancel()
        assert scope.cancelled_caught
        assert tasks.ended == 1
        assert not left


async def test_a_cancellation_may_start_what_was_at_rest() -> None:
    tasks = Tasks()
    opened: list[Nursery] = []

    def wake() -> None:
        # It may be called twice.
        if not tasks.cancelled:
            tasks.cancel()
            opened[0].start(tasks.wait())

    async def live() -> None:
        async with open_nursery(wake) as nursery:
            opened.append(nursery)
            await anyio.sleep_forever()

    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            group.start_soon(live)
            await settle()
            group.cancel_scope.cancel()
    assert (tasks.begun, tasks.ended) == (1, 1)


async def test_tasks_have_the_context_that_it_was_opened_in() -> None:
    where = ContextVar("where", default="nowhere")
    seen: list[str] = []

    async def look() -> None:
        seen.append(where.get())

    where.set("inside")
    async with open_nursery(Tasks().cancel) as nursery:
        nursery.start(look())
        await settle()
        if anyio.get_cancelled_exc_class() is not asyncio.CancelledError:
            # There it is another task that wakes who is at rest.
            Context().run(nursery.start, look())
    assert set(seen) == {"inside"}


async def test_what_its_owner_raises_ends_the_tasks_and_goes_on() -> None:
    tasks = Tasks()
    with anyio.fail_after(PATIENCE):
        with pytest.raises((ValueError, ExceptionGroup)):
            async with open_nursery(tasks.cancel) as nursery:
                nursery.start(tasks.wait())
                await settle()
                await fail()
        assert tasks.ended == 1


async def test_a_task_that_fails_ends_the_others_and_their_owner() -> None:
    tasks = Tasks()
    went_on = False
    with anyio.fail_after(PATIENCE):
        with pytest.raises(ExceptionGroup) as caught:
            async with open_nursery(tasks.cancel) as nursery:
                nursery.start(tasks.wait())
                await settle()
                nursery.start(fail())
                await anyio.sleep_forever()
                went_on = True
        assert caught.group_contains(ValueError, match="this task fails")
        assert tasks.ended == 1
        assert not went_on


async def test_a_task_that_fails_at_the_end_ends_the_others_too() -> None:
    tasks = Tasks()
    with anyio.fail_after(PATIENCE):
        with pytest.raises(ExceptionGroup) as caught:
            async with open_nursery(tasks.cancel) as nursery:
                nursery.start(tasks.wait())
                nursery.start(fail())
        assert caught.group_contains(ValueError, match="this task fails")
        assert tasks.ended == 1


# Tasks that are kept for what comes next.


@pytest.fixture
def only_on_asyncio(anyio_backend_name: str) -> None:
    if anyio_backend_name != "asyncio":
        pytest.skip("elsewhere each has a task of its own")


class Seen:
    """The tasks that work was done in."""

    def __init__(self) -> None:
        self.tasks: list[object] = []

    async def look(self) -> None:
        self.tasks.append(asyncio.current_task())

    async def look_and_wait(self, until: Event) -> None:
        await self.look()
        await until.wait()


@pytest.mark.usefixtures("only_on_asyncio")
async def test_what_comes_next_is_done_in_the_same_task() -> None:
    seen = Seen()
    async with open_nursery(Tasks().cancel) as nursery:
        for _ in range(3):
            nursery.start(seen.look())
            await settle()
    assert len(seen.tasks) == 3
    assert len(set(seen.tasks)) == 1


@pytest.mark.usefixtures("only_on_asyncio")
async def test_what_the_event_loop_brings_is_begun_at_once() -> None:
    seen = Seen()
    begun: list[int] = []

    def come() -> None:
        nursery.start(seen.look())
        begun.append(len(seen.tasks))

    async with open_nursery(Tasks().cancel) as nursery:
        for _ in range(2):
            asyncio.get_running_loop().call_soon(come)
            await settle()
    # For the first there was no task.
    assert begun == [0, 2]


@pytest.mark.usefixtures("only_on_asyncio")
async def test_who_waits_does_not_keep_others_waiting() -> None:
    seen, go_on = Seen(), Event()
    async with open_nursery(Tasks().cancel) as nursery:
        for _ in range(40):
            nursery.start(seen.look_and_wait(go_on))
        await settle()
        assert len(set(seen.tasks)) == 40
        others = len(asyncio.all_tasks()) - 40
        go_on.set()
        await settle()
        # Nor are there many who wait for something to do.
        assert len(asyncio.all_tasks()) - others == 16
        nursery.start(seen.look())
        await settle()
        assert seen.tasks[-1] in seen.tasks[:40]
    assert len(asyncio.all_tasks()) == others


@pytest.mark.usefixtures("only_on_asyncio")
async def test_a_task_that_was_cancelled_is_not_kept() -> None:
    seen = Seen()

    async def be_cancelled() -> None:
        await seen.look()
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        with suppress(asyncio.CancelledError):
            await anyio.sleep_forever()

    async with open_nursery(Tasks().cancel) as nursery:
        nursery.start(be_cancelled())
        await settle()
        nursery.start(seen.look())
        await settle()
    assert len(set(seen.tasks)) == 2


@pytest.mark.usefixtures("only_on_asyncio")
@pytest.mark.parametrize("early", [True, False], ids=["before the next comes", "with the next"])
async def test_one_that_is_cancelled_while_it_is_kept_takes_nothing_along(early: bool) -> None:
    seen = Seen()
    async with open_nursery(Tasks().cancel) as nursery:
        nursery.start(seen.look())
        await settle()
        [task] = seen.tasks
        assert isinstance(task, asyncio.Task)
        task.cancel()
        if early:
            await settle()
        nursery.start(seen.look())
        await settle()
        assert task.cancelled()
    assert len(set(seen.tasks)) == 2
