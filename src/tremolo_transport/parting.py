"""How a server that stops parts with its clients.

When it does so, and how long requests in flight may take, is said to `Server.begin_stop`.
"""

from tremolo_core import value

__all__ = ("Parting",)


@value
class Parting:
    """What happens to connections between the notice of the stop and their end."""

    delay: float | None = None
    """Seconds that they are still accepted; None is what the settings say."""
    last_call: float = 0.0
    """Seconds that idle ones are listened to before they are closed.

    A client that is busy with us has its next request on the way.
    """
    close_code: int = 1001
    """What WebSockets are closed with; 1012 says that another process has taken over."""
