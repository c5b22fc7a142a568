"""Worker threads: what flows into them, how many there are, and what a cancellation leaves."""

import threading
from collections.abc import Iterator
from contextvars import ContextVar

import anyio
import pytest

from tremolo.threads import Threads

pytestmark = pytest.mark.anyio

colour: ContextVar[str] = ContextVar("colour", default="none")


async def test_a_call_runs_elsewhere_and_returns() -> None:
    assert await Threads(1).call(threading.get_ident) != threading.get_ident()


async def test_a_call_raises_what_the_function_raises() -> None:
    def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError, match="x"):
        await Threads(1).call(fail)


async def test_context_variables_are_seen() -> None:
    token = colour.set("red")
    try:
        assert await Threads(1).call(colour.get) == "red"
    finally:
        colour.reset(token)


async def test_only_so_many_run_at_a_time() -> None:
    threads = Threads(2)
    lock = threading.Lock()
    go_on = threading.Event()
    running = most = 0
    two = anyio.Event()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
            if running == 2:
                anyio.from_thread.run_sync(two.set)
        go_on.wait(10)
        with lock:
            running -= 1

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(threads.call, work)
        await two.wait()
        await anyio.wait_all_tasks_blocked()
        go_on.set()
    assert most == 2


async def test_a_generator_keeps_its_context_between_steps() -> None:
    def steps() -> Iterator[tuple[str, bool]]:
        here = threading.get_ident()
        yield colour.get(), here == main
        colour.set("blue")
        yield colour.get(), threading.get_ident() == main

    main = threading.get_ident()
    token = colour.set("red")
    try:
        generator = Threads(1).iterate(steps())  # type: ignore[arg-type] # it is a generator
        assert [step async for step in generator] == [("red", False), ("blue", False)]
        assert colour.get() == "red"
    finally:
        colour.reset(token)


async def test_a_generator_that_fails() -> None:
    def steps() -> Iterator[int]:
        yield 1
        raise KeyError("x")

    generator = Threads(1).iterate(steps())  # type: ignore[arg-type] # it is a generator
    assert await anext(generator) == 1
    with pytest.raises(KeyError):
        await anext(generator)


async def test_closing_runs_the_clean_up_in_a_thread() -> None:
    closed_in: list[int] = []

    def steps() -> Iterator[int]:
        try:
            yield 1
        finally:
            closed_in.append(threading.get_ident())

    generator = Threads(1).iterate(steps())  # type: ignore[arg-type] # it is a generator
    assert await anext(generator) == 1
    await generator.aclose()
    assert closed_in
    assert closed_in != [threading.get_ident()]


async def test_closing_waits_for_a_step_that_was_abandoned() -> None:
    began = anyio.Event()
    go_on = threading.Event()
    order: list[str] = []

    def steps() -> Iterator[int]:
        try:
            anyio.from_thread.run_sync(began.set)
            go_on.wait(10)
            order.append("the step ends")
            yield 1
        finally:
            order.append("closed")

    generator = Threads(1).iterate(steps())  # type: ignore[arg-type] # it is a generator
    async with anyio.create_task_group() as group:
        group.start_soon(anext, generator)
        await began.wait()
        group.cancel_scope.cancel()
    async with anyio.create_task_group() as group:
        group.start_soon(generator.aclose)
        await anyio.wait_all_tasks_blocked()
        assert order == []
        go_on.set()
    assert order == ["the step ends", "closed"]


async def test_closing_does_not_wait_for_other_calls() -> None:
    threads = Threads(1)
    go_on = threading.Event()
    closed: list[bool] = []

    def steps() -> Iterator[int]:
        try:
            yield 1
        finally:
            closed.append(True)

    generator = threads.iterate(steps())  # type: ignore[arg-type] # it is a generator
    assert await anext(generator) == 1
    async with anyio.create_task_group() as group:
        group.start_soon(threads.call, go_on.wait)
        await anyio.wait_all_tasks_blocked()
        await generator.aclose()
        go_on.set()
    assert closed == [True]
