"""Judges what we are about to send, and decides how an answer's body is framed.

Whether an event may come now is decided in `states`; this is about what it
says. The bytes are written by an engine, which finds nothing left to decide.
"""

from collections.abc import Iterable

from ._values import value
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
from .headers import Headers
from .outgoing_frames import OutgoingFrames
from .sent_fields import judged, reason_phrase
from .states import CLIENT_MOVES, SERVER_MOVES, State, join
from .websocket_handshake import Agreement, Handshake, agreement

__all__ = ("Batch", "Outgoing")

_Saved = tuple[Framing, int, bool, bool, Agreement | None, type[TextMessage | BytesMessage] | None]


@value
class Batch:
    """Events that were judged together."""

    client: State
    server: State
    """What they lead to."""
    written: list[OutgoingEvent]
    """What of them is to be written as HTTP."""
    framed: list[FrameEvent]
    """What of them is to be written as frames, behind that."""
    awaited: bool
    """Whether the client still awaits to be told to go on."""


class Outgoing:
    """The answer to one request, as far as it was judged.

    A batch of events that was judged is taken as sent.
    """

    __slots__ = (
        "_framing",
        "_handshake",
        "_http_version",
        "_is_head",
        "_missing",
        "_their_last",
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
        self._their_last = not keep_alive
        """Whether it was said before the answer that none will follow."""
        self._framing = Framing.NONE
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

    def _save(self) -> _Saved:
        """What `_restore` takes back, so that a rejected batch of events leaves no trace."""
        return (
            self._framing,
            self._missing,
            self.begun,
            self.keep_alive,
            self.agreed,
            self.frames.unfinished,
        )

    def _restore(self, saved: _Saved) -> None:
        (
            self._framing,
            self._missing,
            self.begun,
            self.keep_alive,
            self.agreed,
            self.frames.unfinished,
        ) = saved

    def judge(
        self, events: Iterable[Event], client: State, server: State, *, awaited: bool
    ) -> Batch:
        """Judge `events`, which are sent together by a server in its state.

        The client is in its own, and may be `awaited` to go on with its body only
        when it is told so. Raises LocalProtocolError if any may not be sent; then
        everything here is as before.
        """
        saved = self._save()
        try:
            return self._judge(events, client, server, awaited)
        except LocalProtocolError:
            self._restore(saved)
            raise

    def judge_elsewhere(self, count: int, server: State) -> int:
        """Judge `count` bytes of body as `Data`; return how many are to be written elsewhere.

        Raises LocalProtocolError if they may not be sent, or not without framing.
        """
        if count < 0:
            raise LocalProtocolError(f"{count} bytes cannot be written")
        _following(server, Data)
        if self.is_chunked:
            raise LocalProtocolError("what is written elsewhere cannot be put in chunks")
        if count:
            self._count(count)
        return 0 if self._is_head else count

    @property
    def is_chunked(self) -> bool:
        """Whether the body goes in chunks."""
        return self._framing is Framing.CHUNKED

    def _judge(self, events: Iterable[Event], client: State, server: State, awaited: bool) -> Batch:
        written: list[OutgoingEvent] = []
        framed: list[FrameEvent] = []
        for event in events:
            kind = type(event)
            following = _following(server, kind)
            if awaited:
                if kind is Response:
                    # Whether the body follows, only the client knows (RFC 9110 10.1.1).
                    self.keep_alive = False
                awaited = not _answers_wait(event)
            if isinstance(event, FrameEvent):
                framed.append(self.frames.judge(event))
            elif (to_write := self._judge_part(event)) is not None:
                written.append(to_write)
            if kind is AcceptWebSocket and client is State.SEND_BODY:
                # A handshake has no body, but its end may not have been asked for.
                client = CLIENT_MOVES[client, EndOfMessage]
            client, server = join(client, following, keep_alive=self.keep_alive)
        return Batch(client=client, server=server, written=written, framed=framed, awaited=awaited)

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
            event, self._http_version, keep_alive=keep_alive, their_last=self._their_last
        )
        self._framing = head.framing
        self._missing = head.length
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
        match self._framing:
            case Framing.NONE:
                raise LocalProtocolError("a 204 or 304 response has no body")
            case Framing.LENGTH:
                if size > self._missing:
                    raise LocalProtocolError(
                        f"{size} bytes of body where only {self._missing} more were declared"
                    )
                self._missing -= size
            case _:
                pass

    def _end(self, event: EndOfMessage) -> EndOfMessage | None:
        """What to write; None in answer to HEAD, where a body may be left out, or break off."""
        if self._missing and not self._is_head:
            raise LocalProtocolError(
                f"the body ends {self._missing} bytes before its declared length"
            )
        if event.trailers:
            event = EndOfMessage(trailers=self._trailers(event.trailers))
        return None if self._is_head else event

    def _trailers(self, trailers: Headers) -> Headers:
        """What to write of them: none where the client cannot be told."""
        trailers = judged(trailers)
        if any(name in NOT_IN_TRAILERS for name, _ in trailers):
            raise LocalProtocolError("a trailer field that only a head may have")
        if self.is_chunked:
            return trailers
        if self._framing is Framing.CLOSE or self._is_head:
            return Headers()
        raise LocalProtocolError("only a chunked body, without Content-Length, has trailers")


def _following(server: State, kind: type[Event]) -> State:
    following = SERVER_MOVES.get((server, kind))
    if following is None:
        raise LocalProtocolError(
            f"{kind.__name__} cannot be sent by a server in the state {server.name}"
        )
    return following


def _answers_wait(event: Event) -> bool:
    return isinstance(event, InformationalResponse) and event.status == 100
