"""Makes server-sent events of the bytes of an answer (HTML, "Server-sent events" 9.2.6).

Where the bytes come from is the business of `event_source`.
"""

import codecs
import re

from tremolo_core import value

__all__ = ("EventDecoder", "ServerSentEvent")

_LINE_END = re.compile(r"\r\n|\n|\r")


@value
class ServerSentEvent:
    """One event, as a browser would be told of it."""

    data: str
    event: str = "message"
    """Its type."""
    id: str = ""
    """The last id that was sent, with this event or before it."""
    retry: int | None = None
    """Milliseconds to wait before connecting anew, if the server said so with this event."""


class EventDecoder:
    """Bytes go in, events come out. What is not complete at the end was no event."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._line = ""
        self._after_return = False
        """Whether a line feed would belong to a line end that was seen already."""
        self._at_start = True
        self._data: list[str] = []
        self._event = ""
        self._id = ""
        self._retry: int | None = None

    def receive_data(self, data: bytes) -> list[ServerSentEvent]:
        """Take bytes of the stream, cut anywhere; return the events that they complete."""
        text = self._decoder.decode(data)
        if not text:
            return []
        if self._at_start:
            text = text.removeprefix("\ufeff")
            self._at_start = False
        if self._after_return:
            text = text.removeprefix("\n")
        self._after_return = text.endswith("\r")
        *lines, self._line = _LINE_END.split(self._line + text)
        return [event for line in lines if (event := self._receive_line(line)) is not None]

    def _receive_line(self, line: str) -> ServerSentEvent | None:
        if not line:
            return self._dispatch()
        name, _, content = line.partition(":")
        content = content.removeprefix(" ")
        match name:
            case "data":
                self._data.append(content)
            case "event":
                self._event = content
            case "id" if "\0" not in content:
                self._id = content
            case "retry" if content.isascii() and content.isdigit():
                self._retry = int(content)
        return None

    def _dispatch(self) -> ServerSentEvent | None:
        event = ServerSentEvent(
            data="\n".join(self._data),
            event=self._event or "message",
            id=self._id,
            retry=self._retry,
        )
        something = bool(self._data)
        self._data.clear()
        self._event = ""
        if something:
            self._retry = None
        return event if something else None
