"""What can happen on a connection, as plain values.

One vocabulary serves both directions: `Connection.next_event` returns these
when the peer acts, `Connection.send` takes them when we act. An event says
what happened, never whether it was allowed: `states` alone decides that.
"""

import enum
from typing import TypeAlias

from ._values import value
from .deflate import PerMessageDeflate
from .headers import Headers

__all__ = (
    "AcceptWebSocket",
    "BytesMessage",
    "CloseWebSocket",
    "ConnectionClosed",
    "Data",
    "EndOfMessage",
    "Event",
    "FrameEvent",
    "InformationalResponse",
    "Ping",
    "Pong",
    "Request",
    "Response",
    "Signal",
    "TextMessage",
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
    upgrade: bytes | None = None
    """`b"websocket"` for a proper handshake (RFC 6455 4.2.1), which `AcceptWebSocket` accepts and
    any `Response` refuses; else None. The subprotocols on offer, in the client's order of
    preference, are `headers.get_list(b"sec-websocket-protocol")`.
    """


@value
class InformationalResponse:
    """An interim answer: 100 to 199, but for 101. The final one still follows."""

    status: int
    headers: Headers = _NO_HEADERS
    reason: bytes = b""
    """The reason phrase; empty means the registered one for the status."""


@value
class Response:
    """The server's final answer begins: 200 to 599. Interim answers are not this.

    A body of no declared length is chunked, or for HTTP/1.0 ends with the
    connection. So it does for HTTP/1.1 if the headers say `Transfer-Encoding:
    identity`, which is not written: a client cannot tell then whether it has
    all of it.
    """

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
class AcceptWebSocket:
    """The handshake is answered with 101, and frames follow in both directions.

    Only sent, never received. The fields that follow from the handshake need
    not and may not be given.
    """

    subprotocol: bytes | None = None
    """One of those that the client offered."""
    headers: Headers = _NO_HEADERS
    extensions: tuple[PerMessageDeflate, ...] = ()
    """What may be used if the client offers it; empty means no compression."""
    by_fragment: bool = False
    """Whether we want messages in parts, as they come, and not as a whole."""
    with_pings: bool = False
    """Whether we want to hear of the client's Ping and Pong; they are answered in any case."""
    message_limit: int | None = None
    """Bytes of a message that are received, in place of `Limits.message`; None for that one."""


@value
class TextMessage:
    """A message of text, or a part of one.

    When received, it is the whole message unless parts were asked for; then,
    as with Data, where it was cut says nothing. Sent parts are one fragment each.
    """

    text: str
    final: bool = True
    """Whether this is all, or the rest, of the message."""


@value
class BytesMessage:
    """A message of bytes, or a part of one, in the same way as TextMessage."""

    data: bytes
    final: bool = True
    """Whether this is all, or the rest, of the message."""


@value
class Ping:
    """Somebody asks whether the other side is there. The answer is made by the connection."""

    payload: bytes = b""
    """At most 125 bytes."""


@value
class Pong:
    """The answer to the latest Ping, or a sign of life that nobody asked for."""

    payload: bytes = b""
    """At most 125 bytes."""


@value
class CloseWebSocket:
    """The sender will send no more frames. The answer to it is made by the connection."""

    code: int | None = 1000
    """Why (RFC 6455 7.4); None if the frame says nothing, which interfaces report as 1005."""
    reason: str = ""
    """For people; at most 123 bytes of UTF-8, and none without a code."""


@value
class ConnectionClosed:
    """The sender will send nothing more. The other side may still send to it."""


class Signal(enum.Enum):
    """What `Connection.next_event` returns when there is no event."""

    NEED_DATA = enum.auto()
    """Nothing more is known until `receive_data` or `receive_eof` is called."""

    PAUSED = enum.auto()
    """Bytes of a next request wait behind this cycle: `start_next_cycle` reads them."""


FrameEvent: TypeAlias = TextMessage | BytesMessage | Ping | Pong | CloseWebSocket

Event: TypeAlias = (
    Request
    | InformationalResponse
    | Response
    | Data
    | EndOfMessage
    | AcceptWebSocket
    | FrameEvent
    | ConnectionClosed
)
