import asyncio
import threading
from typing import Any

import anyio
import anyio.to_thread
import pytest

from tremolo.testing.turns import let_others_run
from tremolo.testing.worker_threads import worker_threads_are_busy


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    if request.param:
        pytest.importorskip("uvloop")
    return "asyncio", {"use_uvloop": request.param}


async def wait_in_thread(event: threading.Event) -> None:
    await anyio.to_thread.run_sync(event.wait)


@pytest.mark.anyio
async def test_a_thread_is_busy_from_the_call_to_the_return() -> None:
    loop = asyncio.get_running_loop()
    release = threading.Event()
    assert not worker_threads_are_busy(loop)
    async with anyio.create_task_group() as group:
        group.start_soon(wait_in_thread, release)
        await let_others_run()
        assert worker_threads_are_busy(loop)
        release.set()
    assert not worker_threads_are_busy(loop)


@pytest.mark.anyio
async def test_threads_of_other_loops_do_not_count() -> None:
    loop = asyncio.new_event_loop()
    release = threading.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(wait_in_thread, release)
        await let_others_run()
        assert not worker_threads_are_busy(loop)
        release.set()
    loop.close()


def test_a_thread_that_ends_is_not_busy() -> None:
    loop = asyncio.new_event_loop()
    release = threading.Event()

    class Stopping(threading.Thread):
        stopping = True
        idle_workers: tuple[threading.Thread, ...] = ()

        def __init__(self) -> None:
            super().__init__(target=release.wait)
            self.loop = loop

    thread = Stopping()
    thread.start()
    assert not worker_threads_are_busy(loop)
    thread.stopping = False
    assert worker_threads_are_busy(loop)
    release.set()
    thread.join()
    assert not worker_threads_are_busy(loop)
    loop.close()
