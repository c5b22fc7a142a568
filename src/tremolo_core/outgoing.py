"""Judges what we are about to send, and decides how an answer's body is framed.

Whether an event may come now is decided in `states`; this is about what it
says. The bytes are written by an engine, which finds nothing left to decide.
"""

from collections.abc import Iterable
from typing import Final, get_args

from ._values import maker, value
from .answer_head import AnswerHead, Framing, answer_head
from .engine import OutgoingEvent
from .errors import LocalProtocolError
from .events import (
    AcceptWebSocket,
    BytesMessage,
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    FrameEvent,
    InformationalResponse,
    Response,
    TextMessage,
)
from .head import NOT_IN_TRAILERS
from .head_fields import Meaning
from .headers import Headers
from .outgoing_frames import OutgoingFrames
from .sent_fields import judged, reason_phrase
from .standing import Standing
from .states import State
from .websocket_handshake import Agreement, Handshake, agreement

__all__ = ("UNASKED", "Batch", "Outgoing")

# Until Python 3.12 it takes 0.1 µs to look a member up in its enum.
_NONE: Final = Framing.NONE
_LENGTH: Final = Framing.LENGTH

_FRAMES = frozenset(get_args(FrameEvent))

_Saved = tuple[Framing, int, bool, bool, Agreement | None, type[TextMessage | BytesMessage] | None]


@value
class Batch:
    """Events that were judged together."""

    standing: Standing
    """Where they lead."""
    written: list[OutgoingEvent]
    """What of them is to be written as HTTP."""
    framed: list[FrameEvent]
    """What of them is to be written as frames, behind that."""
    awaited: bool
    """Whether the client still awaits to be told to go on."""


_batch = maker(Batch)


