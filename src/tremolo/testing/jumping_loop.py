"""An asyncio event loop for tests: time jumps when all wait, and a seed orders the tasks.

Only what asyncio documents is built upon: a loop has a clock and a selector of
its own, and every step of a task goes through `call_soon`. Trio's counterpart
is in `trio_time`.
"""

import asyncio
import itertools
import math
import random
import selectors
import time
import weakref
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Executor
from contextvars import Context, copy_context
from typing import Any, TypeVar, TypeVarTuple

from .worker_threads import worker_threads_are_busy

__all__ = ("START", "JumpingLoop")

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

START = 1_000.0
"""What such a clock shows at first, in seconds: not 0, which code may take for "never"."""


class JumpingLoop(asyncio.SelectorEventLoop):
    """Its time stands still while anything runs, and jumps to the next timer when all wait.

    While a worker thread is out, time passes as it does elsewhere. Tasks that
    are ready at the same time take their steps in an order that `seed` decides;
    everything else that is ready keeps its place.
    """

    def __init__(self, seed: int) -> None:
        self._now = START
        self._order = random.Random(seed)
        self._births: weakref.WeakKeyDictionary[asyncio.Task[Any], int] = (
            weakref.WeakKeyDictionary()
        )
        self._count = itertools.count()
        self._steps = _Steps()
        self._outside = Context()
        """Where a step is chosen; what it does runs in its task's own context."""
        self._calls_out = 0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """The test's time, in seconds."""
        return self._now

    # What the selector asks and tells.

    def begin_turn(self) -> None:
        """Note that what was ready will run now, before whatever gets ready from here on."""
        self._steps = _Steps()

    def threads_are_out(self) -> bool:
        """Whether a call that was given to another thread has not come back."""
        return self._calls_out > 0 or worker_threads_are_busy(self)

    def pass_time(self, seconds: float) -> None:
        """Have it be so much later."""
        self._now += seconds

    # What asyncio calls.

    def call_soon(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        task = getattr(callback, "__self__", None)
        if not isinstance(task, asyncio.Task):
            # It was promised its place: no task may overtake it from either side.
            self._steps = _Steps()
            return super().call_soon(callback, *args, context=context)
        steps = self._steps
        steps.add(task, (context or copy_context(), callback, args))
        return super().call_soon(self._take_a_step, steps, context=self._outside)

    def _take_a_step(self, steps: "_Steps") -> None:
        context, callback, args = steps.take(self._order, self._births)
        context.run(callback, *args)

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: object = None,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        task = super().create_task(coro, name=name, context=context)
        self._births[task] = next(self._count)
        return task

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """As elsewhere; until the call comes back, time is real."""
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        self._calls_out += 1
        future.add_done_callback(self._note_return)
        return future

    async def shutdown_default_executor(self, *args: Any, **kwargs: Any) -> None:
        """As elsewhere; while threads end, time is real: since Python 3.12 they have 300 s."""
        self._calls_out += 1
        try:
            await super().shutdown_default_executor(*args, **kwargs)
        finally:
            self._calls_out -= 1

    def _note_return(self, _: asyncio.Future[Any]) -> None:
        self._calls_out -= 1


class _Steps:
    """Steps of tasks that stand next to each other in the queue, so that any may be the first."""

    def __init__(self) -> None:
        self._waiting: list[tuple[asyncio.Task[Any], _Step]] = []
        self._shuffled = False

    def add(self, task: asyncio.Task[Any], step: "_Step") -> None:
        self._waiting.append((task, step))

    def take(
        self, order: random.Random, births: "weakref.WeakKeyDictionary[asyncio.Task[Any], int]"
    ) -> "_Step":
        if not self._shuffled:
            self._shuffled = True
            # Sets of tasks are woken in the order of their addresses: no seed would repeat that.
            self._waiting.sort(key=lambda waiting: births.get(waiting[0], math.inf))
            order.shuffle(self._waiting)
        return self._waiting.pop()[1]


_Step = tuple[Context, Callable[..., object], tuple[Any, ...]]


class _JumpingSelector(selectors.DefaultSelector):
    """Asks for what is ready, but lets time pass instead of waiting."""

    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = weakref.proxy(loop)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._loop.begin_turn()
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is None or self._loop.threads_are_out():
            began = time.monotonic()
            ready = super().select(timeout)
            self._loop.pass_time(time.monotonic() - began)
            return ready
        self._loop.pass_time(timeout)
        return ready
