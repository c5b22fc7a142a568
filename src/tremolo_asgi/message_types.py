"""What ASGI says, as types: the messages of HTTP, WebSocket and lifespan, extensions included.

The scopes, and the three callables, are in `types`. Which message may follow
which is known to `http_messages`, `websocket_messages` and `lifespan`.
"""

from collections.abc import Iterable
from typing import Any, Literal, NotRequired, Required, TypeAlias, TypedDict

__all__ = (
    "HTTPDisconnectMessage",
    "HTTPReceiveMessage",
    "HTTPRequestMessage",
    "HTTPResponseBodyMessage",
    "HTTPResponseEarlyHintMessage",
    "HTTPResponsePathSendMessage",
    "HTTPResponseStartMessage",
    "HTTPResponseTrailersMessage",
    "HTTPResponseZeroCopySendMessage",
    "HTTPSendMessage",
    "LifespanReceiveMessage",
    "LifespanSendMessage",
    "LifespanShutdownCompleteMessage",
    "LifespanShutdownFailedMessage",
    "LifespanShutdownMessage",
    "LifespanStartupCompleteMessage",
    "LifespanStartupFailedMessage",
    "LifespanStartupMessage",
    "ReceiveMessage",
    "SendMessage",
    "WebSocketAcceptMessage",
    "WebSocketCloseMessage",
    "WebSocketConnectMessage",
    "WebSocketDisconnectMessage",
    "WebSocketReceiveMessage",
    "WebSocketReceivedMessage",
    "WebSocketResponseBodyMessage",
    "WebSocketResponseStartMessage",
    "WebSocketSendMessage",
    "WebSocketSentMessage",
)


class HTTPRequestMessage(TypedDict):
    """A piece of the request's body."""

    type: Literal["http.request"]
    body: bytes
    more_body: bool


class HTTPDisconnectMessage(TypedDict):
    """The client has left, or has its whole answer."""

    type: Literal["http.disconnect"]


class HTTPResponseStartMessage(TypedDict):
    """The head of the answer, held back until the first piece of its body."""

    type: Literal["http.response.start"]
    status: int
    headers: NotRequired[Iterable[Iterable[bytes]]]
    """Pairs of a name and a value."""
    trailers: NotRequired[bool]
    """Whether `http.response.trailers` follows the body."""


class HTTPResponseBodyMessage(TypedDict, total=False):
    """A piece of the answer's body, which may be empty."""

    type: Required[Literal["http.response.body"]]
    body: bytes
    more_body: bool


class HTTPResponseTrailersMessage(TypedDict, total=False):
    """Fields behind the body (extension `http.response.trailers`)."""

    type: Required[Literal["http.response.trailers"]]
    headers: Iterable[Iterable[bytes]]
    more_trailers: bool


class HTTPResponseEarlyHintMessage(TypedDict):
    """Links that the answer will need, before it: 103 (extension `http.response.early_hint`)."""

    type: Literal["http.response.early_hint"]
    links: Iterable[bytes]
    """Values of Link fields (RFC 8288)."""


class HTTPResponsePathSendMessage(TypedDict):
    """A file that is the whole body (extension `http.response.pathsend`)."""

    type: Literal["http.response.pathsend"]
    path: str
    """Absolute."""


class HTTPResponseZeroCopySendMessage(TypedDict):
    """A part of an open file as a piece of the body (extension `http.response.zerocopysend`)."""

    type: Literal["http.response.zerocopysend"]
    file: Any
    """A binary file with a descriptor, or the descriptor; it is left open."""
    offset: NotRequired[int]
    """By default where the file stands, which then moves behind what was sent."""
    count: NotRequired[int]
    """By default up to the end of the file."""
    more_body: NotRequired[bool]


class WebSocketConnectMessage(TypedDict):
    """A client asks for a WebSocket."""

    type: Literal["websocket.connect"]


