"""Names the code that does not end: functions in threads, and what blocks the event loop.

When they are looked for is decided by the program.
"""

import sys
import threading
import traceback
from types import FrameType

__all__ = ("blocked_loop", "busy_threads", "lasting_threads")

_OURS = frozenset(
    (
        *("anyio", "asyncio", "concurrent", "contextlib", "contextvars", "functools", "outcome"),
        *("queue", "runpy", "selectors", "sniffio", "threading", "trio", "uvloop"),
        *("tremolo", "tremolo_asgi", "tremolo_core", "tremolo_transport"),
    )
)
"""Packages whose frames say nothing about whose code it is that runs."""

_WAITING = frozenset(("anyio", "asyncio", "runpy", "selectors", "trio", "uvloop"))
"""Packages whose frame is the innermost when an event loop waits for something to do."""

_POOLS = frozenset(("anyio._backends._asyncio", "concurrent.futures.thread", "trio._threads"))
"""Modules that run functions in worker threads."""


def busy_threads() -> tuple[str, ...]:
    """The functions that worker threads are still in, each with its place."""
    found = []
    for ident, frame in sys._current_frames().items():
        frames = _outermost_first(frame)
        theirs = [each for each in frames if not _is_ours(each)]
        if ident != threading.main_thread().ident and theirs and any(map(_is_pool, frames)):
            found.append(_place(theirs[0], theirs[-1]))
    return tuple(found)


def lasting_threads() -> tuple[str, ...]:
    """The threads that Python waits for before it ends, each by its function or its name.

    Without those of pools that have nothing to do, which end by themselves then.
    """
    found = []
    frames_of = sys._current_frames()
    for thread in threading.enumerate():
        if thread.daemon or thread is threading.main_thread() or thread.ident is None:
            continue
        frames = _outermost_first(frames_of.get(thread.ident))
        theirs = [each for each in frames if not _is_ours(each)]
        if theirs:
            found.append(_place(theirs[0], theirs[-1]))
        elif not any(map(_is_pool, frames)):
            found.append(thread.name)
    return tuple(found)


def blocked_loop() -> str | None:
    """The stack of the main thread, if that is not where an event loop waits."""
    ident = threading.main_thread().ident
    frame = sys._current_frames().get(ident) if ident is not None else None
    # A program has frames of its own below the event loop, so only the innermost counts.
    if frame is None or _root(frame) in _WAITING:
        return None
    return "".join(traceback.format_stack(frame)).rstrip()


def _outermost_first(frame: FrameType | None) -> list[FrameType]:
    frames: list[FrameType] = []
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return frames[::-1]


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _root(frame: FrameType) -> str:
    return _module(frame).partition(".")[0]


def _is_ours(frame: FrameType) -> bool:
    return _root(frame) in _OURS


def _is_pool(frame: FrameType) -> bool:
    return _module(frame) in _POOLS


def _place(function: FrameType, now: FrameType) -> str:
    code = function.f_code
    return f"{code.co_qualname} ({now.f_code.co_filename}, line {now.f_lineno})"
