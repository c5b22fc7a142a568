"""What a task waits for that the event loop may run at once when it is over.

asyncio's own future has the task run in the loop's next turn: a callback, and a
turn, more for each request.
"""

import asyncio
from collections.abc import Callable, Generator
from contextvars import Context
from typing import Any

__all__ = ("Wake",)


class Wake:
    """A wait of one task, to be waited again and again; a future to asyncio, as far as it asks.

    It may be over without a reason: whoever waits looks whether what it waits for has come.
    """

    __slots__ = ("_asyncio_future_blocking", "_cancelled", "_context", "_loop", "callback")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._asyncio_future_blocking = False
        """By this a task tells what it can wait for from what it cannot."""
        self.callback: Callable[[Wake], object] | None = None
        """What has the task go on; None if nobody waits."""
        self._context: Context | None = None
        self._cancelled: tuple[object, ...] | None = None
        """With what the task was cancelled; None if it was not."""

    def __await__(self) -> Generator["Wake", None, None]:
        self._asyncio_future_blocking = True
        yield self

    def now(self) -> None:
        """Run who waits until it waits again. Only for what the loop calls, outside tasks."""
        callback, context = self.callback, self._context
        if callback is not None and context is not None:
            self.callback = self._context = None
            context.run(callback, self)

    def soon(self) -> None:
        """Have the event loop run who waits."""
        if self.callback is not None:
            self._loop.call_soon(self.now)

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
        if self.callback is None:
            return False
        self._cancelled = () if msg is None else (msg,)
        self.soon()
        return True

    def result(self) -> None:
        """Nothing; raises CancelledError if the task was cancelled."""
        cancelled, self._cancelled = self._cancelled, None
        if cancelled is not None:
            raise asyncio.CancelledError(*cancelled)
