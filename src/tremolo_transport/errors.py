"""What goes wrong between a handler and its peer.

    TransportError
    ├── ClientDisconnected (also an OSError)   the world: the peer can no longer be reached
    └── ExchangeOver                           us: the exchange was used after its end

What is wrong in the protocol itself is an error of `tremolo_core`.
"""

__all__ = ("ClientDisconnected", "ExchangeOver", "TransportError")


class TransportError(Exception):
    """An exchange cannot go on. Only the subclasses are raised."""


class ClientDisconnected(TransportError, OSError):
    """The client cannot be sent anything any more; what was sent may not have arrived.

    A handler may let it go: the server drops it without a log line above DEBUG.
    """


class ExchangeOver(TransportError):
    """The answer is complete and the handler has returned; nothing can be sent here.

    The task that raised it outlived its request.
    """
