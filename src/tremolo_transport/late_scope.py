"""Stands in for the cancel scope of a task that has not begun, and before it when it has.

anyio's takes longer to make than all else that an idle connection needs, holds
more, and cannot be made where no task runs; and on trio it looks at the clock
each time it is asked whether it is cancelled. It is used by `driver`.
"""

import anyio
from anyio import CancelScope

__all__ = ("LateScope",)


class LateScope:
    """Can be cancelled before there is a scope."""

    __slots__ = ("_scope", "cancel_called")

    def __init__(self) -> None:
        self._scope: CancelScope | None = None
        self.cancel_called = False
        """Whether `cancel` was called: not if the scope's time is up."""

    def cancel(self) -> None:
        """Cancel the scope, from the beginning if it has not begun."""
        self.cancel_called = True
        if self._scope is not None:
            self._scope.cancel()

    def begin(self, scope: CancelScope | None = None) -> CancelScope:
        """The scope that was stood in for, by default a new one, for the task that enters it."""
        # Python makes a `CancelScope()` twice: once for anyio's class, and once for the backend's.
        self._scope = scope = scope or anyio.move_on_after(None)
        if self.cancel_called:
            scope.cancel()
        return scope
