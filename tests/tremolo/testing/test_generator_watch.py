import gc
import sys
from collections.abc import AsyncGenerator
from contextvars import copy_context

import pytest

from tremolo.testing.generator_watch import unwatch_generators, watch_generators
from tremolo.testing.left_behind import LeftBehind
from tremolo.testing.runs import CURRENT_RUN, Run
from tremolo.testing.turns import let_others_run
from tremolo_core import Headers, Request

pytestmark = pytest.mark.anyio


async def numbers() -> AsyncGenerator[int, None]:
    yield 1
    yield 2


async def in_run(left: LeftBehind) -> None:
    """Have what the test begins from here on noted, as if it were a handler."""
    request = Request(method=b"GET", target=b"/", headers=Headers())
    CURRENT_RUN.set(Run(request, ("127.0.0.1", 1), left))
    watch_generators()


async def test_one_that_is_abandoned_is_noted_and_closed_by_the_event_loop() -> None:
    left = LeftBehind()
    closed: list[str] = []

    async def closing() -> AsyncGenerator[int, None]:
        try:
            yield 1
        finally:
            closed.append("closed")

    await in_run(left)
    async for _ in closing():
        break
    gc.collect()
    await let_others_run()
    unwatch_generators()
    (complaint,) = await left.find()
    assert "closing" in str(complaint)
    assert closed == ["closed"]


async def test_one_that_comes_to_its_end_is_not() -> None:
    left = LeftBehind()
    await in_run(left)
    assert [number async for number in numbers()] == [1, 2]
    generator = numbers()
    await anext(generator)
    await generator.aclose()
    unwatch_generators()
    assert await left.find() == []


async def test_one_that_nobody_has_begun_is_not() -> None:
    left = LeftBehind()
    await in_run(left)
    numbers()
    unwatch_generators()
    assert await left.find() == []


async def test_outside_of_runs_nothing_is_noted() -> None:
    watch_generators()
    generator = numbers()
    await anext(generator)
    await generator.aclose()
    unwatch_generators()


async def test_the_event_loops_own_hooks_are_back_afterwards() -> None:
    before = sys.get_asyncgen_hooks()
    watch_generators()
    watch_generators()
    assert sys.get_asyncgen_hooks() != before
    unwatch_generators()
    unwatch_generators()
    assert sys.get_asyncgen_hooks() == before


def test_without_an_event_loop_there_are_no_hooks_to_call() -> None:
    def run() -> None:
        watch_generators()
        generator = numbers()
        with pytest.raises(StopIteration):
            generator.__anext__().send(None)
        del generator
        unwatch_generators()

    copy_context().run(run)
