"""The error of a connection that ends before its first request.

It is raised in `handshakes` and `proxy_headers`, and caught in `entrances`.
"""

__all__ = ("NotAdmitted",)


class NotAdmitted(Exception):
    """A peer has not done what its listener asks for."""

    def __init__(self, reason: str, *, usual: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        """What the peer did, for the log."""
        self.usual = usual
        """Whether it is nothing to be told of, as with a balancer that only looks at the port."""
