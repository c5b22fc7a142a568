"""From the scope that another server calls us with to the facts about a request.

Pure, and the way back of `scope`. What follows in messages is the business of
`guest_messages`.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from tremolo_core import Headers, Request
from tremolo_transport.exchange import Address, Peer

__all__ = ("peer_of", "request_of")

_UNRESERVED = "/!$&'()*+,;=:@~"
"""What stands in a path as it is, beside letters, digits and `-._` (RFC 3986 3.3)."""

_SCHEMES = {"ws": "http", "wss": "https"}


def request_of(scope: Mapping[str, Any]) -> Request:
    """The request of a scope of HTTP or WebSocket, with a target below its `root_path`.

    A method, a path or a query that is no ASCII on the wire is encoded.
    """
    websocket = scope["type"] == "websocket"
    query = scope.get("query_string", b"")
    path = _path_below(scope)
    return Request(
        method=b"GET" if websocket else scope["method"].encode("ascii"),
        target=path + b"?" + query if query else path,
        headers=Headers.of((bytes(name), bytes(value)) for name, value in scope["headers"]),
        http_version=b"1.0" if scope.get("http_version") == "1.0" else b"1.1",
        upgrade=b"websocket" if websocket else None,
    )


def peer_of(scope: Mapping[str, Any]) -> Peer:
    """The two ends of the connection, as the other server sees them."""
    scheme = scope.get("scheme") or "http"
    return Peer(
        client=_address(scope.get("client")),
        server=_address(scope.get("server")),
        scheme=_SCHEMES.get(scheme, scheme),
    )


def _path_below(scope: Mapping[str, Any]) -> bytes:
    """The raw path behind `root_path`; encoded anew if the scope has no raw path that fits."""
    path: str = scope["path"]
    root_path: str = scope.get("root_path", "").rstrip("/")
    raw_path = scope.get("raw_path") or quote(path, safe=_UNRESERVED).encode("ascii")
    if not path.startswith(root_path + "/") and path != root_path:
        # This server leaves `root_path` out of the path, as ASGI once had it.
        return raw_path or b"/"
    if not root_path:
        return raw_path or b"/"
    rest = path[len(root_path) :]
    # Where the raw path begins with the prefix, whatever its spelling, the rest is as it was sent.
    behind = raw_path.split(b"/", root_path.count("/") + 1)[-1]
    if _decoded(b"/" + behind) == rest:
        return b"/" + behind
    if _decoded(raw_path) == rest:
        return raw_path
    return quote(rest or "/", safe=_UNRESERVED).encode("ascii")


def _decoded(raw_path: bytes) -> str:
    return unquote_to_bytes(raw_path).decode("utf-8", "replace")


def _address(pair: Any) -> Address | None:
    return None if pair is None else (pair[0], pair[1])
