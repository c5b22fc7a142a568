"""Reaches an event loop from any thread, also from those that it has not started."""

import asyncio
from collections.abc import Callable

__all__ = ("waker",)


def waker(func: Callable[[], object]) -> Callable[[], None]:
    """Return what may be called in any thread, to have `func` called soon in this event loop.

    Does nothing once the loop is closed.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _on_trio(func)

    def wake() -> None:
        try:
            loop.call_soon_threadsafe(func)
        except RuntimeError:
            # It is closed.
            return

    return wake


def _on_trio(func: Callable[[], object]) -> Callable[[], None]:
    import trio

    token = trio.lowlevel.current_trio_token()

    def wake() -> None:
        try:
            token.run_sync_soon(func)
        except trio.RunFinishedError:
            return

    return wake
