"""What goes wrong between an ASGI application and this server.

    ASGIError
    ├── MessageError (also a RuntimeError)   a message was wrong, or not due
    ├── IncompleteResponse                   the application returned too early
    └── LifespanFailed                       it could not start up or shut down

A client that has left is `ClientDisconnected`, of `tremolo_transport`.
"""

__all__ = ("ASGIError", "IncompleteResponse", "LifespanFailed", "MessageError")


class ASGIError(Exception):
    """The application and the server did not get along. Only the subclasses are raised."""


class MessageError(ASGIError, RuntimeError):
    """The application sent a message that is malformed, or not due now.

    Nothing of it was sent, and a right message may be sent instead.
    """


class IncompleteResponse(ASGIError):
    """The application returned before its answer was complete."""


class LifespanFailed(ASGIError):
    """The application could not start up, or could not shut down.

    `__cause__` is what the application raised, if it raised anything.
    """
