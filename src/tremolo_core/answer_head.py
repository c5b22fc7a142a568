"""The head of a final answer: judged, completed with what frames the body, and written.

An application has few different ones, so those that were judged lately are
kept. What may follow the head is judged in `outgoing`.
"""

import enum
from http import HTTPStatus
from typing import TypeVar

from ._values import maker, value
from .errors import LocalProtocolError
from .events import Response
from .grammar import CONTENT_LENGTH
from .head_writing import write_head
from .headers import Headers
from .plain_heads import SECRET, write_plainly
from .sent_fields import PHRASES, judged, reason_phrase

__all__ = ("LAST", "AnswerHead", "Framing", "answer_head", "lasting_head")


class Framing(enum.Enum):
    """How the end of a body is told (RFC 9112 6.3)."""

    NONE = enum.auto()
    """The status has no body: 204, 304."""
    LENGTH = enum.auto()
    CHUNKED = enum.auto()
    CLOSE = enum.auto()
    """The end of the connection is the end of the body: for HTTP/1.0, and for who asks for it."""


@value
class AnswerHead:
    """The head of an answer as it is to be written."""

    response: Response
    """With the fields that frame the body made right."""
    raw: bytes
    """The same as bytes."""
    framing: Framing
    length: int
    """The declared length of the body in bytes; 0 if none is declared, or none follows."""
    keep_alive: bool
    """Whether another request may follow."""
    may_be_kept: bool
    """Whether it is short, and without secrets."""


_answer_head = maker(AnswerHead)
_response = maker(Response)

K = TypeVar("K")

_Key = tuple[int, Headers, bytes, bytes, bool, bool]

_MOST_KEPT = 256
_LONGEST_KEPT = 2_048
"""At most half a megabyte of each kind, then; applications' heads have a few hundred bytes."""

_UNFRAMED = b"identity"
"""As a transfer coding it has no meaning any more (RFC 9112 7), and is never written."""

_CHUNKED_FIELD = (b"transfer-encoding", b"chunked")

_kept: dict[_Key, AnswerHead] = {}

_lasting: dict[tuple[int, Headers, bytes], AnswerHead] = {}
"""Most of all, those of HTTP/1.1 behind which another may follow: by less of a key."""


class _Last:
    """The last one behind which another may follow, if it may be kept."""

    __slots__ = ("pair",)

    def __init__(self) -> None:
        self.pair: tuple[Response | None, AnswerHead | None] = (None, None)
        """The event, and what became of it; two in one, as threads may share them."""


LAST = _Last()


def answer_head(
    event: Response, http_version: bytes, *, keep_alive: bool, their_last: bool
) -> AnswerHead:
    """Return the head to write for `event`, in answer to a request of `http_version`.

    `keep_alive` is false if this answer is the last whatever it says, so also if
    it is `their_last` because the client has said so. Raises LocalProtocolError
    for what may not be sent.
    """
    if keep_alive and http_version == b"1.1":
        return lasting_head(event)
    key = (event.status, event.headers, event.reason, http_version, keep_alive, their_last)
    head = _kept.get(key)
    if head is None:
        head = _make(event, http_version, keep_alive=keep_alive, their_last=their_last)
        if head.may_be_kept:
            _keep(_kept, key, head)
    return head


def lasting_head(event: Response) -> AnswerHead:
    """As `answer_head`, where the request was of HTTP/1.1 and another may follow."""
    last, kept = LAST.pair
    if event is last and kept is not None:
        return kept
    key = event.status, event.headers, event.reason
    head = _lasting.get(key)
    if head is None:
        head = _make_plainly(event)
        if head is None:
            head = _make(event, b"1.1", keep_alive=True, their_last=False)
        if not head.may_be_kept:
            return head
        _keep(_lasting, key, head)
    LAST.pair = event, head
    return head


def _keep(kept: dict[K, AnswerHead], key: K, head: AnswerHead) -> None:
    if len(kept) >= _MOST_KEPT:
        # What is used often comes back at once.
        kept.clear()
    kept[key] = head


