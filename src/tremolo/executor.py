"""Threads that an application hands its own calls to, each to one that it may name.

Those that plain handlers run in are in `threads`. A named thread is for what
belongs to a thread, such as a connection of sqlite3.
"""

import contextvars
import inspect
import itertools
import queue
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Final, Self

import anyio

from .threads import CLEAN_UP_SECONDS
from .waking import waker

__all__ = ("Executor", "StepByStep", "Submitted")

_EXHAUSTED: Final = object()


class Submitted:
    """A call that was handed to a thread. Awaiting it gives its result, or raises what it raised.

    An await that is cancelled takes the call back, if it has not begun; else it
    runs on to its end, and its result is dropped.
    """

    __slots__ = ("_future",)

    def __init__(self, future: "Future[Any]") -> None:
        self._future = future

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._wait().__await__()

    def done(self) -> bool:
        """Whether it has ended, in whichever way."""
        return self._future.done()

    def cancel(self) -> bool:
        """Take it back if it has not begun; return whether that was so. Awaiting it raises then."""
        return self._future.cancel()

    async def _wait(self) -> Any:
        if not self._future.done():
            ended = anyio.Event()
            wake = waker(ended.set)
            self._future.add_done_callback(lambda _: wake())
            try:
                await ended.wait()
            except BaseException:
                self._future.cancel()
                raise
        return self._future.result()


class StepByStep:
    """What a generator in a thread yields, for `async for`. Each step runs in the same thread.

    Must be closed by `aclose` if it is not iterated over to its end.
    """

    __slots__ = ("_executor", "_generator", "_name")

    def __init__(
        self, executor: "Executor", generator: Generator[Any, Any, Any], name: int
    ) -> None:
        self._executor = executor
        self._generator = generator
        self._name = name

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        step = self._executor.submit(next, (self._generator, _EXHAUSTED), name=self._name)
        value = await step
        if value is _EXHAUSTED:
            raise StopAsyncIteration
        return value

    async def aclose(self) -> None:
        """Close the generator, behind a step that still runs."""
        closing = self._executor.submit(self._generator.close, name=self._name)
        with anyio.move_on_after(CLEAN_UP_SECONDS, shield=True):
            await closing


class Executor:
    """So many threads, each begun when it is first needed. Found in `globals.executor`."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._threads: dict[int, _Thread] = {}
        self._counter = itertools.count()

    @property
    def size(self) -> int:
        """How many threads there are at most; `thread_pool_size`."""
        return self._size

    def submit(
        self,
        func: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        name: int | None = None,
    ) -> Any:
        """Call `func(*args, **kwargs)` in a thread, at once or behind what it was given before.

        Returns a `Submitted`, to be awaited, or, of a generator function, a
        `StepByStep`, to be iterated over. Calls of the same `name`, a number, are
        made in the same thread, in their order; others take turns. Context
        variables of the caller are seen.

        Raises TypeError if `func` cannot be called.
        """
        if not callable(func):
            raise TypeError(f"what is submitted can be called, unlike {func!r}")
        if name is None:
            name = next(self._counter)
        kwargs = kwargs or {}
        if inspect.isgeneratorfunction(func):
            return StepByStep(self, func(*args, **kwargs), name)
        number = name % self._size
        thread = self._threads.get(number)
        if thread is None:
            thread = self._threads[number] = _Thread(number)
        context = contextvars.copy_context()
        return Submitted(thread.give(lambda: context.run(func, *args, **kwargs)))

    def shut_down(self) -> None:
        """Have the threads end once they are through with what they were given."""
        threads, self._threads = self._threads, {}
        for thread in threads.values():
            thread.end()


class _Thread:
    """One thread and what it has to do."""

    def __init__(self, number: int) -> None:
        self._calls: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = (
            queue.SimpleQueue()
        )
        # A function that does not end is no reason for a process not to.
        name = f"tremolo-executor-{number}"
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def give(self, func: Callable[[], Any]) -> "Future[Any]":
        future: Future[Any] = Future()
        self._calls.put((future, func))
        return future

    def end(self) -> None:
        self._calls.put(None)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            future, func = call
            if future.set_running_or_notify_cancel():
                try:
                    result = func()
                except BaseException as error:
                    future.set_exception(error)
                else:
                    future.set_result(result)
            # Not to be held until the next call comes.
            del call, future, func
