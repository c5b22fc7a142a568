"""Calls that are handed to threads, and what comes back of them."""

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextvars import ContextVar

import anyio
import pytest

from tremolo import Tremolo
from tremolo.contexts import WorkerContext
from tremolo.executor import Executor
from tremolo.testing import Client

pytestmark = pytest.mark.anyio

VARIABLE: ContextVar[str] = ContextVar("VARIABLE", default="unset")


@pytest.fixture
def executor() -> Iterator[Executor]:
    executor = Executor(3)
    yield executor
    executor.shut_down()


def thread() -> str:
    return threading.current_thread().name


async def test_a_call_in_a_thread(executor: Executor) -> None:
    assert await executor.submit(divmod, (7, 2)) == (3, 1)
    assert await executor.submit(int, ("ff",), {"base": 16}) == 255
    assert await executor.submit(thread) != thread()


async def test_what_it_raises(executor: Executor) -> None:
    submitted = executor.submit(divmod, (1, 0))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await submitted
    assert submitted.done()
    assert await executor.submit(len, ("still at work",), name=0) == 13


async def test_a_name_is_a_thread(executor: Executor) -> None:
    names = [await executor.submit(thread, name=name) for name in (0, 1, 2, 3, 4, 0)]
    assert names[0] == names[3] == names[5] != names[1] == names[4] != names[2] != names[0]
    assert len({await executor.submit(thread) for _ in range(3)}) == 3
    assert executor.size == 3


async def test_calls_of_one_thread_are_in_order_and_those_of_others_are_not_delayed(
    executor: Executor,
) -> None:
    release = threading.Event()
    order: list[int] = []
    blocked = executor.submit(release.wait, name=0)
    calls = [executor.submit(order.append, (number,), name=0) for number in range(10)]
    await executor.submit(order.append, (-1,), name=1)
    release.set()
    for call in reversed(calls):
        await call
    assert await blocked is True
    assert order == [-1, *range(10)]


async def test_context_variables_are_seen(executor: Executor) -> None:
    VARIABLE.set("set")
    assert await executor.submit(VARIABLE.get) == "set"


async def test_a_call_begins_without_being_awaited(executor: Executor) -> None:
    begun = threading.Event()
    executor.submit(begun.set)
    await anyio.to_thread.run_sync(begun.wait)


async def test_a_cancelled_await_takes_back_what_has_not_begun(executor: Executor) -> None:
    release = threading.Event()
    called: list[int] = []
    blocked = executor.submit(release.wait, name=0)
    waiting = executor.submit(called.append, (1,), name=0)
    async with anyio.create_task_group() as group:

        async def wait() -> None:
            await waiting

        group.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    taken_back = executor.submit(called.append, (2,), name=0)
    assert taken_back.cancel()
    release.set()
    assert await blocked
    with pytest.raises(CancelledError):
        await taken_back
    await executor.submit(called.append, (3,), name=0)
    assert called == [3]


async def test_a_generator_function(executor: Executor) -> None:
    threads: set[str] = set()

    def numbers(count: int) -> Iterator[int]:
        for number in range(count):
            threads.add(thread())
            yield number

    assert [number async for number in executor.submit(numbers, (4,))] == [0, 1, 2, 3]
    assert len(threads) == 1
    assert thread() not in threads


async def test_a_generator_that_is_closed_early(executor: Executor) -> None:
    closed: list[str] = []

    def numbers() -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.append(thread())

    steps = executor.submit(numbers, name=1)
    assert await anext(steps) == 1
    await steps.aclose()
    assert closed == [await executor.submit(thread, name=1)]
    with pytest.raises(StopAsyncIteration):
        await anext(steps)


async def test_a_generator_that_fails(executor: Executor) -> None:
    def numbers() -> Iterator[int]:
        yield 1
        raise LookupError

    steps = executor.submit(numbers)
    assert await anext(steps) == 1
    with pytest.raises(LookupError):
        await anext(steps)


async def test_what_cannot_be_called(executor: Executor) -> None:
    with pytest.raises(TypeError, match="can be called"):
        executor.submit(5)  # type: ignore[arg-type]  # what is tested


@pytest.mark.parametrize("name", ["threads", "thread", "counter", "start", "shutdown"])
async def test_its_threads_are_its_own_business(executor: Executor, name: str) -> None:
    assert not hasattr(executor, name)


async def test_threads_end_with_the_executor() -> None:
    executor = Executor(1)
    running = await executor.submit(threading.current_thread)
    last = executor.submit(thread)
    executor.shut_down()
    assert (await last).startswith("tremolo-executor-")
    await anyio.to_thread.run_sync(running.join)


async def test_an_application_has_one_while_it_is_served() -> None:
    app = Tremolo()
    running: list[threading.Thread] = []

    @app.route("/")
    async def index(globals: WorkerContext) -> str:
        running.append(await globals.executor.submit(threading.current_thread, name=5))
        return f"{globals.executor.size}"

    async with Client(app, thread_pool_size=2) as client:
        assert (await client.get("/")).text == "2"
        assert (await client.get("/")).text == "2"
        assert running[0] is running[1]
        assert running[0].is_alive()
    await anyio.to_thread.run_sync(running[0].join)
