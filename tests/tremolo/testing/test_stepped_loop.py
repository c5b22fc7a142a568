from typing import get_args

import anyio
import anyio.to_thread
import pytest

from tremolo.testing.clock import Backend, Clock
from tremolo.testing.stepped_loop import open_loop

from .timing import wait

backends = pytest.mark.parametrize("backend", get_args(Backend))


@backends
def test_a_call_returns_what_the_function_does(backend: Backend) -> None:
    async def add(one: int, other: int) -> int:
        await anyio.lowlevel.checkpoint()
        return one + other

    loop = open_loop(backend, None)
    assert [loop.run(add, 1, number) for number in range(3)] == [1, 2, 3]
    loop.close()


@backends
def test_a_call_raises_what_the_function_does(backend: Backend) -> None:
    async def fail() -> None:
        raise ValueError("as it should")

    loop = open_loop(backend, None)
    for _ in range(2):
        with pytest.raises(ValueError, match="as it should"):
            loop.run(fail)
    loop.close()


@backends
def test_what_was_begun_goes_on_with_the_next_call(backend: Backend) -> None:
    ended: list[str] = []

    async def begin() -> anyio.Event:
        return anyio.Event()

    async def set_event(event: anyio.Event) -> None:
        event.set()

    async def wait_for(event: anyio.Event) -> str:
        async with anyio.create_task_group() as group:
            group.start_soon(set_event, event)
            await event.wait()
            ended.append("waited")
        return "done"

    loop = open_loop(backend, None)
    assert loop.run(wait_for, loop.run(begin)) == "done"
    loop.close()
    assert ended == ["waited"]


@backends
def test_a_clock_is_its_time(backend: Backend) -> None:
    loop = open_loop(backend, Clock())

    async def now() -> float:
        return anyio.current_time()

    began = loop.run(now)
    loop.run(wait, 3_600.0)
    assert loop.run(now) - began == pytest.approx(3_600)
    loop.close()


@backends
def test_one_that_was_never_used_is_closed_too(backend: Backend) -> None:
    open_loop(backend, None).close()


@pytest.mark.anyio
async def test_it_does_not_run_inside_another(anyio_backend_name: str) -> None:
    if anyio_backend_name == "trio":
        pytest.skip("asyncio is asked, which cannot be nested")
    for backend in get_args(Backend):
        loop = open_loop(backend, None)
        with pytest.raises(RuntimeError, match="use Client there"):
            loop.run(anyio.lowlevel.checkpoint)
        loop.close()


async def count_in_thread() -> int:
    return await anyio.to_thread.run_sync(int)


def test_asyncio_knows_what_it_is_whatever_the_caller_runs_on() -> None:
    cvar = pytest.importorskip("sniffio").current_async_library_cvar
    token = cvar.set("trio")
    loop = open_loop("asyncio", None)
    assert loop.run(count_in_thread) == 0
    loop.close()
    cvar.reset(token)
