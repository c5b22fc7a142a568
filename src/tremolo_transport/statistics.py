"""What a server counts."""

from tremolo_core import value

__all__ = ("Statistics",)


@value
class Statistics:
    """A server's figures at one moment."""

    connections: int
    """Open connections."""
    requests: int
    """Requests in flight: their handlers run, or their answers are on the way."""
    total_connections: int
    """Connections that were accepted since the start."""
    total_requests: int
    """Requests that have been handed to handlers since the start."""
