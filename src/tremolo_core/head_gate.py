"""The first half of the gate: what waits there, and the heads of requests in it.

It finds where a head ends, and keeps to the limits on the bytes as they came: it
changes none, but drops one empty line before a request (RFC 9112 2.2). What a complete
head may say is judged in `head`. The bodies behind it are the business of `gate`.

Work is linear in the bytes however they were cut: what was searched once is
not searched again.
"""

import enum
from typing import Final, NoReturn

from ._values import maker
from .events import Request
from .grammar import PLAIN_REQUEST_LINE
from .head import Head, judge_request_line, parse_head, refuse_block, request_line_limit
from .head_fields import NOTHING_SAID
from .limits import Limits
from .plain_fields import MOST_FIELDS, Fields, Names, read_plainly

__all__ = ("HeadGate", "Stage")

_request = maker(Request)

_CR = 0x0D

_LARGE = 4_096
"""Bytes that take longer to copy than a view of them to make."""


class Stage(enum.Enum):
    """What the first byte of the buffer belongs to."""

    HEAD = enum.auto()
    """Before it one empty line may stand."""
    HEAD_ALONE = enum.auto()
    """Before it none may stand any more."""
    BODY = enum.auto()
    BODY_END = enum.auto()
    CHUNK_LINE = enum.auto()
    CHUNK_DATA = enum.auto()
    CHUNK_END = enum.auto()
    TRAILERS = enum.auto()
    DONE = enum.auto()


# Until Python 3.12 it takes 0.1 µs to look a member up in its enum.
_HEAD: Final = Stage.HEAD
_HEAD_ALONE: Final = Stage.HEAD_ALONE
_BODY: Final = Stage.BODY
_BODY_END: Final = Stage.BODY_END
_CHUNK_LINE: Final = Stage.CHUNK_LINE
_DONE: Final = Stage.DONE


