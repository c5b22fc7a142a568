"""Whom to tell once the peer of a connection is gone.

What counts as that is known to `link`.
"""

from collections.abc import Callable

__all__ = ("Departure",)


class Departure:
    """Those who wait for one peer to be gone. Each is called once, if at all."""

    __slots__ = ("_callbacks",)

    def __init__(self) -> None:
        self._callbacks: tuple[Callable[[], None], ...] = ()

    def call(self, callback: Callable[[], None]) -> None:
        """Have `callback` called."""
        self._callbacks += (callback,)

    def forget(self, callback: Callable[[], None]) -> None:
        """Take back a `call`; nothing happens if it was called meanwhile."""
        if callback in self._callbacks:
            at = self._callbacks.index(callback)
            self._callbacks = self._callbacks[:at] + self._callbacks[at + 1 :]

    def tell(self) -> None:
        """Call all of them: the peer is gone."""
        callbacks, self._callbacks = self._callbacks, ()
        for callback in callbacks:
            callback()
