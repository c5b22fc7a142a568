"""The notice that a server gives its handlers before it stops.

When to give it, and what happens at the deadline, is decided in `server`.
"""

import anyio

__all__ = ("ShutdownNotice",)


class ShutdownNotice:
    """Tells whether the server has begun to stop, and until when handlers may run."""

    __slots__ = ("_deadline", "_event")

    def __init__(self) -> None:
        self._event = anyio.Event()
        self._deadline: float | None = None

    @property
    def begun(self) -> bool:
        """Whether the server has begun to stop."""
        return self._event.is_set()

    @property
    def deadline(self) -> float | None:
        """When handlers are cancelled, on the clock of `anyio.current_time` (seconds).

        None before the server has begun to stop, and where it waits for ever.
        """
        return self._deadline

    async def wait(self) -> None:
        """Return as soon as the server has begun to stop."""
        await self._event.wait()

    def begin(self, deadline: float | None) -> None:
        """Give notice. A second call can only bring the deadline forward.

        For the server; handlers have no business here.
        """
        if self._deadline is None or (deadline is not None and deadline < self._deadline):
            self._deadline = deadline
        self._event.set()
