"""A step that waits already goes on as if it had been awaited from its beginning."""

from collections.abc import AsyncGenerator, Generator

import anyio
import anyio.lowlevel
import pytest

from tremolo.gathering import Begun

pytestmark = pytest.mark.anyio


async def test_it_returns_what_the_step_returns() -> None:
    async def step() -> str:
        for _ in range(3):
            await anyio.lowlevel.checkpoint()
        return "done"

    begun = step()
    assert await Begun(begun, begun.send(None)) == "done"


async def test_it_raises_what_the_step_raises() -> None:
    async def chunks() -> AsyncGenerator[bytes, None]:
        await anyio.lowlevel.checkpoint()
        for nothing in range(0):
            yield b"%d" % nothing

    generator = chunks()
    begun = generator.__anext__()
    with pytest.raises(StopAsyncIteration):
        await Begun(begun, begun.send(None))


async def test_a_cancellation_reaches_the_step_which_may_go_on() -> None:
    cleaned = list[str]()
    scope = anyio.CancelScope()

    async def step() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
            cleaned.append("up")

    async def cancel() -> None:
        scope.cancel()

    async with anyio.create_task_group() as group:
        with scope:
            begun = step()
            trap = begun.send(None)
            group.start_soon(cancel)
            await Begun(begun, trap)
    assert cleaned == ["up"]


def test_whoever_gives_up_closes_the_step() -> None:
    closed = list[bool]()

    class Trap:
        def __await__(self) -> Generator[object, None, None]:
            yield self

    async def step() -> None:
        try:
            await Trap()
        finally:
            closed.append(True)

    begun = step()
    awaiting = Begun(begun, begun.send(None)).__await__()
    assert isinstance(next(awaiting), Trap)
    awaiting.close()
    assert closed == [True]
