"""A request's head, from raw bytes to a judged value; and its trailers.

`gate` finds where a head ends, `head_fields` judges what its fields say. The
message's body, once its framing is known, is the gate's matter again.
"""

from typing import NoReturn

from ._values import maker, value
from .errors import RemoteProtocolError
from .grammar import (
    ABSOLUTE_FORM,
    FIELD_LINES,
    PLAIN_REQUEST_LINE,
    REQUEST_LINE,
)
from .head_fields import Meaning, read_fields
from .headers import Headers
from .limits import Limits
from .plain_fields import Fields, Names, read_plainly

__all__ = (
    "NOT_IN_TRAILERS",
    "Head",
    "judge_request_line",
    "parse_head",
    "parse_trailers",
    "refuse_block",
    "request_line_limit",
)

_SLASH = 0x2F

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
    method: bytes
    target: bytes
    authority: bytes | None
    """The authority of an absolute-form target, else None."""
    block: bytes
    """The fields as they came, to the empty line."""
    headers: Headers
    meaning: Meaning
    """What they say."""
    names: Names | None
    """The names of the fields, if they were read by these."""
    is_ordinary: bool
    """Whether nothing is to be read otherwise than it stands, so that h11 need not.

    Not a target with a host of its own, nor what its fields say of themselves.
    """


_head = maker(Head)


def parse_head(raw: bytes, limits: Limits, last: Fields | None = None) -> Head:
    """Read a complete head, which ends with its empty line.

    Where its fields are to the byte the `last`, that may be kept, nothing about
    them is found out again; where their names are, little. Raises
    RemoteProtocolError, with the status that it deserves, for the first thing that
    is wrong.
    """
    line = PLAIN_REQUEST_LINE.match(raw)
    if line is None:
        return _parse_other(raw, limits)
    start = line.end()
    if start - 2 > limits.request_line:
        # Without its end.
        refuse_block(raw, limits, request_line=True)
    method, target = line.groups()
    block = raw[start:]
    if last is None:
        fields = read_plainly(block, None)
    else:
        fields = last if last[0] == block else read_plainly(block, last[3])
    if fields is None or len(fields[1]) > limits.fields:
        return _parse_other(raw, limits)
    _, headers, meaning, names = fields
    return _head(raw, method, target, None, block, headers, meaning, names, meaning.is_ordinary)


def _parse_other(raw: bytes, limits: Limits) -> Head:
    """As `parse_head`, where the request line is not plain, or the fields are not."""
    line = REQUEST_LINE.match(raw)
    if line is None or line.end() - len(b"\r\n") > limits.request_line:
        refuse_block(raw, limits, request_line=True)
    method, target, version = line.groups()
    block = raw[line.end() :]
    lines = [(name, content.rstrip(b" \t")) for name, content in FIELD_LINES.findall(block)]
    if len(lines) != block.count(b"\n") - 1 or len(lines) > limits.fields:
        refuse_block(raw, limits, request_line=True)
    version = _judge_version(version)
    authority = None
    if target[0] != _SLASH or method == b"CONNECT":
        authority = _judge_target(method, target)
    headers, meaning = read_fields(lines, method, version)
    is_ordinary = meaning.is_ordinary and authority is None
    return _head(raw, method, target, authority, block, headers, meaning, None, is_ordinary)


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


def _judge_version(version: bytes) -> bytes:
    """Return what a message of `version` is read as (RFC 9110 2.5)."""
    if version[:1] != b"1":
        raise RemoteProtocolError("only HTTP/1.0 and HTTP/1.1 are spoken here", status=505)
    return b"1.0" if version == b"1.0" else b"1.1"


def _judge_target(method: bytes, target: bytes) -> bytes | None:
    """Return the authority of an absolute-form target, None for `*` (RFC 9112 3.2)."""
    if method == b"CONNECT":
        raise RemoteProtocolError("this server opens no tunnels", status=501)
    if target == b"*":
        if method != b"OPTIONS":
            raise RemoteProtocolError("the target * with a method other than OPTIONS")
        return None
    absolute = ABSOLUTE_FORM.fullmatch(target)
    if absolute is None:
        raise RemoteProtocolError("a target that is neither a path nor an http URI")
    return absolute[1]
