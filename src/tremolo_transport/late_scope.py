"""Stands in for the cancel scope of a task that has not begun.

anyio's takes longer to make than all else that an idle connection needs, holds
more, and cannot be made where no task runs. It is used by `driver`.
"""

from anyio import CancelScope

__all__ = ("LateScope", "begun")


class LateScope:
    """Can be cancelled before there is a scope."""

    __slots__ = ("cancel_called",)

    def __init__(self) -> None:
        self.cancel_called = False

    def cancel(self) -> None:
        """Have the scope be cancelled from the beginning."""
        self.cancel_called = True


def begun(stands_in: CancelScope | LateScope) -> CancelScope:
    """The scope that was stood in for, made in the task that enters it."""
    if not isinstance(stands_in, LateScope):
        return stands_in
    scope = CancelScope()
    if stands_in.cancel_called:
        scope.cancel()
    return scope
