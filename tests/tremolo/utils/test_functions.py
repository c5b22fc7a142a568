"""What functions take, and how they are called from elsewhere."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio.to_thread
import pytest

from tremolo.utils import getoptions, is_async, to_sync


async def coroutine(a: int, b: int = 2) -> int:
    return a + b


async def generator() -> AsyncIterator[int]:
    yield 1
    yield 2


def plain(a: Any, b: int = 5, *, c: int = 1, **rest: Any) -> None: ...


def plain_generator() -> Iterator[int]:
    yield 1


def test_what_is_asynchronous() -> None:
    assert [is_async(func) for func in (coroutine, generator, plain, plain_generator, int)] == [
        *(True, True, False, False, False)
    ]


def test_the_options_of_a_function() -> None:
    assert getoptions(plain) == {"a": None, "b": 5}
    assert getoptions(lambda: 0) == {}


class Thing:
    x = 3
    coroutine = staticmethod(coroutine)
    generator = staticmethod(generator)

    def plain(self) -> str:
        return "plain"


@pytest.mark.anyio
@pytest.mark.parametrize("by_loop", [True, False])
async def test_what_is_awaited_blocks_in_a_thread(by_loop: bool, anyio_backend_name: str) -> None:
    loop = None
    if by_loop:
        if anyio_backend_name == "trio":
            pytest.skip("trio has no such loop")
        import asyncio

        loop = asyncio.get_running_loop()
    thing = to_sync(Thing(), loop)

    def run() -> tuple[Any, ...]:
        return thing.x, thing.plain(), thing.coroutine(1), list(thing.generator())

    assert await anyio.to_thread.run_sync(run) == (3, "plain", 3, [1, 2])
