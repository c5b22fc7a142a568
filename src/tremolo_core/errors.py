"""What goes wrong in the protocol, and who is to blame.

    ProtocolError
    ├── LocalProtocolError     we did what we may not
    └── RemoteProtocolError    the peer did; carries the answer it is owed

Which conduct deserves which error is decided by `gate`, `states` and
`outgoing`.
"""

__all__ = ("LocalProtocolError", "ProtocolError", "RemoteProtocolError")


class ProtocolError(Exception):
    """Somebody broke the rules of HTTP. Only the subclasses are raised."""


class LocalProtocolError(ProtocolError):
    """We tried to send what may not be sent, or not now.

    Nothing of the offending call was queued and the connection is as it was
    before, so the caller may send something legal instead.
    """


class RemoteProtocolError(ProtocolError):
    """The peer sent what may not be sent, or was too slow about it.

    The connection reads nothing more of this peer, and raises the same error
    each time it is asked for an event.
    """

    def __init__(self, reason: str, *, status: int | None = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        """What was wrong, without any of the peer's own bytes."""
        self.status = status
        """The HTTP status to answer with; None if the peer is past answering."""
