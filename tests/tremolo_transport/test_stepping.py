"""A coroutine in a context of its own, in the task of whoever awaits it."""

import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from contextvars import Context, ContextVar, copy_context
from typing import Any

import anyio
import pytest
from anyio import CancelScope
from anyio.lowlevel import checkpoint

from tremolo_transport.stepping import Unfinished, as_coroutine_function, first_steps

pytestmark = pytest.mark.anyio

COLOUR: ContextVar[str] = ContextVar("COLOUR")

Function = Callable[[], Awaitable[None]]


def begun(context: Context, function: Function) -> Unfinished | None:
    return first_steps(context, as_coroutine_function(_call)(function))


def _call(function: Function) -> Awaitable[None]:
    return function()


def steps_of(function: Function) -> Generator[Any, Any, None]:
    """The steps of what waits for something, from its first wait on."""
    unfinished = begun(Context(), function)
    assert unfinished is not None
    return unfinished.__await__()


async def to_the_end(context: Context, function: Function) -> None:
    unfinished = begun(context, function)
    if unfinished is not None:
        await unfinished


async def test_what_is_no_coroutine_function_is_called_in_the_first_step() -> None:
    seen: list[str] = []

    def plain(colour: str) -> Awaitable[None]:
        COLOUR.set(colour)
        return checkpoint()

    async def coroutine_function(colour: str) -> None:
        seen.append(colour)

    class Instance:
        async def __call__(self, colour: str) -> None:
            seen.append(colour)

    instance = Instance()
    assert as_coroutine_function(coroutine_function) is coroutine_function
    assert as_coroutine_function(instance) is instance
    context = Context()
    unfinished = first_steps(context, as_coroutine_function(plain)("red"))
    assert unfinished is not None
    await unfinished
    assert context[COLOUR] == "red"
    assert COLOUR.get("none") == "none"


async def test_what_never_waits_is_done_at_once() -> None:
    async def paint() -> None:
        COLOUR.set("red")

    context = Context()
    assert begun(context, paint) is None
    assert context[COLOUR] == "red"

    async def fail() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        begun(context, fail)


async def test_every_step_runs_in_the_context_and_none_outside() -> None:
    seen: list[str] = []

    async def paint() -> None:
        seen.append(COLOUR.get("none"))
        COLOUR.set("red")
        await checkpoint()
        seen.append(COLOUR.get("none"))
        COLOUR.set("green")

    COLOUR.set("outside")
    context = Context()
    await to_the_end(context, paint)
    assert seen == ["none", "red"]
    assert context[COLOUR] == "green"
    assert COLOUR.get() == "outside"


async def test_it_is_the_same_task() -> None:
    tasks: list[int] = []

    async def note() -> None:
        tasks.append(anyio.get_current_task().id)

    await to_the_end(Context(), note)
    assert tasks == [anyio.get_current_task().id]


async def test_what_is_awaited_gets_what_it_waits_for() -> None:
    results: list[object] = []

    async def wait() -> None:
        results.append(await anyio.to_thread.run_sync(lambda: 42))

    await to_the_end(copy_context(), wait)
    assert results == [42]


async def test_an_exception_passes_through_and_is_raised_in_the_context() -> None:
    async def fail() -> None:
        COLOUR.set("red")
        await checkpoint()
        raise ValueError(COLOUR.get())

    with pytest.raises(ValueError, match="red"):
        await to_the_end(Context(), fail)


async def test_a_cancellation_passes_through_and_is_seen_in_the_context() -> None:
    seen: list[str] = []

    async def wait() -> None:
        COLOUR.set("red")
        try:
            await anyio.sleep_forever()
        finally:
            seen.append(COLOUR.get("none"))

    with CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(to_the_end, Context(), wait)
            await checkpoint()
            await checkpoint()
            scope.cancel()
    assert seen == ["red"]
    assert scope.cancelled_caught


async def test_a_cancellation_may_be_survived() -> None:
    async def survive() -> None:
        with CancelScope() as scope:
            scope.cancel()
            await checkpoint()
        assert scope.cancelled_caught
        await checkpoint()
        COLOUR.set("survived")

    context = Context()
    await to_the_end(context, survive)
    assert context[COLOUR] == "survived"


async def test_scopes_groups_and_context_managers_work_inside() -> None:
    entered: list[str] = []

    @asynccontextmanager
    async def manager() -> AsyncIterator[None]:
        entered.append(COLOUR.get())
        yield
        entered.append(COLOUR.get())

    async def child() -> None:
        entered.append(COLOUR.get())

    async def work() -> None:
        COLOUR.set("red")
        async with manager(), anyio.create_task_group() as group:
            group.start_soon(child)
            COLOUR.set("green")

    await to_the_end(Context(), work)
    assert entered == ["red", "red", "green"]


def test_a_coroutine_that_is_dropped_is_closed_in_its_context() -> None:
    seen: list[str] = []

    class Trap:
        def __await__(self) -> Generator[None, None, None]:
            yield

    async def wait() -> None:
        COLOUR.set("red")
        try:
            await Trap()
        finally:
            seen.append(COLOUR.get("none"))

    coroutine = steps_of(wait)
    next(coroutine)
    coroutine.close()
    assert seen == ["red"]


def test_what_is_sent_and_thrown_arrives() -> None:
    heard: list[object] = []

    class Listener:
        def __await__(self) -> Generator[str, Any, None]:
            heard.append((yield "first"))
            try:
                yield "second"
            except LookupError as error:
                heard.append(error)
            yield "third"

    steps = steps_of(Listener)
    assert next(steps) == "first"
    assert steps.send(1) == "second"
    error = LookupError()
    assert steps.throw(error) == "third"
    assert heard == [1, error]
    with pytest.raises(StopIteration):
        next(steps)


def test_an_error_that_was_thrown_in_is_not_kept() -> None:
    class Dear:
        pass

    def run() -> None:
        async def wait() -> None:
            dear = Dear()
            await Trap()
            del dear

        class Trap:
            def __await__(self) -> Generator[None, None, None]:
                yield

        steps = steps_of(wait)
        next(steps)
        with pytest.raises(KeyError):
            steps.throw(KeyError())

    gc.collect()
    gc.disable()
    try:
        run()
        alive = [thing for thing in gc.get_objects() if isinstance(thing, Dear)]
    finally:
        gc.enable()
    assert alive == []
