"""Watches the code of an application in development, and tells when it was saved.

What is then done is up to `tremolo_transport.supervisor`.
"""

import importlib
import importlib.util
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

__all__ = ("can_watch", "watching")


def can_watch() -> bool:
    """Whether the extra `reload` is installed."""
    return importlib.util.find_spec("watchfiles") is not None


@contextmanager
def watching(directories: Sequence[str], call: Callable[[], None]) -> Iterator[None]:
    """Call `call`, in another thread, whenever a Python file was saved below the directories.

    They must be there. Raises ImportError without the extra `reload`.
    """
    watchfiles: Any = importlib.import_module("watchfiles")
    stop = threading.Event()
    paths = [os.path.abspath(each) for each in directories]

    def watch() -> None:
        changes = watchfiles.watch(
            *paths,
            watch_filter=watchfiles.PythonFilter(),
            stop_event=stop,
            # A save is one or two writes: nobody wants to wait for more.
            debounce=200,
            step=20,
            rust_timeout=500,
            raise_interrupt=False,
        )
        for saved in changes:
            for _, path in saved:
                _forget_bytecode(path)
            call()

    thread = threading.Thread(target=watch, name="tremolo reload", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _forget_bytecode(path: str) -> None:
    """Have Python read a file that was saved again.

    It goes by size and whole seconds: of two saves within one, the second might go unnoticed.
    """
    with suppress(OSError, NotImplementedError):
        os.unlink(importlib.util.cache_from_source(path))