class HeadGate:
    """Bytes of one peer, held until they are known to be well-formed, as far as heads are."""

    __slots__ = (
        "_buffer",
        "_counted",
        "_last",
        "_limits",
        "_line",
        "_longest_plain",
        "_missing",
        "_names",
        "_piece",
        "_searched",
        "_stage",
        "body_limit",
        "meaning",
    )

    def __init__(self, limits: Limits, *, fast_path: bool) -> None:
        self._limits = limits
        self._longest_plain = 0
        """Bytes of a head that may pass by `read_plainly`, which does not count its fields."""
        if fast_path and limits.fields >= MOST_FIELDS:
            self._longest_plain = min(limits.head, limits.request_line)
        self._buffer = bytearray()
        self._piece = b""
        """What came last, as it came, of a head or of a body of declared length; the buffer is
        empty then."""
        self._stage = _HEAD
        self._line = 0
        """Where in the buffer the first unfinished line begins."""
        self._searched = 0
        """How many bytes of the buffer are known to hold no further line end."""
        self._missing = 0
        """Bytes that the body, or the chunk, still lacks."""
        self._counted = 0
        """Bytes of the body so far, as far as they are announced."""
        self.meaning = NOTHING_SAID
        """What the fields of the last head mean."""
        self._last: Fields | None = None
        """Those fields, if they may be kept: often the next head has the same."""
        self._names: Names | None = None
        """Their names: those of the next head are most often the same."""
        self.body_limit = limits.body
        """The most bytes that this request's body may have; None is no limit.

        Every head that announces one sets it back."""

    @property
    def buffered(self) -> int:
        """Bytes that wait here."""
        return len(self._buffer) + len(self._piece)

    def feed(self, data: bytes | memoryview) -> None:
        """Take bytes from the peer."""
        stage = self._stage
        if (stage is _HEAD or stage is _BODY) and not self._buffer:
            if not self._piece and type(data) is bytes:
                # Mostly a whole head, or of a body, in which nothing is to be found: both can
                # pass as they are.
                self._piece = data
                return
            self._buffer += self._piece
            self._piece = b""
        self._buffer += data

    def discard(self) -> None:
        """Drop what waits: nothing behind the last message counts."""
        self._buffer.clear()
        self._piece = b""

    def take_rest(self) -> bytes:
        """Hand over what waits behind the last message: it is none of HTTP's."""
        return self._take(len(self._buffer))

    def forget(self) -> None:
        """Let go of the last fields, which may be the largest thing that an idle peer has here."""
        self._last = self._names = None
        self.meaning = NOTHING_SAID

    def next_message(self) -> bool | None:
        """Turn to the next message, if all but its end has come out of here of this one.

        Return whether bytes of it have come; None if this one goes on.
        """
        stage = self._stage
        if stage is not _BODY_END and stage is not _DONE:
            return None
        self._stage = _HEAD
        return bool(self._buffer)

    def head(self) -> Head | None:
        """Pass on the next request's head, or return None as long as it is incomplete.

        Raises RemoteProtocolError for a bad one: as soon as its size, its request
        line or the end of a line is known to be wrong, else when it is complete.
        """
        if self._piece:
            data, self._piece = self._piece, b""
            return self._begin(data)
        limits, buffer = self._limits, self._buffer
        # Where it has not come by itself, it may still have come in one piece.
        end = 0 if self._searched else buffer.find(b"\r\n\r\n") + 4
        if not 4 <= end <= limits.head or buffer[0] == _CR:
            if self._stage is _HEAD and not self._skip_empty_line():
                return None
            found = self._block_end(limits.head, request_line=True)
            if found is None:
                return None
            end = found
        if end == len(buffer):
            raw = bytes(buffer)
            buffer.clear()
            self._line = self._searched = 0
        else:
            raw = self._take(end)
        return self._pass_head(raw)

    def read_plainly(self, data: bytes) -> Request | None:
        """Take bytes with which an ordinary head comes by itself and as a whole; pass on its event.

        As `feed`, `head`, and the engine for ordinary messages. None, and nothing is
        done, where that is not so simple, or anything is wrong.
        """
        end = data.find(b"\r\n\r\n") + 4
        line = PLAIN_REQUEST_LINE.match(data)
        if line is None or end > self._longest_plain or self._buffer or self._piece:
            return None
        # To the byte those of the last mean the same. There are none if the end has not come.
        block = data[line.end() : end]
        fields = self._last
        if fields is None or fields[0] != block:
            fields = read_plainly(block, self._names)
            if fields is None:
                return None
            self._names = fields[3]
            self._last = fields if fields[2].may_be_kept else None
        _, headers, meaning, _ = fields
        self.meaning = meaning
        if meaning.content_length == 0:
            self._stage = _BODY_END
        else:
            self._await_body(meaning.content_length)
        if end != len(data):
            if self._stage is _BODY:
                self._piece = data[end:]
            else:
                self._buffer += data[end:]
        method, target = line.groups()
        return _request(method, target, headers)

    def _begin(self, data: bytes) -> Head | None:
        """As `head`, where `data` are all there is, or all that is not in the buffer."""
        end = data.find(b"\r\n\r\n") + 4
        if end < 4 or self._buffer or end > self._limits.head or data[0] == _CR:
            self._buffer += data
            return self.head()
        if end == len(data):
            return self._pass_head(data)
        head = self._pass_head(data[:end])
        self.feed(data[end:])
        return head

    def _pass_head(self, raw: bytes) -> Head:
        head = parse_head(raw, self._limits, self._last)
        self.meaning = meaning = head.meaning
        self._last = None
        if meaning.may_be_kept:
            self._last = (head.block, head.headers, meaning, head.names)
        if meaning.content_length == 0:
            self._stage = _BODY_END
        else:
            self._await_body(meaning.content_length)
        return head

    def _await_body(self, length: int | None) -> None:
        """Turn to a body of this declared length, None if it is chunked."""
        self.body_limit = self._limits.body
        if length is None:
            self._counted = 0
            self._stage = _CHUNK_LINE
        else:
            self._missing = self._counted = length
            self._stage = _BODY

    def _skip_empty_line(self) -> bool:
        """Drop an empty line before the request; False while one byte more must tell."""
        if self._buffer.startswith(b"\r\n"):
            del self._buffer[:2]
        elif b"\r\n".startswith(self._buffer):
            return False
        self._stage = _HEAD_ALONE
        return True

    def _block_end(self, most: int, *, request_line: bool) -> int | None:
        """Where the lines at the buffer's start end with an empty one; None if not yet."""
        buffer = self._buffer
        while (newline := buffer.find(b"\n", self._searched)) >= 0:
            if newline == 0 or buffer[newline - 1] != _CR or newline >= most:
                self._refuse_block(request_line=request_line)
            self._searched = newline + 1
            if newline - 1 == self._line:
                return newline + 1
            if request_line and self._line == 0:
                judge_request_line(bytes(buffer[: newline + 1]), self._limits)
            self._line = newline + 1
        self._searched = size = len(buffer)
        if request_line and self._line == 0 and size:
            # The last byte may be the first of the line's end.
            most = min(most, request_line_limit(self._limits) + 1 + (buffer[-1] == _CR))
        if size >= most:
            self._refuse_block(request_line=request_line)
        return None

    def _refuse_block(self, *, request_line: bool) -> NoReturn:
        refuse_block(bytes(self._buffer), self._limits, request_line=request_line)

    def _take(self, size: int) -> bytes:
        """Remove the first `size` bytes, and begin a new search behind them."""
        buffer = self._buffer
        self._line = self._searched = 0
        if size == len(buffer):
            data = bytes(buffer)
            buffer.clear()
            return data
        # A slice would be a copy, too; of a few bytes it is the quicker way.
        data = bytes(buffer[:size] if size < _LARGE else memoryview(buffer)[:size])
        del buffer[:size]
        return data
