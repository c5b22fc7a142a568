"""From the facts about a request to the scope that an application is called with.

Pure. The request's body, and a WebSocket's messages, come in messages: see
`http_messages` and `websocket_messages`.
"""

from typing import Any, Final
from urllib.parse import unquote_to_bytes

from tremolo_core import Request
from tremolo_core.targets import split_target
from tremolo_transport.exchange import Peer

from .types import (
    Extensions,
    HTTPScope,
    LifespanScope,
    State,
    TLSExtension,
    WebSocketScope,
)

__all__ = (
    "decode_path",
    "http_scope",
    "lifespan_scope",
    "mount_below",
    "offered_extensions",
    "tls_extension",
    "under_root",
    "websocket_scope",
)


def http_scope(request: Request, peer: Peer, *, root_path: str, state: State) -> HTTPScope:
    """The scope of one request. `state` is copied, one level deep; nothing else is shared."""
    target, headers = request.target, request.headers
    # As the functions below, without a call for what most are; by its number, as there.
    if target[0] == _SLASH:
        raw_path, _, query = target.partition(b"?")
    else:
        raw_path, query = split_target(target)
    path = decode_path(raw_path) if _PERCENT in raw_path else raw_path.decode("ascii")
    older = request.http_version == b"1.0"
    extensions: Extensions
    if older or _TE in headers or peer.tls is not None:
        extensions = _extensions(offered_extensions(request), peer)
    else:
        extensions = {
            "http.response.early_hint": {},
            "http.response.pathsend": {},
            "http.response.zerocopysend": {},
        }
    client = peer.client
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.0" if older else "1.1",
        "method": _METHODS[request.method],
        "scheme": peer.scheme,
        "path": under_root(path, root_path) if root_path else path,
        "raw_path": raw_path,
        "query_string": query,
        "root_path": root_path,
        "headers": [*headers],
        # A proxy that names its client rarely names the port; the type has no room for that.
        "client": None if client is None else (client[0], client[1] or 0),
        "server": peer.server,
        "state": state.copy(),
        "extensions": extensions,
    }


def websocket_scope(
    request: Request, peer: Peer, *, root_path: str, state: State
) -> WebSocketScope:
    """The scope of one WebSocket, as that of a request."""
    raw_path, query = split_target(request.target)
    client = peer.client
    offered = request.headers.get_list(b"sec-websocket-protocol")
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "scheme": "wss" if peer.scheme in ("https", "wss") else "ws",
        "path": under_root(decode_path(raw_path), root_path),
        "raw_path": raw_path,
        "query_string": query,
        "root_path": root_path,
        "headers": list(request.headers),
        "client": None if client is None else (client[0], client[1] or 0),
        "server": peer.server,
        "subprotocols": [name.decode("ascii") for name in offered],
        "state": state.copy(),
        "extensions": _extensions(_OF_WEBSOCKETS, peer),
    }


def mount_below(scope: HTTPScope | WebSocketScope, rest: bytes) -> None:
    """Have the scope be that of an application which is mounted below a prefix of the path.

    `rest` is what comes behind the prefix, in the raw path; a path that is the
    prefix, without a slash behind it, has the rest `b"/"` too. The prefix becomes
    the end of `root_path`, with which the path begins, however it was spelled.
    """
    raw_path = scope["raw_path"]
    prefix = raw_path.removesuffix(rest)
    root_path = f"{scope['root_path']}/{decode_path(prefix).strip('/')}"
    scope["root_path"] = root_path
    scope["path"] = root_path + decode_path(raw_path[len(prefix) :])


def lifespan_scope(state: State) -> LifespanScope:
    """The scope of the application's life. It fills `state`, which is not copied."""
    return {
        "type": "lifespan",
        "asgi": {"version": "3.0", "spec_version": "2.0"},
        "state": state,
    }


def offered_extensions(request: Request) -> tuple[str, ...]:
    """The extensions that an answer to this request may use, which are those that work for it.

    HTTP/1.0 knows neither interim answers nor trailers, and a client is sent
    trailers only if it has asked for them (RFC 9110 6.5.1, 10.1.4).
    """
    if request.http_version == b"1.0":
        return _FILES
    if _TE in request.headers and request.headers.has_token(b"te", b"trailers"):
        return _WITH_TRAILERS
    return _WITHOUT_TRAILERS


def decode_path(raw_path: bytes) -> str:
    """Undo percent-encoding and read the result as UTF-8.

    What is not UTF-8 becomes U+FFFD: an overlong slash is no slash, and the
    text can always be encoded again. An application that needs such bytes
    finds them in `raw_path`.
    """
    # By its number, as bytes in bytes are looked for at ten times the cost.
    if _PERCENT in raw_path:
        raw_path = unquote_to_bytes(raw_path)
    return raw_path.decode("utf-8", "replace")


def under_root(path: str, root_path: str) -> str:
    """Put `root_path` in front of `path`, unless it stands there already.

    ASGI wants `path` to include `root_path`. So an application sees the same
    behind a proxy that removes the prefix and behind one that keeps it. Only
    below a prefix that is repeated, as in `/api/api`, can the two not be told
    apart; it counts as kept. The `*` of OPTIONS is no path and stays as it is.
    """
    if not root_path or not path.startswith("/"):
        return path
    if path == root_path or path.startswith(root_path + "/"):
        return path
    return root_path + path


def _extensions(offered: tuple[str, ...], peer: Peer) -> Extensions:
    extensions: Extensions = {name: {} for name in offered}
    if peer.tls is not None:
        extensions["tls"] = tls_extension(peer)
    return extensions


def tls_extension(peer: Peer) -> TLSExtension | None:
    """What is known of the TLS that the client speaks to us; None if it speaks none."""
    tls = peer.tls
    if tls is None:
        return None
    return {
        "server_cert": tls.server_certificate,
        "client_cert_chain": list(tls.client_certificates),
        "client_cert_name": tls.client_name,
        # A certificate that is not good ends the handshake.
        "client_cert_error": None,
        "tls_version": tls.version_number,
        "cipher_suite": tls.cipher_suite,
    }


class _Methods(dict[bytes, str]):
    """The names of methods in upper case; of those that are asked for often, at hand."""

    def __missing__(self, method: bytes) -> str:
        return method.decode("ascii").upper()


class _Anything:
    """What equals whatever it is compared to."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]  # no hash fits all that it equals


_SLASH: Final = ord("/")
_PERCENT: Final = ord("%")
_METHODS: Final = _Methods(
    (name.encode(), name) for name in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
)
_TE: Final[tuple[bytes, Any]] = (b"te", _Anything())
"""A field of this name, to be looked for among others: a dict of them takes four times as long."""

_OF_WEBSOCKETS: tuple[str, ...] = ("websocket.http.response",)
_FILES: tuple[str, ...] = ("http.response.pathsend", "http.response.zerocopysend")
_WITHOUT_TRAILERS: tuple[str, ...] = ("http.response.early_hint", *_FILES)
_WITH_TRAILERS: tuple[str, ...] = ("http.response.trailers", *_WITHOUT_TRAILERS)
