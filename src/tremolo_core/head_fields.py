"""The fields of a request's head: what they say together, and whether they may.

That each of them is well-formed was found out in `head`.
"""

from collections.abc import Mapping, Sequence

from ._values import maker, value
from .errors import RemoteProtocolError
from .grammar import HOST
from .headers import Headers
from .websocket_handshake import Handshake, read_handshake

__all__ = ("NOTED", "NOTHING_SAID", "SECRET", "Meaning", "meaning_of", "read_fields")

SECRET = frozenset((b"authorization", b"cookie", b"proxy-authorization"))
"""Nothing is kept that has one of these."""

NOTED = SECRET | frozenset(
    (
        *(b"connection", b"content-length", b"expect", b"host", b"transfer-encoding"),
        b"upgrade",
    )
)
"""Of the others it does not matter here what they say."""

_MOST_DIGITS = 18
"""Of a Content-Length: as far as a signed 64-bit integer is sure to reach."""

_ALONE = frozenset((b"content-length", b"host"))
"""Even the same twice would be read differently by others (RFC 9112 3.2, 6.3)."""


@value
class Meaning:
    """What the fields of a head say about the message, and about the connection."""

    http_version: bytes
    """`b"1.1"` or `b"1.0"`."""
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
    """Whether they may be compared to the next.

    They are ordinary, without secrets, mean the same for every method, and nobody
    waits for `100 Continue`: so a request with the same is read in one go.
    """
    expects_continue: bool = False
    """Whether the client waits for `100 Continue` before it sends the body."""
    handshake: Handshake | None = None
    """What the client offers if it asks for a WebSocket, else None."""


NOTHING_SAID = Meaning(
    http_version=b"1.0",
    content_length=0,
    keep_alive=True,
    is_ordinary=False,
    may_be_kept=False,
)
"""By who has sent no head yet."""

_meaning = maker(Meaning)


def read_fields(
    lines: Sequence[tuple[bytes, bytes]], method: bytes, http_version: bytes
) -> tuple[Headers, Meaning]:
    """Judge the well-formed `lines` of a head: names as they stand in it, and trimmed values.

    Raises RemoteProtocolError for the first thing that they may not say.
    """
    headers = Headers([(name.lower(), content) for name, content in lines])
    return headers, meaning_of(headers, method, http_version)


def meaning_of(headers: Headers, method: bytes, http_version: bytes) -> Meaning:
    """As `read_fields`, of fields as they are to be read."""
    pairs = [field for field in headers if field[0] in NOTED]
    noted = dict(pairs)
    if len(noted) != len(pairs):
        noted = _joined(pairs)
    newer = http_version == b"1.1"
    host = noted.get(b"host")
    if host is None:
        if newer:
            raise RemoteProtocolError("no Host field")
    elif HOST.fullmatch(host) is None:
        raise RemoteProtocolError("a malformed Host field")
    length = _judge_framing(noted, http_version)
    expects_continue = b"expect" in noted and _judge_expectation(noted[b"expect"], http_version)
    keep_alive = newer and not (b"connection" in noted and _says_close(noted[b"connection"]))
    handshake = None
    # HTTP/1.0 has no other protocols to go on with (RFC 9110 7.8).
    if b"upgrade" in noted and newer:
        handshake = read_handshake(method, headers, has_body=length != 0)
    as_it_stands = length is not None or noted[b"transfer-encoding"] == b"chunked"
    is_ordinary = newer and handshake is None and as_it_stands
    is_same_for_all = b"upgrade" not in noted and SECRET.isdisjoint(noted)
    return _meaning(
        http_version=http_version,
        content_length=length,
        keep_alive=keep_alive,
        is_ordinary=is_ordinary,
        may_be_kept=is_ordinary and is_same_for_all and not expects_continue,
        expects_continue=expects_continue,
        handshake=handshake,
    )


def _joined(fields: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """What the lines of each field say together (RFC 9110 5.3); of some there is only one."""
    joined: dict[bytes, bytes] = {}
    for name, content in fields:
        if name not in joined:
            joined[name] = content
        elif name in _ALONE:
            raise RemoteProtocolError(f"more than one {name.title().decode()} field")
        else:
            joined[name] += b"," + content
    return joined


def _judge_framing(noted: Mapping[bytes, bytes], http_version: bytes) -> int | None:
    """Return the body's declared length, 0 for no body, None for chunked (RFC 9112 6)."""
    length = noted.get(b"content-length")
    codings = noted.get(b"transfer-encoding")
    if codings is not None:
        if length is not None:
            raise RemoteProtocolError("both Content-Length and Transfer-Encoding")
        if http_version == b"1.0":
            raise RemoteProtocolError("Transfer-Encoding in HTTP/1.0")
        members = [coding.strip(b" \t").lower() for coding in codings.split(b",")]
        if members == [b"chunked"]:
            return None
        if set(members) <= {b"chunked", b""}:
            raise RemoteProtocolError("a malformed Transfer-Encoding field")
        raise RemoteProtocolError("a transfer coding other than chunked", status=501)
    if length is None:
        return 0
    # As the pattern for what we send, but in a fifth of the time.
    if not length.isdigit() or len(length) > _MOST_DIGITS:
        raise RemoteProtocolError("a malformed Content-Length field")
    return int(length)


def _says_close(connection: bytes) -> bool:
    connection = connection.lower()
    return b"close" in connection and any(
        option.strip(b" \t") == b"close" for option in connection.split(b",")
    )


def _judge_expectation(expectation: bytes, http_version: bytes) -> bool:
    """Whether the client waits for a 100; in HTTP/1.0 nobody does (RFC 9110 10.1.1)."""
    if http_version == b"1.0":
        return False
    if expectation.lower() != b"100-continue":
        raise RemoteProtocolError("an expectation other than 100-continue", status=417)
    return True
