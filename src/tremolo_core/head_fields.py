"""The fields of a request's head: what they say together, and whether they may.

That each of them is well-formed was found out in `head`.
"""

from collections.abc import Mapping, Sequence

from ._values import value
from .errors import RemoteProtocolError
from .grammar import CONTENT_LENGTH, HOST
from .headers import Headers
from .websocket_handshake import Handshake, read_handshake

__all__ = ("HeadFields", "read_fields")

_SECRET = frozenset((b"authorization", b"cookie", b"proxy-authorization"))
"""Nothing is kept that has one of these."""

_NOTED = _SECRET | frozenset(
    (
        *(b"connection", b"content-length", b"expect", b"host", b"transfer-encoding"),
        b"upgrade",
    )
)
"""Of the others it does not matter here what they say."""


@value
class HeadFields:
    """What the fields of a head say, after everything about them was found right."""

    block: bytes
    """The fields as they came, to the empty line."""
    http_version: bytes
    """`b"1.1"` or `b"1.0"`."""
    headers: Headers
    content_length: int | None
    """The declared length of the body; 0 where there is none, None where it is chunked."""
    keep_alive: bool
    """Whether the client may send another request on this connection."""
    is_ordinary: bool
    """Whether all stands as it is to be read.

    Not in an older version, a handshake, or a coding's name in capitals, which
    h11 puts in lower case.
    """
    may_be_kept: bool
    """Whether they may be compared to the next: without secrets, and whatever the method is."""
    expects_continue: bool = False
    """Whether the client waits for `100 Continue` before it sends the body."""
    handshake: Handshake | None = None
    """What the client offers if it asks for a WebSocket, else None."""


def read_fields(
    lines: Sequence[tuple[bytes, bytes]], block: bytes, *, method: bytes, http_version: bytes
) -> HeadFields:
    """Judge the well-formed `lines` of a `block`: names and values, as they stand in it.

    Raises RemoteProtocolError for the first thing that they may not say.
    """
    if b" \r\n" in block or b"\t\r\n" in block:
        lines = [(name, content.rstrip(b" \t")) for name, content in lines]
    headers = Headers([(name.lower(), content) for name, content in lines])
    noted: dict[bytes, list[bytes]] = {}
    for name, content in headers:
        if name in _NOTED:
            noted.setdefault(name, []).append(content)
    _judge_host(noted.pop(b"host", None), http_version)
    newer = http_version == b"1.1"
    if not noted:
        return HeadFields(
            block=block,
            http_version=http_version,
            headers=headers,
            content_length=0,
            keep_alive=newer,
            is_ordinary=newer,
            may_be_kept=True,
        )
    length = _judge_framing(noted, http_version)
    expects_continue = b"expect" in noted and _judge_expectation(noted[b"expect"], http_version)
    keep_alive = newer and not (b"connection" in noted and _says_close(noted[b"connection"]))
    handshake = None
    # HTTP/1.0 has no other protocols to go on with (RFC 9110 7.8).
    if b"upgrade" in noted and newer:
        handshake = read_handshake(method, headers, has_body=length != 0)
    return HeadFields(
        block=block,
        http_version=http_version,
        headers=headers,
        content_length=length,
        keep_alive=keep_alive,
        is_ordinary=newer
        and handshake is None
        and (length is not None or noted[b"transfer-encoding"] == [b"chunked"]),
        may_be_kept=b"upgrade" not in noted and _SECRET.isdisjoint(noted),
        expects_continue=expects_continue,
        handshake=handshake,
    )


def _judge_host(hosts: list[bytes] | None, http_version: bytes) -> None:
    """Exactly one valid Host in HTTP/1.1, at most one before (RFC 9112 3.2)."""
    if hosts is None:
        if http_version == b"1.1":
            raise RemoteProtocolError("no Host field")
    elif len(hosts) > 1:
        raise RemoteProtocolError("more than one Host field")
    elif HOST.fullmatch(hosts[0]) is None:
        raise RemoteProtocolError("a malformed Host field")


def _judge_framing(noted: Mapping[bytes, list[bytes]], http_version: bytes) -> int | None:
    """Return the body's declared length, 0 for no body, None for chunked (RFC 9112 6)."""
    lengths = noted.get(b"content-length")
    codings = noted.get(b"transfer-encoding")
    if codings is not None:
        if lengths is not None:
            raise RemoteProtocolError("both Content-Length and Transfer-Encoding")
        if http_version == b"1.0":
            raise RemoteProtocolError("Transfer-Encoding in HTTP/1.0")
        members = [coding.strip(b" \t").lower() for coding in b",".join(codings).split(b",")]
        if members == [b"chunked"]:
            return None
        if set(members) <= {b"chunked", b""}:
            raise RemoteProtocolError("a malformed Transfer-Encoding field")
        raise RemoteProtocolError("a transfer coding other than chunked", status=501)
    if lengths is None:
        return 0
    if len(lengths) > 1:
        raise RemoteProtocolError("more than one Content-Length field")
    if CONTENT_LENGTH.fullmatch(lengths[0]) is None:
        raise RemoteProtocolError("a malformed Content-Length field")
    return int(lengths[0])


def _says_close(lines: Sequence[bytes]) -> bool:
    options = b",".join(lines).lower()
    return b"close" in options and any(
        option.strip(b" \t") == b"close" for option in options.split(b",")
    )


def _judge_expectation(expectations: list[bytes], http_version: bytes) -> bool:
    """Whether the client waits for a 100; in HTTP/1.0 nobody does (RFC 9110 10.1.1)."""
    if http_version == b"1.0":
        return False
    if [expectation.lower() for expectation in expectations] != [b"100-continue"]:
        raise RemoteProtocolError("an expectation other than 100-continue", status=417)
    return True
