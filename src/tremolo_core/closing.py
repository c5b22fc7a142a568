"""Whether a driver is to end a connection, and how, by where its two sides are.

Where they are, and what the client knows, the connection finds out.
"""

import enum

from .states import State

__all__ = ("Closing", "closing_of")


class Closing(enum.Enum):
    """Whether the driver should end the connection, once `data_to_send` is written."""

    NO = enum.auto()
    LINGER = enum.auto()
    """Yes: half-close, then read and drop what the peer still sends, for a bounded time.

    Closing at once could reset the connection, and the peer might never see
    the answer (RFC 9112 9.6).
    """
    NOW = enum.auto()
    """Yes, at once: there is nothing left that the peer could send or be told."""


_OVER = (State.MUST_CLOSE, State.CLOSED)


def closing_of(
    client: State, server: State, *, eof: bool, went_on: bool, expects_it: bool
) -> Closing:
    """Return how a server is to end the connection.

    `eof` is whether the client will send nothing more, `went_on` whether it has
    sent more than was asked for, and `expects_it` whether it knows of the end
    without our answer, so that it has no reason to send any more.
    """
    if server is State.ERROR:
        return Closing.NOW
    if server not in _OVER:
        return Closing.NO
    if eof or (client in _OVER and expects_it and not went_on):
        return Closing.NOW
    return Closing.LINGER
