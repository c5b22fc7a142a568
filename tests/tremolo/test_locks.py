"""Locks in tasks of one worker, and against another process."""

import gc
import math
import os
import signal
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from tremolo.lock_file import LockFile
from tremolo.locks import Lock, LockName, Locks
from tremolo.testing import Clock

from .test_lock_file import held_elsewhere

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["process", "file"])
def locks(request: pytest.FixtureRequest, tmp_path: Path) -> Locks:
    return Locks(LockFile(str(tmp_path / "locks") if request.param else None))


async def free(lock: Lock) -> bool:
    try:
        await lock.acquire(timeout=0)
    except TimeoutError:
        return False
    lock.release()
    return True


async def test_one_holder_at_a_time(locks: Locks) -> None:
    inside = most = 0

    async def use(lock: Lock) -> None:
        nonlocal inside, most
        async with lock:
            inside += 1
            most = max(most, inside)
            assert lock.held
            for _ in range(3):
                await anyio.lowlevel.checkpoint()
            inside -= 1
        assert not lock.held

    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(use, Lock(locks))
    assert most == 1


async def test_those_who_wait_get_it_in_their_order(locks: Locks) -> None:
    order: list[int] = []

    async def use(number: int) -> None:
        async with Lock(locks):
            order.append(number)

    first = Lock(locks)
    await first.acquire()
    async with anyio.create_task_group() as group:
        for number in range(10):
            group.start_soon(use, number)
            await anyio.wait_all_tasks_blocked()
        first.release()
    assert order == list(range(10))


async def test_names_are_locks_of_their_own(locks: Locks) -> None:
    lock = Lock(locks)
    names: list[LockName] = [0, 1, "0", "a", b"a", "ü", "\ud800"]
    held = [lock(name) for name in names]
    for one in held:
        await one.acquire(timeout=0)
    for name in names:
        assert not await free(lock(name))
    assert not await free(lock)
    for one in held:
        one.release()
    assert await free(lock)
    assert [one.name for one in held] == names


async def test_what_was_not_acquired_is_not_released(locks: Locks) -> None:
    holder, other = Lock(locks), Lock(locks)
    other.release()
    await holder.acquire()
    other.release()
    holder("b").release()
    assert not await free(other)
    holder.release()
    holder.release()
    assert await free(other)


async def test_a_time_out(locks: Locks, tremolo_clock: Clock) -> None:
    holder = Lock(locks, "a")
    await holder.acquire()
    for lock, timeout, seconds in (
        (Lock(locks, "a"), None, 30),
        (Lock(locks, "a", timeout=5), None, 5),
        (Lock(locks, "a", timeout=5), 2, 2),
        (Lock(locks)("a", timeout=1), None, 1),
        (Lock(locks, "a"), 0, 0),
    ):
        began = tremolo_clock.time()
        with pytest.raises(TimeoutError, match="the lock 'a'"):
            await lock.acquire(timeout)
        assert tremolo_clock.time() - began == pytest.approx(seconds, abs=0.1)
        assert not lock.held
        with pytest.raises(TimeoutError):
            async with Lock(locks, "a", timeout=0.5):
                pass
    holder.release()
    await Lock(locks, "a").acquire(math.inf)


async def test_hundreds_of_time_outs_leak_nothing(locks: Locks) -> None:
    holder = Lock(locks)
    await holder.acquire()
    descriptors = _descriptors()

    async def fail(timeout: float) -> None:
        with pytest.raises(TimeoutError):
            await Lock(locks).acquire(timeout)

    async with anyio.create_task_group() as group:
        for _ in range(100):
            group.start_soon(fail, 0)
            group.start_soon(fail, 0.01)
    assert await _threads_are_few()
    assert _descriptors() == descriptors
    holder.release()
    assert await free(Lock(locks))
    assert locks._queues == {}


async def test_hundreds_of_cancellations_leak_nothing(locks: Locks) -> None:
    holder = Lock(locks)
    await holder.acquire()
    waiting = [Lock(locks) for _ in range(300)]
    async with anyio.create_task_group() as group:
        for lock in waiting:
            group.start_soon(lock.acquire)
        await anyio.wait_all_tasks_blocked()
        # Whoever is first is cancelled just as he gets it, or has got it.
        holder.release()
        group.cancel_scope.cancel()
    assert sum(lock.held for lock in waiting) <= 1
    for lock in waiting:
        lock.release()
    assert await free(Lock(locks))
    assert locks._queues == {}


async def test_it_is_not_re_entrant(locks: Locks) -> None:
    async with Lock(locks) as lock:
        with pytest.raises(TimeoutError):
            await lock.acquire(timeout=0.01)
        assert lock.held
    assert await free(Lock(locks))


async def test_an_exception_frees_it(locks: Locks) -> None:
    with pytest.raises(LookupError):
        async with Lock(locks):
            raise LookupError
    assert await free(Lock(locks))


async def test_what_another_process_holds_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "locks"
    locks = Locks(LockFile(str(path)))
    with held_elsewhere(path) as process:
        with pytest.raises(TimeoutError):
            await Lock(locks, "a").acquire(timeout=0)
        with pytest.raises(TimeoutError):
            await Lock(locks, "a").acquire(timeout=0.05)
        async with anyio.create_task_group() as group:
            waiting = Lock(locks, "a")
            group.start_soon(waiting.acquire)
            await anyio.lowlevel.checkpoint()
            # Its holder dies without a word.
            process.send_signal(signal.SIGKILL)
        assert waiting.held
        waiting.release()
    assert await free(Lock(locks, "a"))


def _descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0


async def _threads_are_few() -> bool:
    """Whether nobody who waited has a worker thread."""
    return anyio.to_thread.current_default_thread_limiter().borrowed_tokens == 0