class Outgoing:
    """The answer to one request, as far as it was judged.

    A batch of events that was judged is taken as sent.
    """

    __slots__ = (
        "_meaning",
        "_method",
        "agreed",
        "begun",
        "frames",
        "framing",
        "is_plain",
        "keep_alive",
        "missing",
    )

    def __init__(self) -> None:
        """Until `begin`, it is an answer to no request: one that HTTP/1.0 would understand."""
        self._meaning: Meaning | None = None
        """What the head of the request means."""
        self._method = b""
        self.is_plain = False
        """Whether a body is framed as in HTTP/1.1, and written."""
        self.keep_alive = False
        """Whether the connection outlives this answer, as far as is known."""
        self.framing = _NONE
        self.missing = 0
        """Bytes of the declared length that have not been sent: none behind a message's end."""
        self.begun = False
        """Whether the final answer has begun."""
        self.agreed: Agreement | None = None
        """What is kept to on the WebSocket that was accepted; None if none was."""
        self.frames = OutgoingFrames()
        """Judges what is sent then."""

    def begin(self, method: bytes, meaning: Meaning) -> None:
        """Turn to the answer to a request with this `method`, the head of which has a `meaning`."""
        self._method = method
        self._meaning = meaning
        self.is_plain = meaning.is_ordinary and method != b"HEAD"
        self.keep_alive = meaning.keep_alive
        self.framing = _NONE
        self.begun = False

    @property
    def their_last(self) -> bool:
        """Whether it was said before the answer that none will follow."""
        return self._meaning is None or not self._meaning.keep_alive

    @property
    def _is_head(self) -> bool:
        return self._method == b"HEAD"

    @property
    def _http_version(self) -> bytes:
        return b"1.0" if self._meaning is None else self._meaning.http_version

    @property
    def _handshake(self) -> Handshake | None:
        return None if self._meaning is None else self._meaning.handshake

    def owned(self) -> "Outgoing":
        """The same, where what is sent can be noted: a new one in place of `UNASKED`."""
        return Outgoing() if self is UNASKED else self

    def _save(self) -> _Saved:
        """What `_restore` takes back, so that a rejected batch of events leaves no trace."""
        return (
            self.framing,
            self.missing,
            self.begun,
            self.keep_alive,
            self.agreed,
            self.frames.unfinished,
        )

    def _restore(self, saved: _Saved) -> None:
        (
            self.framing,
            self.missing,
            self.begun,
            self.keep_alive,
            self.agreed,
            self.frames.unfinished,
        ) = saved

    def judge(self, events: Iterable[Event], standing: Standing, *, awaited: bool) -> Batch:
        """Judge `events`, which are sent together by a server with this `standing`.

        The client may be `awaited`, to go on with its body only when it is told
        so. Raises LocalProtocolError if any may not be sent; then everything
        here is as before.
        """
        saved = self._save()
        try:
            return self._judge(events, standing, awaited)
        except LocalProtocolError:
            self._restore(saved)
            raise

    def judge_elsewhere(self, count: int, standing: Standing) -> int:
        """Judge `count` bytes of body as `Data`; return how many are to be written elsewhere.

        Raises LocalProtocolError if they may not be sent, or not without framing.
        """
        if count < 0:
            raise LocalProtocolError(f"{count} bytes cannot be written")
        _steps(standing, Data)
        if self.is_chunked:
            raise LocalProtocolError("what is written elsewhere cannot be put in chunks")
        if count:
            self._count(count)
        return 0 if self._is_head else count

    @property
    def is_chunked(self) -> bool:
        """Whether the body goes in chunks."""
        return self.framing is Framing.CHUNKED

    def _judge(self, events: Iterable[Event], standing: Standing, awaited: bool) -> Batch:
        written: list[OutgoingEvent] = []
        framed: list[FrameEvent] = []
        for event in events:
            kind = type(event)
            steps = _steps(standing, kind)
            if awaited:
                if kind is Response:
                    # Whether the body follows, only the client knows (RFC 9110 10.1.1).
                    self.keep_alive = False
                awaited = not _answers_wait(event)
            # A union takes long to be asked, so only where the answer is known.
            if kind in _FRAMES and isinstance(event, FrameEvent):
                framed.append(self.frames.judge(event))
            elif (to_write := self._judge_part(event)) is not None:
                written.append(to_write)
            standing = steps[self.keep_alive]
            if kind is AcceptWebSocket and standing.client is State.SEND_BODY:
                # A handshake has no body, but its end may not have been asked for.
                standing = standing.by_client[EndOfMessage][self.keep_alive]
        return _batch(standing=standing, written=written, framed=framed, awaited=awaited)

    def _judge_part(self, event: Event) -> OutgoingEvent | None:
        """Return what is to be written for `event`; None if that is nothing."""
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
        headers = judged(event.headers)
        if any(name in (b"content-length", b"transfer-encoding") for name, _ in headers):
            raise LocalProtocolError("an informational response has no body to be framed")
        if self._http_version == b"1.0":
            return None
        return InformationalResponse(
            status=event.status, headers=headers, reason=reason_phrase(event.status, event.reason)
        )

    def _response(self, event: Response) -> AnswerHead:
        """The head to write, with the fields that frame the body made right."""
        # Behind a refused handshake may be frames, which are not to be read as a request.
        keep_alive = self.keep_alive and self._handshake is None
        head = answer_head(
            event, self._http_version, keep_alive=keep_alive, their_last=self.their_last
        )
        self.framing = head.framing
        self.missing = head.length
        self.keep_alive = head.keep_alive
        self.begun = True
        return head

    def _acceptance(self, event: AcceptWebSocket) -> InformationalResponse:
        """The head to write that accepts a WebSocket (RFC 6455 4.2.2)."""
        if self._handshake is None:
            raise LocalProtocolError("a WebSocket is accepted for which nobody asked")
        self.agreed = agreement(self._handshake, event)
        return InformationalResponse(
            status=101,
            headers=Headers((*self.agreed.headers, *judged(event.headers))),
            reason=reason_phrase(101, b""),
        )

    def _data(self, event: Data) -> Data | None:
        """What to write; None for no bytes, and in answer to HEAD, where they are only counted."""
        size = len(event.data)
        if not size:
            return None
        self._count(size)
        return None if self._is_head else event

    def _count(self, size: int) -> None:
        if self.framing is _LENGTH:
            if size > self.missing:
                raise LocalProtocolError(
                    f"{size} bytes of body where only {self.missing} more were declared"
                )
            self.missing -= size
        elif self.framing is _NONE:
            raise LocalProtocolError("a 204 or 304 response has no body")

    def _end(self, event: EndOfMessage) -> EndOfMessage | None:
        """What to write; None in answer to HEAD, where a body may be left out, or break off."""
        if self.missing and not self._is_head:
            raise LocalProtocolError(
                f"the body ends {self.missing} bytes before its declared length"
            )
        if event.trailers:
            event = EndOfMessage(trailers=self._trailers(event.trailers))
        self.missing = 0
        return None if self._is_head else event

    def _trailers(self, trailers: Headers) -> Headers:
        """What to write of them: none where the client cannot be told."""
        trailers = judged(trailers)
        if any(name in NOT_IN_TRAILERS for name, _ in trailers):
            raise LocalProtocolError("a trailer field that only a head may have")
        if self.is_chunked:
            return trailers
        if self.framing is Framing.CLOSE or self._is_head:
            return Headers()
        raise LocalProtocolError("only a chunked body, without Content-Length, has trailers")


UNASKED = Outgoing()
"""The answer to no request, before one has come: of all connections, as most need no other."""


def _steps(standing: Standing, kind: type[Event]) -> tuple[Standing, Standing]:
    steps = standing.by_server.get(kind)
    if steps is None:
        raise LocalProtocolError(
            f"{kind.__name__} cannot be sent by a server in the state {standing.server.name}"
        )
    return steps


def _answers_wait(event: Event) -> bool:
    return isinstance(event, InformationalResponse) and event.status == 100
