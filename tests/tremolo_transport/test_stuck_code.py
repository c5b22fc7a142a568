"""The names of what does not end."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import anyio
import anyio.to_thread
import pytest

from tremolo_transport.stuck_code import blocked_loop, busy_threads, lasting_threads


@pytest.mark.anyio
async def test_a_function_in_a_worker_thread_is_named_with_its_place() -> None:
    begun, free = anyio.Event(), threading.Event()

    def stuck() -> None:
        anyio.from_thread.run_sync(begun.set)
        free.wait()

    async with anyio.create_task_group() as group:
        group.start_soon(anyio.to_thread.run_sync, stuck)
        await begun.wait()
        [name] = [each for each in busy_threads() if "stuck" in each]
        free.set()
    assert name.startswith(
        "test_a_function_in_a_worker_thread_is_named_with_its_place.<locals>.stuck ("
    )
    assert __file__ in name or "threading.py" in name
    assert not [each for each in busy_threads() if "stuck" in each]


def test_a_thread_of_somebody_elses_is_no_business_of_ours() -> None:
    free = threading.Event()
    thread = threading.Thread(target=free.wait)
    thread.start()
    try:
        assert busy_threads() == ()
    finally:
        free.set()
        thread.join()


@contextmanager
def going_on(*, daemon: bool, by_hand: bool) -> Iterator[None]:
    """A thread meanwhile, in a function of ours or in nobody's."""
    free = threading.Event()

    def waits() -> None:
        free.wait()

    target = waits if by_hand else free.wait
    thread = threading.Thread(target=target, daemon=daemon, name="somebody")
    thread.start()
    try:
        yield
    finally:
        free.set()
        thread.join()


def test_what_python_waits_for_is_named_with_its_place_or_its_own_name() -> None:
    with going_on(daemon=False, by_hand=True):
        [name] = lasting_threads()
    assert name.startswith("going_on.<locals>.waits (")
    with going_on(daemon=False, by_hand=False):
        assert lasting_threads() == ("somebody",)
    with going_on(daemon=True, by_hand=True):
        assert lasting_threads() == ()


def test_a_pool_that_has_nothing_to_do_ends_by_itself() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        assert lasting_threads() == ()


def test_a_loop_that_waits_is_not_blocked(anyio_backend: tuple[str, dict[str, Any]]) -> None:
    seen: list[str | None] = []

    def look() -> None:
        seen.append(blocked_loop())

    async def main() -> None:
        # The loop waits for a thread to start, but not for one that is there.
        await anyio.to_thread.run_sync(int)
        await anyio.to_thread.run_sync(look)

    # Not in anyio's own runner for tests: there trio is a guest, whose host waits in a queue.
    backend, options = anyio_backend
    anyio.run(main, backend=backend, backend_options=options)
    assert seen == [None]


def test_code_that_keeps_the_main_thread_is_shown_with_its_stack() -> None:
    seen: list[str | None] = []

    def keep_busy() -> None:
        looking = threading.Thread(target=lambda: seen.append(blocked_loop()))
        looking.start()
        looking.join()

    keep_busy()
    [stack] = seen
    assert stack is not None
    assert "in keep_busy" in stack
