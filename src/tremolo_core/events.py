"""What can happen on a connection, as plain values.

One vocabulary serves both directions: `Connection.next_event` returns these
when the peer acts, `Connection.send` takes them when we act. An event says
what happened, never whether it was allowed: `states` alone decides that.
"""

import enum
from typing import TypeAlias

from ._values import value
from .headers import Headers

__all__ = (
    "ConnectionClosed",
    "Data",
    "EndOfMessage",
    "Event",
    "InformationalResponse",
    "Request",
    "Response",
    "Signal",
)

_NO_HEADERS = Headers()


@value
class Request:
    """The client asks for something; its body, if it has one, follows."""

    method: bytes
    target: bytes
    """As it stood on the wire: not decoded, not split, not normalised."""
    headers: Headers
    """With an absolute-form target, `host` is the target's authority (RFC 9112 3.2.2)."""
    http_version: bytes = b"1.1"
    """`b"1.1"` or `b"1.0"`; a higher minor version is read as 1.1 (RFC 9110 2.5)."""


@value
class InformationalResponse:
    """An interim answer: 100 to 199, but for 101. The final one still follows."""

    status: int
    headers: Headers = _NO_HEADERS
    reason: bytes = b""
    """The reason phrase; empty means the registered one for the status."""


@value
class Response:
    """The server's final answer begins: 200 to 599. Interim answers are not this."""

    status: int
    headers: Headers = _NO_HEADERS
    reason: bytes = b""
    """The reason phrase; empty means the registered one for the status."""


@value
class Data:
    """Some bytes of the body.

    At least one when received; none at all is allowed, and does nothing, when
    sent.
    """

    # Where the peer cut its chunks is hidden on purpose: code that relies on
    # it works in tests and breaks behind the first proxy that re-chunks.
    data: bytes


@value
class EndOfMessage:
    """The message is complete. Also follows a message without a body."""

    trailers: Headers = _NO_HEADERS
    """Fields behind a chunked body; empty for every other (RFC 9110 6.5)."""


@value
class ConnectionClosed:
    """The sender will send nothing more. The other side may still send to it."""


class Signal(enum.Enum):
    """What `Connection.next_event` returns when there is no event."""

    NEED_DATA = enum.auto()
    """Nothing more is known until `receive_data` or `receive_eof` is called."""

    PAUSED = enum.auto()
    """Bytes of a next request wait behind this cycle: `start_next_cycle` reads them."""


Event: TypeAlias = (
    Request | InformationalResponse | Response | Data | EndOfMessage | ConnectionClosed
)