class WebSocketAcceptMessage(TypedDict):
    """It gets one."""

    type: Literal["websocket.accept"]
    subprotocol: NotRequired[str | None]
    """One of those in the scope."""
    headers: NotRequired[Iterable[Iterable[bytes]]]


class WebSocketReceiveMessage(TypedDict):
    """A message of the client: the one of `text` and `bytes` that is there."""

    type: Literal["websocket.receive"]
    text: NotRequired[str]
    bytes: NotRequired[bytes]


class WebSocketSendMessage(TypedDict):
    """A message to the client: one of `text` and `bytes`."""

    type: Literal["websocket.send"]
    text: NotRequired[str | None]
    bytes: NotRequired[bytes | None]


class WebSocketDisconnectMessage(TypedDict):
    """The WebSocket is over, whoever ended it."""

    type: Literal["websocket.disconnect"]
    code: int
    """The client's if it gave one; 1005 if it gave none, 1006 if it left without a word."""
    reason: str


class WebSocketCloseMessage(TypedDict):
    """The application ends the WebSocket; before it is accepted, refuses it with 403."""

    type: Literal["websocket.close"]
    code: NotRequired[int]
    """By default 1000."""
    reason: NotRequired[str | None]


class WebSocketResponseStartMessage(TypedDict):
    """The head of an answer that refuses (extension `websocket.http.response`)."""

    type: Literal["websocket.http.response.start"]
    status: int
    headers: NotRequired[Iterable[Iterable[bytes]]]


class WebSocketResponseBodyMessage(TypedDict, total=False):
    """A piece of the body of an answer that refuses."""

    type: Required[Literal["websocket.http.response.body"]]
    body: bytes
    more_body: bool


class LifespanStartupMessage(TypedDict):
    """The application is to get ready for requests."""

    type: Literal["lifespan.startup"]


class LifespanStartupCompleteMessage(TypedDict):
    """The application is ready."""

    type: Literal["lifespan.startup.complete"]


class LifespanStartupFailedMessage(TypedDict):
    """The application will not be ready."""

    type: Literal["lifespan.startup.failed"]
    message: NotRequired[str]


class LifespanShutdownMessage(TypedDict):
    """The last request is over: the application is to clean up."""

    type: Literal["lifespan.shutdown"]


class LifespanShutdownCompleteMessage(TypedDict):
    """The application has cleaned up."""

    type: Literal["lifespan.shutdown.complete"]


class LifespanShutdownFailedMessage(TypedDict):
    """The application could not clean up."""

    type: Literal["lifespan.shutdown.failed"]
    message: NotRequired[str]


HTTPReceiveMessage: TypeAlias = HTTPRequestMessage | HTTPDisconnectMessage
HTTPSendMessage: TypeAlias = (
    HTTPResponseStartMessage
    | HTTPResponseBodyMessage
    | HTTPResponseTrailersMessage
    | HTTPResponseEarlyHintMessage
    | HTTPResponsePathSendMessage
    | HTTPResponseZeroCopySendMessage
)
WebSocketReceivedMessage: TypeAlias = (
    WebSocketConnectMessage | WebSocketReceiveMessage | WebSocketDisconnectMessage
)
WebSocketSentMessage: TypeAlias = (
    WebSocketAcceptMessage
    | WebSocketSendMessage
    | WebSocketCloseMessage
    | WebSocketResponseStartMessage
    | WebSocketResponseBodyMessage
)
LifespanReceiveMessage: TypeAlias = LifespanStartupMessage | LifespanShutdownMessage
LifespanSendMessage: TypeAlias = (
    LifespanStartupCompleteMessage
    | LifespanStartupFailedMessage
    | LifespanShutdownCompleteMessage
    | LifespanShutdownFailedMessage
)

ReceiveMessage: TypeAlias = HTTPReceiveMessage | WebSocketReceivedMessage | LifespanReceiveMessage
SendMessage: TypeAlias = HTTPSendMessage | WebSocketSentMessage | LifespanSendMessage
