"""Both event loops whose time can be the test's keep the same promises."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import get_args

import anyio
import anyio.to_thread
import pytest
from anyio.lowlevel import checkpoint

from tremolo.testing import Clock
from tremolo.testing.clock import Backend, time_is_the_tests

from .timing import wait

BACKENDS = get_args(Backend)
backends = pytest.mark.parametrize("backend", BACKENDS)

PATIENCE = 60.0
"""Real seconds that no test takes that works."""


async def run_in_thread(func: Callable[[], object]) -> None:
    await anyio.to_thread.run_sync(func)


async def order_of_tasks() -> str:
    """Names of tasks in the order in which they ran, each three times."""
    order: list[str] = []

    async def run(name: str) -> None:
        for _ in range(3):
            order.append(name)
            await checkpoint()

    async with anyio.create_task_group() as group:
        for name in "abcdef":
            group.start_soon(run, name)
    return "".join(order)


@backends
def test_what_waits_takes_no_time(backend: Backend) -> None:
    clock = Clock()

    async def run() -> float:
        began = clock.time()
        await wait(86_400)
        with pytest.raises(TimeoutError):
            with anyio.fail_after(3_600):
                await anyio.Event().wait()
        return clock.time() - began

    began = time.monotonic()
    assert clock.run(run, backend=backend) == pytest.approx(90_000)
    assert time.monotonic() - began < PATIENCE


@backends
def test_timers_end_in_their_order(backend: Backend) -> None:
    ended: list[tuple[int, float]] = []

    async def run() -> None:
        began = anyio.current_time()

        async def sleep(seconds: int) -> None:
            await wait(seconds)
            ended.append((seconds, anyio.current_time() - began))

        async with anyio.create_task_group() as group:
            for seconds in (30, 10, 20):
                group.start_soon(sleep, seconds)

    Clock().run(run, backend=backend)
    assert [seconds for seconds, _ in ended] == [10, 20, 30]
    assert [passed for _, passed in ended] == pytest.approx([10, 20, 30])


@backends
def test_time_stands_still_while_anything_runs(backend: Backend) -> None:
    async def work() -> float:
        began = anyio.current_time()
        for _ in range(1_000):
            await checkpoint()
        return anyio.current_time() - began

    assert Clock().run(work, backend=backend) == 0


@backends
def test_time_does_not_jump_over_a_worker_thread(backend: Backend) -> None:
    done = threading.Event()

    async def work() -> float:
        async def set_soon() -> None:
            # If time jumped, the one below would have given up long ago.
            done.set()

        began = anyio.current_time()
        with anyio.fail_after(3_600):
            async with anyio.create_task_group() as group:
                group.start_soon(set_soon)
                await anyio.to_thread.run_sync(done.wait)
        return anyio.current_time() - began

    assert Clock().run(work, backend=backend) < PATIENCE


@backends
def test_time_passes_while_a_worker_thread_waits_for_it(backend: Backend) -> None:
    async def work() -> None:
        release = threading.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(run_in_thread, release.wait)
            await wait(0.01)
            release.set()

    Clock().run(work, backend=backend)


@backends
def test_time_jumps_again_when_the_thread_is_back(backend: Backend) -> None:
    async def work() -> float:
        await anyio.to_thread.run_sync(int)
        began = anyio.current_time()
        await wait(86_400)
        return anyio.current_time() - began

    assert Clock().run(work, backend=backend) == pytest.approx(86_400)


def test_asyncios_own_threads_are_waited_for_too() -> None:
    async def work() -> float:
        done = threading.Event()
        began = anyio.current_time()
        call = asyncio.get_running_loop().run_in_executor(None, done.wait)
        async with asyncio.timeout(3_600):
            await checkpoint()
            done.set()
            await call
        return anyio.current_time() - began

    assert Clock().run(work) < PATIENCE


def test_those_that_end_with_the_loop_have_their_time() -> None:
    done = threading.Event()

    async def work() -> None:
        pool = ThreadPoolExecutor(1)
        asyncio.get_running_loop().set_default_executor(pool)
        # The loop does not know of it until it waits for all threads.
        pool.submit(done.wait)

    ending = threading.Timer(0.05, done.set)
    ending.start()
    Clock().run(work)
    assert done.is_set()
    ending.join()


@backends
def test_the_same_seed_gives_the_same_order_and_others_give_others(backend: Backend) -> None:
    orders = [Clock(seed=seed).run(order_of_tasks, backend=backend) for seed in [*range(10)] * 2]
    assert orders[:10] == orders[10:]
    assert len(set(orders)) > 5


@backends
def test_without_a_seed_it_has_one_of_its_own(backend: Backend) -> None:
    one, other = Clock(), Clock()
    assert one.seed != other.seed
    assert one.run(order_of_tasks, backend=backend) == Clock(seed=one.seed).run(
        order_of_tasks, backend=backend
    )


@backends
def test_what_fails_is_told_the_seed(backend: Backend) -> None:
    async def fail(text: str) -> None:
        raise ValueError(text)

    with pytest.raises(ValueError, match="text") as caught:
        Clock(seed=7).run(fail, "text", backend=backend)
    assert caught.value.__notes__ == ["the tasks ran in the order of Clock(seed=7)"]


@backends
def test_options_are_for_anyio(backend: Backend) -> None:
    options = Clock(seed=1).backend_options(backend)
    began = time.monotonic()
    anyio.run(wait, 86_400, backend=backend, backend_options=options)
    assert time.monotonic() - began < PATIENCE


@backends
def test_it_is_known_whose_time_it_is(backend: Backend) -> None:
    async def ask() -> bool:
        return time_is_the_tests()

    assert Clock().run(ask, backend=backend)
    assert not anyio.run(ask, backend=backend)


def test_uvloops_time_is_its_own() -> None:
    pytest.importorskip("uvloop")

    async def ask() -> bool:
        return time_is_the_tests()

    assert not anyio.run(ask, backend_options={"use_uvloop": True})


def test_a_failure_that_only_some_orders_show_is_found_and_repeated() -> None:
    async def race() -> list[str]:
        seen: list[str] = []
        async with anyio.create_task_group() as group:
            group.start_soon(partial(_append, seen, "first"))
            group.start_soon(partial(_append, seen, "second"))
        return seen

    outcomes = {seed: Clock(seed=seed).run(race)[0] for seed in range(20)}
    assert set(outcomes.values()) == {"first", "second"}


async def _append(seen: list[str], name: str) -> None:
    seen.append(name)
