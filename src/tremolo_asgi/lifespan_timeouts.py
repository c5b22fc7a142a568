"""How long an ASGI application may take to start up and to shut down.

Who keeps to it is `lifespan`; a program is told of it without having that.
"""

from tremolo_core import value

__all__ = ("LifespanTimeouts",)


@value
class LifespanTimeouts:
    """Seconds that the application may take. None is for ever."""

    startup: float | None = None
    """From `lifespan.startup` to its answer; without a limit, as loading a model takes minutes."""
    shutdown: float | None = 30.0
    """From `lifespan.shutdown` until the application has returned."""
    cancelled: float = 2.0
    """In place of `shutdown` where the server is cancelled or start-up has failed."""
