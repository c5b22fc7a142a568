"""What ASGI says, as types: the scopes and messages of HTTP and of lifespan.

They follow the ASGI specification, version 3.0 with HTTP 2.4 and lifespan 2.0.
Which message may follow which is known to `messages` and `lifespan`.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal, NotRequired, Required, TypeAlias, TypedDict

__all__ = (
    "ASGIApplication",
    "ASGIVersions",
    "HTTPDisconnectMessage",
    "HTTPReceiveMessage",
    "HTTPRequestMessage",
    "HTTPResponseBodyMessage",
    "HTTPResponseStartMessage",
    "HTTPScope",
    "HTTPSendMessage",
    "LifespanMode",
    "LifespanReceiveMessage",
    "LifespanScope",
    "LifespanSendMessage",
    "LifespanShutdownCompleteMessage",
    "LifespanShutdownFailedMessage",
    "LifespanShutdownMessage",
    "LifespanStartupCompleteMessage",
    "LifespanStartupFailedMessage",
    "LifespanStartupMessage",
    "Receive",
    "ReceiveMessage",
    "Scope",
    "Send",
    "SendMessage",
    "State",
)

State: TypeAlias = dict[str, Any]
"""The namespace that start-up fills; each request has a shallow copy."""


class ASGIVersions(TypedDict):
    """The `asgi` member of every scope."""

    version: Literal["3.0"]
    spec_version: Literal["2.0", "2.4"]
    """The version of the HTTP or the lifespan part, whichever the scope is of."""


class HTTPScope(TypedDict):
    """One HTTP request, but for its body."""

    type: Literal["http"]
    asgi: ASGIVersions
    http_version: Literal["1.0", "1.1"]
    method: str
    """In upper case."""
    scheme: str
    path: str
    """Without the query; percent-decoded, then UTF-8. Begins with `root_path`."""
    raw_path: bytes
    """As it stood on the wire, without the query."""
    query_string: bytes
    """What stands behind the question mark, percent-encoded."""
    root_path: str
    headers: list[tuple[bytes, bytes]]
    """In the order of the wire, names in lower case."""
    client: tuple[str, int] | None
    server: tuple[str, int | None] | None
    """Host and port, or the path of a unix socket and None."""
    state: State


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


class HTTPResponseBodyMessage(TypedDict, total=False):
    """A piece of the answer's body, which may be empty."""

    type: Required[Literal["http.response.body"]]
    body: bytes
    more_body: bool


class LifespanScope(TypedDict):
    """The life of the application, from before its first request to behind its last."""

    type: Literal["lifespan"]
    asgi: ASGIVersions
    state: State


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
HTTPSendMessage: TypeAlias = HTTPResponseStartMessage | HTTPResponseBodyMessage
LifespanReceiveMessage: TypeAlias = LifespanStartupMessage | LifespanShutdownMessage
LifespanSendMessage: TypeAlias = (
    LifespanStartupCompleteMessage
    | LifespanStartupFailedMessage
    | LifespanShutdownCompleteMessage
    | LifespanShutdownFailedMessage
)

Scope: TypeAlias = HTTPScope | LifespanScope
ReceiveMessage: TypeAlias = HTTPReceiveMessage | LifespanReceiveMessage
SendMessage: TypeAlias = HTTPSendMessage | LifespanSendMessage

Receive: TypeAlias = Callable[[], Awaitable[ReceiveMessage]]
Send: TypeAlias = Callable[[SendMessage], Awaitable[None]]

ASGIApplication: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
"""What is called with a `Scope`, a `Receive` and a `Send`.

Each framework types the three in its own way, as a plain dict or mapping; Any
is the only parameter type that accepts them all.
"""

LifespanMode: TypeAlias = Literal["auto", "off", "on"]
"""Whether the application must take part in the lifespan protocol, may not, or may choose."""
