"""Judges what we are about to send, and decides how an answer's body is framed.

Whether an event may come now is decided in `states`; this is about what it
says. The bytes are written by an engine, which finds nothing left to decide.
"""

import enum
from http import HTTPStatus

from .engine import OutgoingEvent
from .errors import LocalProtocolError
from .events import (
    AcceptWebSocket,
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    InformationalResponse,
    Response,
)
from .grammar import CONTENT_LENGTH, FIELD_NAME, FIELD_VALUE, REASON_PHRASE
from .head import NOT_IN_TRAILERS
from .headers import Headers
from .outgoing_frames import OutgoingFrames
from .websocket_handshake import Agreement, Handshake, agreement

__all__ = ("Outgoing",)

# Until 3.13 the standard library has four phrases from before RFC 9110.
_PHRASES = {status.value: status.phrase.encode("ascii") for status in HTTPStatus} | {
    413: b"Content Too Large",
    414: b"URI Too Long",
    416: b"Range Not Satisfiable",
    422: b"Unprocessable Content",
}


class _Framing(enum.Enum):
    """How the end of a body is told (RFC 9112 6.3)."""

    NONE = enum.auto()
    """The status has no body: 204, 304."""
    LENGTH = enum.auto()
    CHUNKED = enum.auto()
    CLOSE = enum.auto()
    """The end of the connection is the end of the body: for HTTP/1.0."""


class Outgoing:
    """The answer to one request, as far as it was judged.

    `copy` makes a draft, so that a rejected batch of events leaves no trace.
    """

    __slots__ = (
        "_framing",
        "_handshake",
        "_http_version",
        "_is_head",
        "_missing",
        "agreed",
        "begun",
        "frames",
        "keep_alive",
    )

    def __init__(
        self,
        *,
        method: bytes,
        http_version: bytes,
        keep_alive: bool,
        handshake: Handshake | None = None,
    ) -> None:
        self._is_head = method == b"HEAD"
        self._http_version = http_version
        self._handshake = handshake
        self._framing = _Framing.NONE
        self._missing = 0
        """Bytes of the declared length that have not been sent."""
        self.begun = False
        """Whether the final answer has begun."""
        self.keep_alive = keep_alive
        """Whether the connection outlives this answer, as far as is known."""
        self.agreed: Agreement | None = None
        """What is kept to on the WebSocket that was accepted; None if none was."""
        self.frames = OutgoingFrames()
        """Judges what is sent then."""

    def copy(self) -> "Outgoing":
        """An independent draft that begins where this one is."""
        twin = Outgoing.__new__(Outgoing)
        twin._is_head = self._is_head
        twin._http_version = self._http_version
        twin._handshake = self._handshake
        twin._framing = self._framing
        twin._missing = self._missing
        twin.begun = self.begun
        twin.keep_alive = self.keep_alive
        twin.agreed = self.agreed
        twin.frames = self.frames.copy()
        return twin

    def judge(self, event: Event) -> OutgoingEvent | None:
        """Return what is to be written for `event`; None if that is nothing.

        Raises LocalProtocolError if it says what may not be said.
        """
        match event:
            case Data():
                return self._data(event)
            case Response():
                return self._response(event)
            case EndOfMessage():
                return self._end(event)
            case InformationalResponse():
                return self._informational(event)
            case AcceptWebSocket():
                return self._acceptance(event)
            case ConnectionClosed():
                self.keep_alive = False
                return None
            case _:
                raise LocalProtocolError(f"{type(event).__name__} is no part of an answer")

    def _informational(self, event: InformationalResponse) -> InformationalResponse | None:
        """What to write; None for HTTP/1.0, which knows no interim answers (RFC 9110 15.2)."""
        if not 100 <= event.status <= 199 or event.status == 101:
            raise LocalProtocolError(
                f"an informational response has a status of 100 to 199 other than 101,"
                f" not {event.status}"
            )
        headers = _judged(event.headers)
        if any(name in (b"content-length", b"transfer-encoding") for name, _ in headers):
            raise LocalProtocolError("an informational response has no body to be framed")
        if self._http_version == b"1.0":
            return None
        return InformationalResponse(
            status=event.status, headers=headers, reason=_reason(event.status, event.reason)
        )

    def _response(self, event: Response) -> Response:
        """The head to write, with the fields that frame the body made right."""
        if not 200 <= event.status <= 599:
            raise LocalProtocolError(f"a response has a status of 200 to 599, not {event.status}")
        headers = _judged(event.headers)
        length = _declared_length(headers)
        chunked = _says_chunked(headers)
        if chunked and length is not None:
            raise LocalProtocolError("a response has Content-Length or Transfer-Encoding, not both")
        if chunked:
            headers = headers.without(b"transfer-encoding")
        # Behind a refused handshake may be frames, which are not to be read as a request.
        self.keep_alive &= self._handshake is None
        self.keep_alive &= not headers.has_token(b"connection", b"close")
        if event.status == HTTPStatus.NO_CONTENT:
            # RFC 9110 8.6: not even a length of 0.
            headers = headers.without(b"content-length")
        elif event.status == HTTPStatus.NOT_MODIFIED:
            pass
        elif length is not None:
            self._framing = _Framing.LENGTH
            self._missing = length
        elif self._http_version == b"1.1":
            self._framing = _Framing.CHUNKED
            headers = Headers((*headers, (b"transfer-encoding", b"chunked")))
        else:
            self._framing = _Framing.CLOSE
        if not self.keep_alive:
            headers = _with_close(headers)
        self.begun = True
        return Response(
            status=event.status, headers=headers, reason=_reason(event.status, event.reason)
        )

    def _acceptance(self, event: AcceptWebSocket) -> InformationalResponse:
        """The head to write that accepts a WebSocket (RFC 6455 4.2.2)."""
        if self._handshake is None:
            raise LocalProtocolError("a WebSocket is accepted for which nobody asked")
        self.agreed = agreement(self._handshake, event)
        return InformationalResponse(
            status=101,
            headers=Headers((*self.agreed.headers, *_judged(event.headers))),
            reason=_reason(101, b""),
        )

    def _data(self, event: Data) -> Data | None:
        """What to write; None for no bytes, and in answer to HEAD, where they are only counted."""
        size = len(event.data)
        if not size:
            return None
        match self._framing:
            case _Framing.NONE:
                raise LocalProtocolError("a 204 or 304 response has no body")
            case _Framing.LENGTH:
                if size > self._missing:
                    raise LocalProtocolError(
                        f"{size} bytes of body where only {self._missing} more were declared"
                    )
                self._missing -= size
            case _:
                pass
        return None if self._is_head else event

    def _end(self, event: EndOfMessage) -> EndOfMessage:
        """What to write. In answer to HEAD a body may be left out, or break off."""
        if self._missing and not self._is_head:
            raise LocalProtocolError(
                f"the body ends {self._missing} bytes before its declared length"
            )
        if not event.trailers:
            return event
        trailers = _judged(event.trailers)
        if any(name in NOT_IN_TRAILERS for name, _ in trailers):
            raise LocalProtocolError("a trailer field that only a head may have")
        if self._framing is _Framing.CHUNKED and not self._is_head:
            return EndOfMessage(trailers=trailers)
        if self._framing is _Framing.CLOSE or self._is_head:
            # The sender need not know that this client cannot be told.
            return EndOfMessage()
        raise LocalProtocolError("only a chunked body, without Content-Length, has trailers")


