"""The opening handshake of a WebSocket (RFC 6455 4.2): what is asked for, and what is agreed on.

Whether an answer may be sent now is decided in `states`; what any answer's
fields may contain, in `outgoing`; what the extension does, in `deflate`.
"""

import base64
import hashlib
import re
from typing import NoReturn

from ._values import value
from .deflate import PerMessageDeflate, agree, parameters
from .errors import LocalProtocolError, RemoteProtocolError
from .events import AcceptWebSocket
from .grammar import EXTENSION, EXTENSION_PARAMETER, FIELD_NAME
from .headers import Headers

__all__ = ("Agreement", "Handshake", "agreement", "answer_to_key", "read_handshake")

_VERSION = b"13"
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455 4.2.2: in no answer of a server that does not know what it answers."""

_KEY = re.compile(rb"[0-9A-Za-z+/]{22}==")
"""RFC 6455 4.1: 16 bytes in base64."""

_DEFLATE = b"permessage-deflate"

_OURS = frozenset((b"connection", b"content-length", b"transfer-encoding", b"upgrade"))
"""Fields of the answer, beside `sec-websocket-*`, that follow from what is agreed on."""


@value
class Handshake:
    """What a client offers that asks for a WebSocket."""

    key: bytes
    subprotocols: tuple[bytes, ...]
    """In the client's order of preference."""
    deflate_offers: tuple[tuple[tuple[bytes, bytes | None], ...], ...]
    """The parameters of each offer of permessage-deflate, in the same order."""


@value
class Agreement:
    """What both sides will keep to."""

    acceptance: AcceptWebSocket
    """What we have accepted."""
    headers: Headers
    """The fields of the answer that say so."""
    deflate: PerMessageDeflate | None
    """How messages may be compressed; None for not at all."""


def read_handshake(method: bytes, headers: Headers, *, has_body: bool) -> Handshake | None:
    """Return what an HTTP/1.1 request offers; None if it asks for no WebSocket.

    Other protocols that it would upgrade to are none of ours, and ignored
    (RFC 9110 7.8). Raises RemoteProtocolError for one that asks for a WebSocket
    and is no proper handshake: 426 for a version that we do not speak, else 400.
    """
    if not headers.has_token(b"upgrade", b"websocket"):
        return None
    if method != b"GET":
        _refuse("a method other than GET")
    if has_body:
        _refuse("a body")
    if not headers.has_token(b"connection", b"upgrade"):
        _refuse("no `Connection: upgrade`")
    if headers.has_token(b"connection", b"close"):
        _refuse("`Connection: close`")
    if _only(headers, b"sec-websocket-version") != _VERSION:
        raise RemoteProtocolError(
            "a version of the WebSocket protocol other than 13",
            status=426,
            headers=Headers(
                (
                    (b"upgrade", b"websocket"),
                    (b"connection", b"upgrade"),
                    (b"sec-websocket-version", _VERSION),
                )
            ),
        )
    key = _only(headers, b"sec-websocket-key")
    if _KEY.fullmatch(key) is None:
        _refuse("a malformed Sec-WebSocket-Key")
    return Handshake(
        key=key,
        subprotocols=_subprotocols(headers),
        deflate_offers=_deflate_offers(headers),
    )


def agreement(handshake: Handshake, acceptance: AcceptWebSocket) -> Agreement:
    """Return what comes out of what the client offers and what we accept.

    Raises LocalProtocolError for what was not offered or is not to be chosen.
    """
    for name, _ in acceptance.headers:
        lower = name.lower()
        if lower in _OURS or lower.startswith(b"sec-websocket-"):
            raise LocalProtocolError(f"{name!r} follows from what is accepted: it is not given")
    fields = [
        (b"upgrade", b"websocket"),
        (b"connection", b"Upgrade"),
        (b"sec-websocket-accept", answer_to_key(handshake.key)),
    ]
    if acceptance.subprotocol is not None:
        if acceptance.subprotocol not in handshake.subprotocols:
            raise LocalProtocolError(
                f"the client did not offer the subprotocol {acceptance.subprotocol!r}"
            )
        fields.append((b"sec-websocket-protocol", acceptance.subprotocol))
    deflate = _agreed_deflate(handshake, acceptance.extensions)
    if deflate is not None:
        fields.append((b"sec-websocket-extensions", _DEFLATE + parameters(deflate)))
    return Agreement(acceptance=acceptance, headers=Headers(fields), deflate=deflate)


def _refuse(what: str) -> NoReturn:
    raise RemoteProtocolError(f"a WebSocket handshake with {what}")


def _only(headers: Headers, name: bytes) -> bytes:
    """The value of a field that must be there, and once (RFC 6455 11.3)."""
    values = headers.get_all(name)
    if len(values) != 1:
        _refuse(f"{len(values)} fields {name.decode('ascii')}, where one is due")
    return values[0]


def answer_to_key(key: bytes) -> bytes:
    """The proof that we know what we are asked for (RFC 6455 4.2.2)."""
    return base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())


def _subprotocols(headers: Headers) -> tuple[bytes, ...]:
    """RFC 6455 4.1: tokens, each only once."""
    offered = headers.get_list(b"sec-websocket-protocol")
    if not all(map(FIELD_NAME.fullmatch, offered)) or len(set(offered)) < len(offered):
        _refuse("a malformed Sec-WebSocket-Protocol")
    return offered


def _deflate_offers(
    headers: Headers,
) -> tuple[tuple[tuple[bytes, bytes | None], ...], ...]:
    """The offers of the one extension that we know (RFC 6455 9.1)."""
    offers = []
    for line in headers.get_all(b"sec-websocket-extensions"):
        end = 0
        while end < len(line):
            extension = EXTENSION.match(line, end)
            if extension is None:
                _refuse("a malformed Sec-WebSocket-Extensions")
            end = extension.end()
            if extension[1] == _DEFLATE:
                offers.append(
                    tuple(
                        (name, _unquoted(said) if said else None)
                        for name, said in EXTENSION_PARAMETER.findall(extension[2])
                    )
                )
    return tuple(offers)


def _unquoted(said: bytes) -> bytes:
    if said.startswith(b'"'):
        return re.sub(rb"\\(.)", rb"\1", said[1:-1])
    return said


def _agreed_deflate(
    handshake: Handshake, extensions: tuple[PerMessageDeflate, ...]
) -> PerMessageDeflate | None:
    if not extensions:
        return None
    if len(extensions) > 1:
        raise LocalProtocolError("permessage-deflate is accepted more than once")
    # Without an offer too, so that what is out of range is noticed at the first client.
    agree(extensions[0], ())
    candidates = (agree(extensions[0], offer) for offer in handshake.deflate_offers)
    return next((agreed for agreed in candidates if agreed is not None), None)
