"""Notices which asynchronous generators begin while a handler runs, and which are abandoned.

What is made of it is the business of `left_behind`.
"""

import sys
import threading
import warnings
from collections.abc import AsyncGenerator
from types import AsyncGeneratorType
from typing import Any

from .left_behind import LeftBehind
from .runs import CURRENT_RUN

__all__ = ("unwatch_generators", "watch_generators")


class _Chained(threading.local):
    """The hooks of this thread that stood where ours stand."""

    firstiter: Any = None
    finalizer: Any = None


_chained = _Chained()

_begun: dict[int, LeftBehind] = {}
"""By the id of a generator, whose it is. A generator without a run takes its id out again."""


def watch_generators() -> None:
    """Watch this thread, until `unwatch_generators` or the end of the event loop's run.

    To be called whenever a handler begins to run: asyncio sets hooks of its own
    each time it is started.
    """
    hooks = sys.get_asyncgen_hooks()
    if hooks.firstiter is not _note_first_step:
        _chained.firstiter, _chained.finalizer = hooks
        sys.set_asyncgen_hooks(firstiter=_note_first_step, finalizer=_note_abandoned)


def unwatch_generators() -> None:
    """Put back the hooks that were there before, unless the event loop has done so."""
    if sys.get_asyncgen_hooks().firstiter is _note_first_step:
        sys.set_asyncgen_hooks(firstiter=_chained.firstiter, finalizer=_chained.finalizer)


def _note_first_step(generator: AsyncGenerator[Any, Any]) -> None:
    run = CURRENT_RUN.get(None)
    if run is not None and isinstance(generator, AsyncGeneratorType):
        _begun[id(generator)] = run.left_behind
        run.left_behind.note_generator(generator, run)
    else:
        _begun.pop(id(generator), None)
    if _chained.firstiter is not None:
        _chained.firstiter(generator)


def _note_abandoned(generator: AsyncGenerator[Any, Any]) -> None:
    left_behind = _begun.pop(id(generator), None)
    if left_behind is not None and isinstance(generator, AsyncGeneratorType):
        left_behind.note_abandoned(generator)
    if _chained.finalizer is not None:
        with warnings.catch_warnings():
            if left_behind is not None:
                # Trio's, which says the same, but not where.
                warnings.simplefilter("ignore", ResourceWarning)
            _chained.finalizer(generator)