def _judged(headers: Headers) -> Headers:
    """The same fields with lower-case names and no white space around values (RFC 9110 5.5)."""
    fields = []
    for name, value in headers:
        if FIELD_NAME.fullmatch(name) is None:
            raise LocalProtocolError(f"{name!r} is not a field name")
        stripped = value.strip(b" \t")
        if FIELD_VALUE.fullmatch(stripped) is None:
            # The value may be a secret; its name tells where to look.
            raise LocalProtocolError(f"the value of {name!r} has a control byte, as CR or LF")
        fields.append((name.lower(), stripped))
    return Headers(fields)


def _reason(status: int, reason: bytes) -> bytes:
    if REASON_PHRASE.fullmatch(reason) is None:
        raise LocalProtocolError("the reason phrase has a control byte, as CR or LF")
    return reason or _PHRASES.get(status, b"")


def _declared_length(headers: Headers) -> int | None:
    lengths = headers.get_all(b"content-length")
    if not lengths:
        return None
    if len(lengths) > 1 or CONTENT_LENGTH.fullmatch(lengths[0]) is None:
        raise LocalProtocolError("Content-Length is one number of bytes, given once")
    return int(lengths[0])


def _says_chunked(headers: Headers) -> bool:
    codings = headers.get_all(b"transfer-encoding")
    if not codings:
        return False
    if [coding.lower() for coding in codings] != [b"chunked"]:
        raise LocalProtocolError("the only transfer coding that can be sent is one chunked")
    return True


def _with_close(headers: Headers) -> Headers:
    options = {option.lower() for option in headers.get_list(b"connection")}
    options = options - {b"keep-alive"} | {b"close"}
    rest = headers.without(b"connection")
    return Headers((*rest, *((b"connection", option) for option in sorted(options))))
