"""What goes wrong in the protocol, and who is to blame.

    ProtocolError
    ├── LocalProtocolError     we did what we may not
    └── RemoteProtocolError    the peer did; carries the answer it is owed

Which conduct deserves which error is decided by the gates, by `states` and by
those that judge what we send.
"""

from .headers import Headers

__all__ = ("LocalProtocolError", "ProtocolError", "RemoteProtocolError")

_NO_HEADERS = Headers()


class ProtocolError(Exception):
    """Somebody broke the rules of HTTP or WebSocket. Only the subclasses are raised."""


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

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = 400,
        headers: Headers = _NO_HEADERS,
        close_code: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        """What was wrong, without any of the peer's own bytes."""
        self.status = status
        """The HTTP status to answer with; None if the peer is past answering."""
        self.headers = headers
        """Fields that belong to that answer, as the version to ask for in a 426."""
        self.close_code = close_code
        """What a WebSocket was closed with (RFC 6455 7.4.1); None where none was, or could be.

        The close frame is sent by the connection, with the reason.
        """

    @property
    def is_silent(self) -> bool:
        """Whether the peer is told nothing of it."""
        return self.status is None and self.close_code is None
