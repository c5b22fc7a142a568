"""What ASGI says, as types: the scopes, the application and what it is called with.

They follow the ASGI specification, version 3.0 with HTTP and WebSocket 2.5 and
lifespan 2.0. The messages are in `message_types`.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

from .message_types import ReceiveMessage, SendMessage

__all__ = (
    "ASGIApplication",
    "ASGIVersions",
    "Extensions",
    "HTTPScope",
    "LifespanMode",
    "LifespanScope",
    "Receive",
    "Scope",
    "Send",
    "State",
    "TLSExtension",
    "WebSocketScope",
)

State: TypeAlias = dict[str, Any]
"""The namespace that start-up fills; each request has a shallow copy."""

Extensions: TypeAlias = dict[str, Any]
"""What works beyond the specification here, by name; a `TLSExtension` or nothing for each."""


class ASGIVersions(TypedDict):
    """The `asgi` member of every scope."""

    version: Literal["3.0"]
    spec_version: Literal["2.0", "2.5"]
    """The version of the part that the scope is of: HTTP and WebSocket, or lifespan."""


class TLSExtension(TypedDict):
    """What is known of the connection's TLS, under `tls` in the extensions."""

    server_cert: str | None
    """Our certificate in PEM."""
    client_cert_chain: Iterable[str]
    """The client's certificates in PEM, its own first; empty if it has shown none."""
    client_cert_name: str | None
    """The subject of the client's certificate (RFC 4514)."""
    client_cert_error: str | None
    tls_version: int | None
    """As in the ClientHello's `legacy_version` space: 0x0304 is TLS 1.3."""
    cipher_suite: int | None
    """Its number in IANA's registry."""


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
    extensions: Extensions


class WebSocketScope(TypedDict):
    """One WebSocket, but for its messages. What has an `HTTPScope`'s name is the same."""

    type: Literal["websocket"]
    asgi: ASGIVersions
    http_version: Literal["1.1"]
    scheme: str
    """`"ws"` or `"wss"`."""
    path: str
    raw_path: bytes
    query_string: bytes
    root_path: str
    headers: list[tuple[bytes, bytes]]
    client: tuple[str, int] | None
    server: tuple[str, int | None] | None
    subprotocols: list[str]
    """Those on offer, in the client's order of preference."""
    state: State
    extensions: Extensions


class LifespanScope(TypedDict):
    """The life of the application, from before its first request to behind its last."""

    type: Literal["lifespan"]
    asgi: ASGIVersions
    state: NotRequired[State]
    """Always there in Tremolo, as in most servers."""


Scope: TypeAlias = HTTPScope | WebSocketScope | LifespanScope

Receive: TypeAlias = Callable[[], Awaitable[ReceiveMessage]]
Send: TypeAlias = Callable[[SendMessage], Awaitable[None]]

ASGIApplication: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
"""What is called with a `Scope`, a `Receive` and a `Send`.

Each framework types the three in its own way, as a plain dict or mapping; Any
is the only parameter type that accepts them all.
"""

LifespanMode: TypeAlias = Literal["auto", "off", "on"]
"""Whether the application must take part in the lifespan protocol, may not, or may choose."""
