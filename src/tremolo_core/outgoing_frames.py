"""Judges the frames that we are about to send, as `outgoing` judges our HTTP.

Whether an event may come now is decided in `states`; this is about what it
says. The bytes are written by an engine.
"""

from typing import TypeGuard

from .errors import LocalProtocolError
from .events import BytesMessage, CloseWebSocket, Event, FrameEvent, Ping, Pong, TextMessage

__all__ = ("OutgoingFrames", "is_whole_message")

_MOST_IN_CONTROL = 125
"""RFC 6455 5.5."""

_MOST_IN_REASON = _MOST_IN_CONTROL - 2

_CLOSE_CODES = frozenset((*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)))
"""RFC 6455 7.4, with 1012 to 1014 that were registered later."""


def is_whole_message(event: Event) -> TypeGuard[BytesMessage | TextMessage]:
    """Whether `event` is surely a message that may be sent where none is in progress."""
    if type(event) is BytesMessage:
        return event.final
    # Whether other text may be sent, `judge` finds out.
    return type(event) is TextMessage and event.final and event.text.isascii()


class OutgoingFrames:
    """The frames of one side, as far as they were judged.

    `judge` raises LocalProtocolError for what may not be sent.
    """

    __slots__ = ("unfinished",)

    def __init__(self) -> None:
        self.unfinished: type[TextMessage | BytesMessage] | None = None
        """The kind of the message of which only parts were sent."""

    def judge(self, event: FrameEvent) -> FrameEvent:
        """Return what to write."""
        match event:
            case BytesMessage():
                self._note_part(event)
            case TextMessage():
                if not event.text.isascii():
                    _encoded(event.text)
                self._note_part(event)
            case Ping() | Pong():
                if len(event.payload) > _MOST_IN_CONTROL:
                    raise LocalProtocolError(
                        f"the payload of a {type(event).__name__} has at most"
                        f" {_MOST_IN_CONTROL} bytes, not {len(event.payload)}"
                    )
            case _:
                _judge_close(event)
        return event

    def _note_part(self, event: TextMessage | BytesMessage) -> None:
        if event.final and self.unfinished is None:
            return
        kind = type(event)
        if self.unfinished not in (None, kind):
            raise LocalProtocolError(
                f"a {kind.__name__} in the middle of a message of the other kind"
            )
        self.unfinished = None if event.final else kind


def _judge_close(event: CloseWebSocket) -> None:
    if event.code is None:
        if event.reason:
            raise LocalProtocolError("a reason to close has a code before it")
    elif event.code not in _CLOSE_CODES:
        raise LocalProtocolError(
            "a close code is 1000 to 1003, 1007 to 1014 or 3000 to 4999 (RFC 6455 7.4),"
            f" not {event.code}"
        )
    size = len(_encoded(event.reason))
    if size > _MOST_IN_REASON:
        raise LocalProtocolError(f"a reason has at most {_MOST_IN_REASON} bytes, not {size}")


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise LocalProtocolError("text with half of a surrogate pair has no UTF-8") from error
