"""What a task waits for that the event loop may run at once when it is over.

asyncio's own future has the task run in the loop's next turn: a callback, and a
turn, more for each request. What needs no wait can even be done without the task.
"""

import asyncio
import sys
from collections.abc import Callable, Generator
from contextvars import Context
from typing import Any, Final

__all__ = ("Wake",)

# What asyncio has for those who step tasks in a way of their own.
_enter_task: Final = asyncio._enter_task
_leave_task: Final = asyncio._leave_task

_TAKEN_BACK: Final = sys.version_info >= (3, 13)
"""Whether a cancellation that was not heard of yet can be taken back."""


class Wake:
    """A wait of one task, to be waited again and again; a future to asyncio, as far as it asks.

    It may be over without a reason: whoever waits looks whether what it waits for has come.
    """

    __slots__ = (
        "_asyncio_future_blocking",
        "_cancelled",
        "_context",
        "_loop",
        "_missed",
        "_task",
        "callback",
        "serve",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._asyncio_future_blocking = False
        """By this a task tells what it can wait for from what it cannot."""
        self.callback: Callable[[Wake], object] | None = None
        """What has the task go on; None if nobody waits."""
        self._context: Context | None = None
        self._cancelled: tuple[object, ...] | None = None
        """With what the task was cancelled; None if it was not."""
        self.serve: Callable[[bytes], bool] | None = None
        """What may be called in place of the task, by `serve_now`."""
        self._task: asyncio.Task[Any] | None = None
        """The task, as long as there is that."""
        self._missed: tuple[object, ...] | None = None
        """With what the task was cancelled by what was called in its place."""

    def __await__(self) -> Generator["Wake", None, None]:
        self._asyncio_future_blocking = True
        yield self

    def now(self) -> None:
        """Run who waits until it waits again. Only for what the loop calls, outside tasks."""
        callback, context = self.callback, self._context
        if callback is not None and context is not None:
            self.callback = self._context = self.serve = self._task = None
            context.run(callback, self)

    def soon(self) -> None:
        """Have the event loop run who waits, or will when what stands in for them has returned."""
        if self.callback is not None or self.serve is not None:
            self._loop.call_soon(self.now)

    # Without the task.

    def stand_in(self, serve: Callable[[bytes], bool]) -> None:
        """Let `serve_now` call `serve` in the next wait, which is the current task's."""
        self.serve = serve
        self._task = asyncio.current_task(self._loop)

    def serve_now(self, data: bytes) -> None:
        """Call `serve` with `data` as if in the task that waits, which waits on if that is true.

        Else run it as `now` does. Only while there is a `serve`, for what the loop calls.
        """
        serve, callback, task, context = self.serve, self.callback, self._task, self._context
        if serve is None or callback is None or task is None or context is None:
            return
        loop = self._loop
        self.callback = None
        _enter_task(loop, task)
        try:
            # Logging may ask for what is set in the task's.
            waits = context.run(serve, data)
        finally:
            _leave_task(loop, task)
        self.callback = callback
        missed = self._missed
        if missed is not None and _TAKEN_BACK and not task.cancelling():
            missed = self._missed = None
        if waits and missed is None:
            return
        self.now()
        if missed is not None:
            # As if it had been in its step, it is cancelled where it waits next.
            self._missed = None
            task.cancel(*missed)
            task.uncancel()

    # What asyncio's tasks ask for.

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop that runs who waits."""
        return self._loop

    def add_done_callback(self, callback: Callable[["Wake"], object], *, context: Context) -> None:
        """Have `callback` called in `context` once this is over."""
        self.callback = callback
        self._context = context
        self._cancelled = None

    def done(self) -> bool:
        """Whether nobody waits, which anyio asks of what a task waits for."""
        return self.callback is None

    def cancel(self, msg: Any | None = None) -> bool:
        """End the wait by a CancelledError, soon; false if nobody waits."""
        cancelled = () if msg is None else (msg,)
        if self.callback is None:
            if self.serve is None:
                return False
            self._missed = cancelled
            return True
        # Nobody stands in for a task that is to hear of this.
        self.serve = None
        self._cancelled = cancelled
        self.soon()
        return True

    def result(self) -> None:
        """Nothing; raises CancelledError if the task was cancelled."""
        cancelled, self._cancelled = self._cancelled, None
        if cancelled is not None:
            raise asyncio.CancelledError(*cancelled)
