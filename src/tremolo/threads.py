"""Worker threads for plain functions and plain generators, which may block.

Each application has a number of its own, so that handlers that block keep
nobody else from working. Which functions need a thread is found in `injection`.
"""

import threading
from collections.abc import Callable, Generator
from contextvars import Context, copy_context
from typing import Any, Final, Self, TypeVar

from anyio import CapacityLimiter, to_thread

__all__ = ("CLEAN_UP_SECONDS", "ThreadedGenerator", "Threads")

T = TypeVar("T")

CLEAN_UP_SECONDS: Final = 5.0
"""How long a generator that is closed early may take, also when its handler is cancelled."""

_EXHAUSTED: Final = object()


class Threads:
    """Runs what may block, so many at a time. Context variables of the caller are seen.

    A cancelled call returns at once. What it called cannot be stopped: it runs
    on to its end in its thread, and what it returns is dropped.
    """

    def __init__(self, size: int) -> None:
        self._calls = CapacityLimiter(size)
        # Apart, so that closing never waits for functions that do not end.
        self._closings = CapacityLimiter(size)

    async def call(self, func: Callable[[], T]) -> T:
        """Return what `func` returns, or raise what it raises."""
        # In a tuple, as trio refuses a function that returns a coroutine.
        (result,) = await to_thread.run_sync(
            lambda: (func(),), limiter=self._calls, abandon_on_cancel=True
        )
        return result

    def iterate(self, generator: Generator[Any, Any, Any]) -> "ThreadedGenerator":
        """Iterate over `generator`, each step of which is a call of its own."""
        return ThreadedGenerator(generator, self)

    async def close(self, func: Callable[[], None]) -> None:
        """Run clean-up, as `call` does, but without waiting for calls."""
        await to_thread.run_sync(func, limiter=self._closings, abandon_on_cancel=True)


class ThreadedGenerator:
    """A plain generator, iterated over asynchronously. Must be closed by `aclose`."""

    def __init__(self, generator: Generator[Any, Any, Any], threads: Threads) -> None:
        self._generator = generator
        self._threads = threads
        self._context: Context | None = None
        # A step that was abandoned may still run when the generator is closed.
        self._running = threading.Lock()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        value = await self._threads.call(self._step)
        if value is _EXHAUSTED:
            raise StopAsyncIteration
        return value

    async def aclose(self) -> None:
        """Close the generator once no step of it runs any more."""
        await self._threads.close(self._close)

    def _step(self) -> Any:
        with self._running:
            return self._in_context(lambda: next(self._generator, _EXHAUSTED))

    def _close(self) -> None:
        with self._running:
            self._in_context(self._generator.close)

    def _in_context(self, func: Callable[[], T]) -> T:
        """One context for all steps, so that each finds what the one before has set."""
        if self._context is None:
            self._context = copy_context()
        return self._context.run(func)