def _make_plainly(event: Response) -> AnswerHead | None:
    """The short way to the head that most answers on a connection that goes on have."""
    plain = write_plainly(event)
    if plain is None:
        return None
    headers, length = event.headers, plain.length
    if length is None:
        framing, end = Framing.CHUNKED, b"Transfer-Encoding: chunked\r\n\r\n"
        headers = Headers((*headers, _CHUNKED_FIELD))
    else:
        framing, end = Framing.LENGTH, b"\r\n"
    raw = plain.raw + end
    return _answer_head(
        response=_response(status=event.status, headers=headers, reason=PHRASES[event.status]),
        raw=raw,
        framing=framing,
        length=length or 0,
        keep_alive=True,
        may_be_kept=plain.may_be_kept and len(raw) <= _LONGEST_KEPT,
    )


def _make(
    event: Response, http_version: bytes, *, keep_alive: bool, their_last: bool
) -> AnswerHead:
    if not 200 <= event.status <= 599:
        raise LocalProtocolError(f"a response has a status of 200 to 599, not {event.status}")
    headers = judged(event.headers)
    length = _declared_length(headers)
    coding = _coding(headers)
    if coding is not None and length is not None:
        raise LocalProtocolError("a response has Content-Length or Transfer-Encoding, not both")
    if coding is not None:
        headers = headers.without(b"transfer-encoding")
    keep_alive &= not headers.has_token(b"connection", b"close")
    framing = Framing.CLOSE
    if event.status == HTTPStatus.NO_CONTENT:
        # RFC 9110 8.6: not even a length of 0.
        headers = headers.without(b"content-length")
        framing = Framing.NONE
    elif event.status == HTTPStatus.NOT_MODIFIED:
        framing = Framing.NONE
    elif length is not None:
        framing = Framing.LENGTH
    elif http_version == b"1.1" and coding != _UNFRAMED:
        framing = Framing.CHUNKED
    else:
        keep_alive = False
    # h11 puts these two last: Connection behind the other if it is by the client that it
    # knows of the end.
    if not keep_alive and not their_last:
        headers = _with_close(headers)
    if framing is Framing.CHUNKED:
        headers = Headers((*headers, _CHUNKED_FIELD))
    if their_last:
        headers = _with_close(headers)
    reason = reason_phrase(event.status, event.reason)
    raw = write_head(event.status, reason, headers)
    # The white space around values is in what was given alone, which is kept too.
    given = sum(len(name) + len(content) for name, content in event.headers)
    return AnswerHead(
        response=Response(status=event.status, headers=headers, reason=reason),
        raw=raw,
        framing=framing,
        length=length if length is not None and framing is Framing.LENGTH else 0,
        keep_alive=keep_alive,
        may_be_kept=max(len(raw), given) <= _LONGEST_KEPT
        and not any(name in SECRET for name, _ in headers),
    )


def _declared_length(headers: Headers) -> int | None:
    lengths = headers.get_all(b"content-length")
    if not lengths:
        return None
    if len(lengths) > 1 or CONTENT_LENGTH.fullmatch(lengths[0]) is None:
        raise LocalProtocolError("Content-Length is one number of bytes, given once")
    return int(lengths[0])


def _coding(headers: Headers) -> bytes | None:
    codings = headers.get_all(b"transfer-encoding")
    if not codings:
        return None
    coding = codings[0].lower()
    if len(codings) > 1 or coding not in (b"chunked", _UNFRAMED):
        raise LocalProtocolError("the only transfer coding that can be sent is one chunked")
    return coding


def _with_close(headers: Headers) -> Headers:
    options = {option.lower() for option in headers.get_list(b"connection")}
    options = options - {b"keep-alive"} | {b"close"}
    rest = headers.without(b"connection")
    return Headers((*rest, *((b"connection", option) for option in sorted(options))))
