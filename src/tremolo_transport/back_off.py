"""How long a supervisor waits before it replaces a worker that has died."""

__all__ = ("BackOff",)

_FIRST_SECONDS = 0.5
_MOST_SECONDS = 15.0
_PROVEN_SECONDS = 30.0
"""A worker that has served so long is not one of a series that dies at once."""


class BackOff:
    """The deaths of one slot's workers. Time is told, never read."""

    def __init__(self) -> None:
        self._deaths = 0

    def after(self, served: float) -> float:
        """The seconds to wait, now that a worker has died which had served so many.

        None for the first death in a series, then twice as long each time.
        """
        if served >= _PROVEN_SECONDS:
            self._deaths = 0
        self._deaths += 1
        if self._deaths == 1:
            return 0.0
        return min(_FIRST_SECONDS * 2.0 ** (self._deaths - 2), _MOST_SECONDS)
