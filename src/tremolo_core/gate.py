"""The gate: sees every byte of the peer first, and passes on only what is well-formed.

It finds where a head, a chunk line and a trailer section end, and keeps to the
limits, on the bytes as they came: it changes none, but drops one empty line
before a request (RFC 9112 2.2). What a complete head may say is judged in
`head`; the events are made of the passed bytes by an engine.

Work is linear in the bytes however they were cut: what was searched once is
not searched again.
"""

import enum
from typing import Final, NoReturn

from .errors import RemoteProtocolError
from .grammar import CHUNK_LINE
from .head import (
    Head,
    judge_request_line,
    parse_head,
    parse_trailers,
    refuse_block,
    request_line_limit,
)
from .limits import Limits

__all__ = ("Gate", "Passed")

_CR = 0x0D

_LARGE = 4_096
"""Bytes that take longer to copy than a view of them to make."""


class _Stage(enum.Enum):
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


class Passed(enum.Enum):
    """What the bytes of a body are that have passed."""

    CONTENT = enum.auto()
    """All of them are content."""
    FRAMING = enum.auto()
    """A chunk's line, or its end."""
    END = enum.auto()
    """What ends the message: the trailer section if it is chunked, else no bytes."""


# Until Python 3.12 it takes 0.1 µs to look a member up in its enum.
_HEAD: Final = _Stage.HEAD
_HEAD_ALONE: Final = _Stage.HEAD_ALONE
_BODY: Final = _Stage.BODY
_BODY_END: Final = _Stage.BODY_END
_CHUNK_LINE: Final = _Stage.CHUNK_LINE
_CHUNK_DATA: Final = _Stage.CHUNK_DATA
_CHUNK_END: Final = _Stage.CHUNK_END
_TRAILERS: Final = _Stage.TRAILERS
_DONE: Final = _Stage.DONE
_CONTENT: Final = Passed.CONTENT
_FRAMING: Final = Passed.FRAMING
_END: Final = Passed.END


