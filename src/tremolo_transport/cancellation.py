"""Tells a cancellation by the event loop from an exception that only looks like one."""

import asyncio

import anyio

__all__ = ("is_cancellation",)


def is_cancellation(error: BaseException) -> bool:
    """Whether `error`, just caught, cancels the current task, so that it must go on its way.

    On asyncio anybody can raise CancelledError, and awaiting a task that
    somebody cancelled does; then this task was not asked to end. On trio only
    the event loop can raise Cancelled.
    """
    cancelled = anyio.get_cancelled_exc_class()
    if not isinstance(error, cancelled):
        return False
    if cancelled is not asyncio.CancelledError:
        return True
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
