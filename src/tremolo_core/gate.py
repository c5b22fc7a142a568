"""The gate: sees every byte of the peer first, and passes on only what is well-formed.

Heads are the business of its first half, `head_gate`. Here it finds where a chunk line
and a trailer section end, and keeps to the limits on the bytes as they came: it changes
none. The events are made of the passed bytes by an engine, but for a request that the
engine for ordinary messages would take as it stands (`HeadGate.read_plainly`).
"""

import enum
from typing import Final

from .errors import RemoteProtocolError
from .grammar import CHUNK_LINE
from .head import parse_trailers
from .head_gate import HeadGate, Stage
from .limits import Limits

__all__ = ("Gate", "Passed")


class Passed(enum.Enum):
    """What the bytes of a body are that have passed."""

    CONTENT = enum.auto()
    """All of them are content."""
    FRAMING = enum.auto()
    """A chunk's line, or its end."""
    END = enum.auto()
    """What ends the message: the trailer section if it is chunked, else no bytes."""


# Until Python 3.12 it takes 0.1 µs to look a member up in its enum.
_BODY: Final = Stage.BODY
_BODY_END: Final = Stage.BODY_END
_CHUNK_LINE: Final = Stage.CHUNK_LINE
_CHUNK_DATA: Final = Stage.CHUNK_DATA
_CHUNK_END: Final = Stage.CHUNK_END
_TRAILERS: Final = Stage.TRAILERS
_DONE: Final = Stage.DONE
_CONTENT: Final = Passed.CONTENT
_FRAMING: Final = Passed.FRAMING
_END: Final = Passed.END


class Gate(HeadGate):
    """Bytes of one peer, held until they are known to be well-formed.

    After a RemoteProtocolError the gate is not to be asked again.
    """

    __slots__ = ("passed",)

    def __init__(self, limits: Limits, *, fast_path: bool) -> None:
        super().__init__(limits, fast_path=fast_path)
        self.passed = _END
        """What the bytes are that `body` returned last."""

    @property
    def unread(self) -> int | None:
        """Bytes of the body that have not come out of here; None if that is not known."""
        if self._stage is _BODY:
            return self._missing
        return 0 if self._stage in (_BODY_END, _DONE) else None

    def skip_end(self) -> bool:
        """Pass on the end of a body of declared length, if all of that has come out of here."""
        if self._stage is not _BODY_END:
            return False
        self._stage = _DONE
        return True

    def piece(self) -> bytes | None:
        """Pass on what came last, as far as it is content of a body of declared length.

        As `body`, for which all else is left, also what is beyond the limit.
        """
        piece, limit = self._piece, self.body_limit
        if not piece or self._stage is not _BODY or (limit is not None and self._counted > limit):
            return None
        self._piece = b""
        self._missing = missing = self._missing - len(piece)
        if missing > 0:
            return piece
        self._stage = _BODY_END
        if missing:
            self._missing = 0
            self._buffer += piece[missing:]
            piece = piece[:missing]
        return piece

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
            if (piece := self.piece()) is not None:
                self.passed = _CONTENT
                return piece
            return self._content(_BODY_END)
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

    def _keep_to_body_limit(self) -> None:
        if self.body_limit is not None and self._counted > self.body_limit:
            raise RemoteProtocolError(f"a body of more than {self.body_limit} bytes", status=413)

    def _content(self, behind: Stage) -> bytes | None:
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
