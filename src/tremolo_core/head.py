"""A request's head, from raw bytes to a judged value; and its trailers.

`gate` finds where a head ends. The message's body, once its framing is known
from here, is the gate's matter again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NoReturn

from ._values import value
from .errors import RemoteProtocolError
from .grammar import ABSOLUTE_FORM, CONTENT_LENGTH, FIELD_LINES, HOST, REQUEST_LINE
from .headers import Headers
from .limits import Limits
from .websocket_handshake import Handshake, read_handshake

__all__ = (
    "NOT_IN_TRAILERS",
    "Head",
    "judge_request_line",
    "parse_head",
    "parse_trailers",
    "refuse_block",
    "request_line_limit",
)

_FRAMING = frozenset(
    (
        *(b"connection", b"content-length", b"expect", b"host", b"transfer-encoding"),
        b"upgrade",
    )
)

NOT_IN_TRAILERS = frozenset(
    (
        *(b"authorization", b"connection", b"content-encoding", b"content-length"),
        *(b"content-range", b"content-type", b"expect", b"host", b"te", b"trailer"),
        *(b"transfer-encoding", b"upgrade"),
    )
)
"""Fields about framing, routing, authority or the content's form (RFC 9110 6.5.1)."""


@value
class Head:
    """What a request's head says, after everything about it was found right."""

    raw: bytes
    """The head as it came, from the request line to the empty line."""
    block: bytes
    """The part of it behind the request line."""
    method: bytes
    target: bytes
    http_version: bytes
    """`b"1.1"` or `b"1.0"`."""
    headers: Headers
    authority: bytes | None
    """The authority of an absolute-form target, else None."""
    content_length: int | None
    """The declared length of the body; 0 where there is none, None where it is chunked."""
    keep_alive: bool
    """Whether the client may send another request on this connection."""
    expects_continue: bool
    """Whether the client waits for `100 Continue` before it sends the body."""
    handshake: Handshake | None = None
    """What the client offers if it asks for a WebSocket, else None."""


def parse_head(raw: bytes, limits: Limits, last: Head | None = None) -> Head:
    """Read a complete head, which ends with its empty line.

    Where its fields are to the byte those of the `last` head, nothing about
    them is found out again. Raises RemoteProtocolError, with the status that it
    deserves, for the first thing that is wrong.
    """
    line = REQUEST_LINE.match(raw)
    if line is None:
        refuse_block(raw, limits, request_line=True)
    start = line.end()
    if start - 2 > request_line_limit(limits):
        refuse_block(raw, limits, request_line=True)
    method, target, major, minor = line.groups()
    http_version = b"1.0" if minor == b"0" else b"1.1"
    block = raw[start:]
    if (
        last is not None
        and last.block == block
        and last.http_version == http_version
        and last.handshake is None
        and major == b"1"
    ):
        authority = _judge_target(method, target)
        return replace(last, raw=raw, method=method, target=target, authority=authority)
    fields = FIELD_LINES.findall(block)
    # One line feed more than there are fields ends the block itself.
    if len(fields) != block.count(b"\n") - 1 or len(fields) > limits.fields:
        refuse_block(raw, limits, request_line=True)
    if major != b"1":
        raise RemoteProtocolError("only HTTP/1.0 and HTTP/1.1 are spoken here", status=505)
    if b" \r\n" in block or b"\t\r\n" in block:
        fields = [(name, value.rstrip(b" \t")) for name, value in fields]
    headers = Headers([(name.lower(), value) for name, value in fields])
    framing: dict[bytes, list[bytes]] = {}
    for name, content in headers:
        if name in _FRAMING:
            framing.setdefault(name, []).append(content)
    _judge_host(framing.pop(b"host", None), http_version)
    authority = _judge_target(method, target)
    content_length: int | None = 0
    keep_alive = http_version == b"1.1"
    expects_continue = False
    handshake = None
    if framing:
        content_length = _judge_framing(framing, http_version)
        expects_continue = _judge_expectation(framing.get(b"expect"), http_version)
        keep_alive &= not _says_close(framing.get(b"connection", ()))
        # HTTP/1.0 has no other protocols to go on with (RFC 9110 7.8).
        if b"upgrade" in framing and http_version == b"1.1":
            handshake = read_handshake(method, headers, has_body=content_length != 0)
    return Head(
        raw=raw,
        block=block,
        method=method,
        target=target,
        http_version=http_version,
        headers=headers,
        authority=authority,
        content_length=content_length,
        keep_alive=keep_alive,
        expects_continue=expects_continue,
        handshake=handshake,
    )


