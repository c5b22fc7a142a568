"""The engine for ordinary messages: what the gate has judged is not parsed once more.

For every message it gives the events and writes the bytes that `h11_engine`
does; tests hold it to that. What it leaves to h11 is said by `Head.is_ordinary`.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from ._values import maker
from .answer_head import AnswerHead, Framing
from .engine import OutgoingEvent
from .events import Data, EndOfMessage, Request
from .gate import Passed
from .grammar import FIELD_LINES
from .head import Head
from .head_writing import write_fields, write_head
from .headers import Headers

__all__ = ("FastEngine",)

_END = EndOfMessage()
_data = maker(Data)
_request = maker(Request)

_join = b"".join

_LAST_CHUNK = b"0\r\n"

# Until Python 3.12 it takes 0.1 µs to look a member up in its enum.
_CONTENT: Final = Passed.CONTENT
_FRAMING: Final = Passed.FRAMING
_CHUNKED: Final = Framing.CHUNKED


class FastEngine:
    """One exchange after the other; of each only how its answer is framed is remembered."""

    __slots__ = ("_chunk_line", "_chunk_size", "_chunked")

    def __init__(self) -> None:
        self._chunked = False
        """Whether the answer is, once its head was written."""
        self._chunk_size = 0
        self._chunk_line = b"0\r\n"
        """That of a chunk of that size: the last that was written by itself."""

    def read_head(self, head: Head) -> Request:
        """As `Engine.read_head`."""
        return _request(head.method, head.target, head.headers)

    def read_body(self, raw: bytes, passed: Passed) -> Data | EndOfMessage | None:
        """As `Engine.read_body`."""
        if passed is _CONTENT:
            return _data(raw)
        if passed is _FRAMING:
            return None
        return _END if len(raw) <= len(b"\r\n") else _end_with_trailers(raw)

    def write(self, events: Iterable[OutgoingEvent], out: list[bytes]) -> None:
        """As `Engine.write`."""
        for event in events:
            if isinstance(event, Data):
                out += self.piece(event.data)
            elif isinstance(event, AnswerHead):
                self._chunked = event.framing is _CHUNKED
                out.append(event.raw)
            elif isinstance(event, EndOfMessage):
                if self._chunked:
                    out.append(_LAST_CHUNK + write_fields(event.trailers))
            else:
                out.append(write_head(event.status, event.reason, event.headers))

    def whole(self, head: AnswerHead, pieces: Sequence[bytes]) -> bytes:
        """As `Engine.whole`."""
        if head.framing is _CHUNKED:
            chunks = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]
            return b"%b%b0\r\n\r\n" % (head.raw, _join(chunks))
        return head.raw + _join(pieces)

    def piece(self, data: bytes) -> Sequence[bytes]:
        """As `Engine.piece`."""
        if not self._chunked:
            return (data,)
        size = len(data)
        if size != self._chunk_size:
            # Mostly all are of one size, and to write that takes longer than all the rest.
            self._chunk_size, self._chunk_line = size, b"%x\r\n" % size
        return self._chunk_line, data, b"\r\n"

    def send_elsewhere(self, count: int) -> None:
        """As `Engine.send_elsewhere`: lengths are counted in `outgoing`."""


def _end_with_trailers(raw: bytes) -> EndOfMessage:
    fields = FIELD_LINES.findall(raw)
    return EndOfMessage(
        trailers=Headers([(name.lower(), value.rstrip(b" \t")) for name, value in fields])
    )
