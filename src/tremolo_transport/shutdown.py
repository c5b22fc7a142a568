"""The notice that a server gives its handlers before it stops.

When to give it, and what happens at the deadline, is decided in `server`.
"""

from collections.abc import Callable

import anyio

__all__ = ("ShutdownNotice",)


class ShutdownNotice:
    """Tells whether the server has begun to stop, and until when handlers may run."""

    __slots__ = (
        "_accepting",
        "_close_code",
        "_deadline",
        "_drain_callbacks",
        "_event",
        "begun",
        "last_call",
    )

    def __init__(self) -> None:
        self._event = anyio.Event()
        self.begun = False
        """Whether the server has begun to stop."""
        self._deadline: float | None = None
        self._accepting = True
        self.last_call = 0.0
        """Seconds that idle connections are listened to before they are closed."""
        self._close_code = 1001
        self._drain_callbacks: set[Callable[[], None]] = set()

    @property
    def deadline(self) -> float | None:
        """When handlers are cancelled, on the clock of `anyio.current_time` (seconds).

        None before the server has begun to stop, and where it waits for ever.
        """
        return self._deadline

    @property
    def close_code(self) -> int:
        """What WebSockets are closed with once it has begun (RFC 6455 7.4.1).

        1001 if the server goes away, 1012 if another takes its place at once.
        """
        return self._close_code

    async def wait(self) -> None:
        """Return as soon as the server has begun to stop."""
        await self._event.wait()

    @property
    def draining(self) -> bool:
        """Whether nobody may connect any more, so that each connection is closed once idle."""
        return self.begun and not self._accepting

    def begin(
        self, deadline: float | None, *, accepting: bool = False, close_code: int = 1001
    ) -> None:
        """Give notice. A second call can only bring the deadline forward.

        `accepting` says that there may still be new connections until `drain`
        is called. For the server; handlers have no business here.
        """
        if self._deadline is None or (deadline is not None and deadline < self._deadline):
            self._deadline = deadline
        if not self.begun:
            self._close_code = close_code
            self._accepting = accepting
        self.begun = True
        self._event.set()
        if not self._accepting:
            self._tell()

    def drain(self, last_call: float) -> None:
        """There will be no more connections. For the server."""
        self._accepting = False
        self.last_call = last_call
        self._tell()

    def on_drain(self, callback: Callable[[], None]) -> None:
        """Call `callback` once when `draining` becomes true; at once if it is. It must not block.

        For whoever has no task that could wait.
        """
        if self.draining:
            callback()
        else:
            self._drain_callbacks.add(callback)

    def forget_drain(self, callback: Callable[[], None]) -> None:
        """Take back an `on_drain`; nothing happens if it was called meanwhile."""
        self._drain_callbacks.discard(callback)

    def _tell(self) -> None:
        callbacks, self._drain_callbacks = self._drain_callbacks, set()
        for callback in callbacks:
            callback()