class Gate:
    """Bytes of one peer, held until they are known to be well-formed.

    After a RemoteProtocolError the gate is not to be asked again.
    """

    __slots__ = (
        "_buffer",
        "_counted",
        "_last",
        "_limits",
        "_line",
        "_missing",
        "_piece",
        "_searched",
        "_stage",
        "body_limit",
        "passed",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
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
        self.passed = _END
        """What the bytes are that `body` returned last."""
        self._last: Head | None = None
        """The head before, if it may be kept: often the next one has the same fields."""
        self.body_limit = limits.body
        """The most bytes that this request's body may have; None is no limit.

        Every head that announces one sets it back."""

    @property
    def buffered(self) -> int:
        """Bytes that wait here."""
        return len(self._buffer) + len(self._piece)

    @property
    def unread(self) -> int | None:
        """Bytes of the body that have not come out of here; None if that is not known."""
        if self._stage is _BODY:
            return self._missing
        return 0 if self._stage in (_BODY_END, _DONE) else None

    def skip_to_next(self) -> bool | None:
        """Turn to the next message, if all but its end has come out of here of this one.

        Return whether bytes of it have come; None if this one goes on.
        """
        if self._stage is not _BODY_END:
            return None
        self._stage = _HEAD
        return bool(self._buffer)

    def skip_end(self) -> bool:
        """Pass on the end of a body of declared length, if all of that has come out of here."""
        if self._stage is not _BODY_END:
            return False
        self._stage = _DONE
        return True

    def forget(self) -> None:
        """Let go of the last head, which may be the largest thing that an idle peer has here."""
        self._last = None

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

    def next_message(self) -> bool:
        """Turn to the message behind the one that is complete; whether bytes of it have come."""
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

    def feed_head(self, data: bytes) -> Head | None:
        """As `feed` and `head`, with less ado where nothing waits before `data`, as mostly."""
        if self._piece:
            self.feed(data)
            return self.head()
        return self._begin(data)

    def _begin(self, data: bytes) -> Head | None:
        """As `head`, where `data` are all there is, or all that is not in the buffer."""
        end = data.find(b"\r\n\r\n") + 4
        if end < 4 or self._buffer or end > self._limits.head or data[0] == _CR:
            self._buffer += data
            return self.head()
        if end == len(data):
            return self._pass_head(data)
        head = self._pass_head(data[:end])
        if self._stage is _BODY:
            self._piece = data[end:]
        else:
            self._buffer += data[end:]
        return head

    def _pass_head(self, raw: bytes) -> Head:
        head = parse_head(raw, self._limits, self._last)
        meaning = head.meaning
        self._last = head if meaning.may_be_kept else None
        length = meaning.content_length
        if length == 0:
            self._stage = _BODY_END
            return head
        self.body_limit = self._limits.body
        if length is None:
            self._counted = 0
            self._stage = _CHUNK_LINE
        else:
            self._missing = self._counted = length
            self._stage = _BODY
        return head

    def body(self) -> bytes | None:
        """Pass on the next raw bytes of the body, or return None as long as there are none.

        What they are is in `passed`; those that end the message may be none.

        Raises RemoteProtocolError for a bad one, and as soon as a body is
        announced that is beyond the limit (413).
        """
        stage = self._stage
        if stage is _BODY_END:
            self.passed = _END
            self._stage = _DONE
            return b""
        if stage is _BODY:
            if self.body_limit is not None:
                self._keep_to_body_limit()
            return self._pass_piece() if self._piece else self._content(_BODY_END)
        if stage is _CHUNK_DATA:
            if self.body_limit is not None:
                self._keep_to_body_limit()
            return self._content(_CHUNK_END)
        if stage is _CHUNK_LINE:
            return self._chunk_line()
        if stage is _CHUNK_END:
            return self._chunk_end()
        if stage is _TRAILERS:
            return self._trailers()
        return None

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

    def _keep_to_body_limit(self) -> None:
        if self.body_limit is not None and self._counted > self.body_limit:
            raise RemoteProtocolError(f"a body of more than {self.body_limit} bytes", status=413)

    def _pass_piece(self) -> bytes:
        piece = self._piece
        self._piece = b""
        self.passed = _CONTENT
        self._missing = missing = self._missing - len(piece)
        if missing > 0:
            return piece
        self._stage = _BODY_END
        if missing:
            self._missing = 0
            self._buffer += piece[missing:]
            piece = piece[:missing]
        return piece

    def _content(self, behind: _Stage) -> bytes | None:
        buffer = self._buffer
        size = len(buffer)
        if not size:
            return None
        self.passed = _CONTENT
        if size > self._missing:
            size = self._missing
            data = self._take(size)
        else:
            # All there is, as mostly.
            data = bytes(buffer)
            buffer.clear()
        self._missing -= size
        if not self._missing:
            self._stage = behind
        return data

    def _chunk_line(self) -> bytes | None:
        limit = self._limits.chunk_line
        newline = self._buffer.find(b"\n", self._searched, limit)
        if newline < 0:
            self._searched = len(self._buffer)
            if self._searched >= limit:
                raise RemoteProtocolError(f"a chunk line of more than {limit} bytes")
            return None
        line = self._take(newline + 1)
        chunk = CHUNK_LINE.fullmatch(line)
        if chunk is None:
            raise RemoteProtocolError("a malformed chunk line")
        self._missing = int(chunk[1], 16)
        self._counted += self._missing
        self._keep_to_body_limit()
        self.passed = _FRAMING
        self._stage = _CHUNK_DATA if self._missing else _TRAILERS
        return line

    def _chunk_end(self) -> bytes | None:
        if not b"\r\n".startswith(self._buffer[:2]):
            raise RemoteProtocolError("a chunk that is longer than its announced size")
        if len(self._buffer) < 2:
            return None
        self.passed = _FRAMING
        self._stage = _CHUNK_LINE
        return self._take(2)

    def _trailers(self) -> bytes | None:
        end = self._block_end(self._limits.trailers, request_line=False)
        if end is None:
            return None
        raw = self._take(end)
        parse_trailers(raw, self._limits)
        self.passed = _END
        self._stage = _DONE
        return raw

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
