"""Tells whether anyio's worker threads of an asyncio loop are at work.

anyio has no question for that, so this looks at the threads themselves, at what
their class keeps in public attributes. A thread that is not understood counts
as busy: then time is real, which is slow but never wrong.
"""

import asyncio
import threading

__all__ = ("worker_threads_are_busy",)


def worker_threads_are_busy(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether a call of `anyio.to_thread.run_sync`, made on `loop`, has not come back.

    Its result is looked at only once the loop has it.
    """
    return any(_works_for(thread, loop) for thread in threading.enumerate())


def _works_for(thread: threading.Thread, loop: asyncio.AbstractEventLoop) -> bool:
    if getattr(thread, "loop", None) is not loop or getattr(thread, "stopping", False):
        return False
    return thread not in getattr(thread, "idle_workers", ())
