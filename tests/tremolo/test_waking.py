"""An event loop that is reached from a thread of its own."""

import threading

import anyio
import pytest

from tremolo.testing.backends import on_asyncio
from tremolo.waking import waker

pytestmark = pytest.mark.anyio


async def test_a_thread_wakes_the_loop() -> None:
    woken = anyio.Event()
    thread = threading.Thread(target=waker(woken.set))
    thread.start()
    await woken.wait()
    thread.join()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_loop_that_is_over_is_not_woken(backend: str) -> None:
    async def make() -> tuple[object, None]:
        assert on_asyncio() is (backend == "asyncio")
        return (waker(lambda: woken.append(1)), None)

    woken: list[int] = []
    wake, _ = anyio.run(make, backend=backend)
    assert callable(wake)
    wake()
    assert woken == []