def parse_trailers(raw: bytes, limits: Limits) -> None:
    """Judge a complete trailer section, which ends with its empty line (RFC 9112 7.1.2).

    Raises RemoteProtocolError for the first thing that is wrong.
    """
    fields = FIELD_LINES.findall(raw)
    if len(fields) != raw.count(b"\n") - 1 or len(fields) > limits.fields:
        refuse_block(raw, limits, request_line=False)
    for name, _ in fields:
        if name.lower() in NOT_IN_TRAILERS:
            raise RemoteProtocolError("a trailer field that only a head may have")


def refuse_block(raw: bytes, limits: Limits, *, request_line: bool) -> NoReturn:
    """Raise for the first thing that is wrong in `raw`, line by line from its start.

    `raw` is a head, or without a `request_line` a trailer section, that is known
    to be wrong or too long; it may be incomplete. The slow way to the same
    verdict as the patterns', it depends on nothing but the order of the bytes,
    so however they arrived the answer is the same.
    """
    most = limits.head if request_line else limits.trailers
    start = count = 0
    while (newline := raw.find(b"\n", start)) >= 0:
        line = raw[start : newline + 1]
        if request_line and start == 0:
            judge_request_line(line, limits)
        elif newline >= most:
            break
        else:
            count += line != b"\r\n"
            if count > limits.fields:
                raise RemoteProtocolError(f"more than {limits.fields} fields", status=431)
            if line != b"\r\n" and FIELD_LINES.fullmatch(line) is None:
                raise RemoteProtocolError("a malformed field line")
        start = newline + 1
    if request_line and start == 0:
        raise RemoteProtocolError(
            f"a request line of more than {request_line_limit(limits)} bytes", status=414
        )
    what = "head" if request_line else "trailer section"
    raise RemoteProtocolError(f"a {what} of more than {most} bytes", status=431)


def request_line_limit(limits: Limits) -> int:
    """The longest request line in bytes; it must fit into the head with two line ends."""
    return min(limits.request_line, limits.head - 4)


def judge_request_line(line: bytes, limits: Limits) -> None:
    """Judge a request line by itself, which ends with its line feed.

    Raises RemoteProtocolError if it is too long (414) or malformed.
    """
    if len(line.removesuffix(b"\n").removesuffix(b"\r")) > request_line_limit(limits):
        raise RemoteProtocolError(
            f"a request line of more than {request_line_limit(limits)} bytes", status=414
        )
    if REQUEST_LINE.fullmatch(line) is None:
        raise RemoteProtocolError("a malformed request line")


def _judge_target(method: bytes, target: bytes) -> bytes | None:
    """Return the authority of an absolute-form target, None for the other forms (RFC 9112 3.2)."""
    if method == b"CONNECT":
        raise RemoteProtocolError("this server opens no tunnels", status=501)
    if target[:1] == b"/":
        return None
    if target == b"*":
        if method != b"OPTIONS":
            raise RemoteProtocolError("the target * with a method other than OPTIONS")
        return None
    absolute = ABSOLUTE_FORM.fullmatch(target)
    if absolute is None:
        raise RemoteProtocolError("a target that is neither a path nor an http URI")
    return absolute[1]


def _judge_host(hosts: list[bytes] | None, http_version: bytes) -> None:
    """Exactly one valid Host in HTTP/1.1, at most one before (RFC 9112 3.2)."""
    if hosts is None:
        if http_version == b"1.1":
            raise RemoteProtocolError("no Host field")
    elif len(hosts) > 1:
        raise RemoteProtocolError("more than one Host field")
    elif HOST.fullmatch(hosts[0]) is None:
        raise RemoteProtocolError("a malformed Host field")


def _judge_framing(framing: Mapping[bytes, list[bytes]], http_version: bytes) -> int | None:
    """Return the body's declared length, 0 for no body, None for chunked (RFC 9112 6)."""
    lengths = framing.get(b"content-length")
    codings = framing.get(b"transfer-encoding")
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
    return any(
        option.strip(b" \t").lower() == b"close" for line in lines for option in line.split(b",")
    )


def _judge_expectation(expectations: list[bytes] | None, http_version: bytes) -> bool:
    """Whether the client waits for a 100; in HTTP/1.0 nobody does (RFC 9110 10.1.1)."""
    if expectations is None or http_version == b"1.0":
        return False
    if [expectation.lower() for expectation in expectations] != [b"100-continue"]:
        raise RemoteProtocolError("an expectation other than 100-continue", status=417)
    return True
