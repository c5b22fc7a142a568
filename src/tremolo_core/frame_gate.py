"""The gate for frames: sees every byte of the peer first, and passes on only proper frames.

It finds where a frame's header ends, keeps to RFC 6455 5 and to the limit on
messages, on the bytes as they came, and changes none. What a payload says, but
for the code of a Close, is for the engine to find out. `gate` does the same for
HTTP.

Work is linear in the bytes however they were cut: only a header, or a control
frame, is looked at again when it was incomplete.
"""

from typing import NoReturn

from .deflate import longest
from .errors import RemoteProtocolError

__all__ = ("FrameGate", "is_bytes_in_one_frame")

# RFC 6455 5.2. Of a header's first byte:
_FIN = 0x80
_COMPRESSED = 0x40
"""RSV1, as permessage-deflate uses it (RFC 7692 6)."""
_RESERVED = 0x30
_OPCODE = 0x0F

_OPCODES = frozenset((0x0, 0x1, 0x2, 0x8, 0x9, 0xA))
_FIRST_OF_MESSAGE = frozenset((0x1, 0x2))
_CONTROL = 0x8
"""The bit that makes it the opcode of a control frame."""
_CLOSE = 0x8
_TEXT = 0x1
_BINARY = 0x2

# Of its second:
_MASKED = 0x80
_LENGTH = 0x7F

_MOST_IN_CONTROL = 125
_TWO_BYTES = 126
"""The length stands in the two bytes that follow."""
_EIGHT_BYTES = 127

_MASK = 4
"""How long the mask is, the last of a header."""

_SHORT_HEADER = 2 + _MASK
_MESSAGES = (_FIN | _BINARY, _FIN | _TEXT)

_CLOSE_CODES = frozenset((*range(1000, 1004), *range(1007, 1014), *range(3000, 5000)))
"""RFC 6455 7.4, with 1012 and 1013 that were registered later.

Not 1014, which is registered too: it is what a gateway says to a client.
"""

_STEP = 1_024
"""Compressed bytes to pass on at once: what they expand to is 1 MiB at most."""


class FrameGate:
    """Frames of one client, held until what they announce is known to be right.

    After a RemoteProtocolError the gate is not to be asked again.
    """

    __slots__ = (
        "_deflate",
        "_held",
        "_held_size",
        "_in_message",
        "_missing",
        "_size",
        "_step",
        "between",
        "buffer",
        "close_waits",
        "holds_whole",
        "limit",
    )

    def __init__(self, *, limit: int | None, deflate: bool) -> None:
        self.limit = limit
        """The most bytes that a message may have; None is no limit."""
        self.buffer = bytearray()
        """What was taken and not passed on."""
        self.between = True
        """Whether the last byte that was passed on ended a message, or none was."""
        self.holds_whole = False
        """Whether a message of bytes in one frame is to wait here until all of it has come."""
        self._held = False
        """Whether one does."""
        self._held_size = 0
        """Bytes that its frame has."""
        self._deflate = deflate
        """Whether messages may be compressed."""
        self._missing = 0
        """Bytes of the current frame's payload that have not come."""
        self._in_message = False
        """Whether the last data frame was not the last of its message."""
        self._size = 0
        """Bytes of the current message, as far as its frames announced them."""
        self._step: int | None = None
        """The most payload to pass on at once; set for a compressed message."""
        self.close_waits = False
        """Whether the peer's last frame has come, a Close; `pass_close` takes it out."""

    @property
    def buffered(self) -> int:
        """Bytes that wait here, but for those of a message that is held until it is whole.

        Without the fast path these would not wait here, but where parts are put together.
        """
        return 0 if self._held else len(self.buffer)

    @property
    def missing(self) -> int:
        """Bytes that have not come of a message that is held until it is whole."""
        return self._held_size - len(self.buffer) if self._held else 0

    def feed(self, data: bytes | memoryview) -> None:
        """Take bytes from the peer."""
        self._held = False
        self.buffer += data

    def drop(self, size: int) -> None:
        """Drop so many bytes at the front, between messages: one that `fast_frames` has read."""
        del self.buffer[:size]

    def pass_on(self) -> bytes | None:
        """Pass on the next raw bytes: a header with payload, or more of it; None if there are none.

        Control frames pass as a whole. Raises RemoteProtocolError as soon as the
        bytes cannot become a proper frame, or announce a message beyond the
        limit.
        """
        if self._missing:
            return self._payload(0) if self.buffer else None
        buffer = self.buffer
        if self.close_waits or not buffer:
            return None
        whole = self.whole_message(buffer)
        if whole:
            return self._take(whole)
        first = buffer[0]
        self._judge_first(first)
        if len(buffer) < 2:
            return None
        second = buffer[1]
        self._judge_second(first, second)
        header = _header_size(second)
        if len(buffer) < header - _MASK:
            return None
        length = self._judge_length(buffer)
        if first & _CONTROL:
            return self._control_frame(header + length)
        self._judge_message(first, length)
        self._held = self.holds_whole and first == _FIN | _BINARY and len(buffer) < header + length
        if self._held:
            self._held_size = header + length
            return None
        if len(buffer) < header:
            return None
        self._begin_frame(first, length)
        return self._payload(header)

    def whole_message(self, data: bytes | bytearray) -> int:
        """The size of the frame that `data` begins with if it is a message; 0 if in doubt.

        To be asked of what comes next. `pass_on` finds no fault with it then, and
        it leaves everything here as it is.
        """
        size = len(data)
        if self._in_message or size < _SHORT_HEADER or data[0] not in _MESSAGES:
            return 0
        length = data[1] - _MASKED
        header = _SHORT_HEADER
        if length == _TWO_BYTES:
            header += 2
            length = int.from_bytes(data[2:4])
            if length < _TWO_BYTES:
                return 0
        elif not 0 <= length < _TWO_BYTES:
            return 0
        if self.limit is not None and length > self.limit:
            return 0
        return header + length if header + length <= size else 0

    def pass_close(self) -> bytes:
        """Pass on the Close that waits: the last bytes that count (RFC 6455 5.5.1).

        To be called once; what is still buffered then came behind it.
        """
        return self._take(2 + _MASK + (self.buffer[1] & _LENGTH))

    def discard(self) -> None:
        """Drop what waits."""
        self.buffer.clear()
        self._held = False
        self.close_waits = False

    def _judge_first(self, first: int) -> None:
        """What the frame is (RFC 6455 5.2, 5.4, 5.5)."""
        opcode = first & _OPCODE
        if opcode not in _OPCODES:
            _refuse("a frame of an unknown kind")
        starts = opcode in _FIRST_OF_MESSAGE
        if first & _RESERVED or (first & _COMPRESSED and not (self._deflate and starts)):
            _refuse("a reserved bit where nothing was agreed on")
        if opcode & _CONTROL:
            if not first & _FIN:
                _refuse("a control frame in fragments")
        elif starts and self._in_message:
            _refuse("a new message in the middle of another")
        elif not starts and not self._in_message:
            _refuse("a continuation of no message")

    def _judge_second(self, first: int, second: int) -> None:
        """How the frame is masked, and how long a control frame is (RFC 6455 5.1, 5.5)."""
        if not second & _MASKED:
            _refuse("a frame that is not masked")
        if first & _CONTROL:
            length = second & _LENGTH
            if length > _MOST_IN_CONTROL:
                _refuse(f"a control frame of more than {_MOST_IN_CONTROL} bytes")
            if first & _OPCODE == _CLOSE and length == 1:
                _refuse("a Close with half a code")

    def _judge_length(self, buffer: bytearray) -> int:
        """Return the length of the payload, which must be told in the shortest way."""
        length = buffer[1] & _LENGTH
        if length == _TWO_BYTES:
            length = int.from_bytes(buffer[2:4])
            if length < _TWO_BYTES:
                _refuse("a length in more bytes than it needs")
        elif length == _EIGHT_BYTES:
            length = int.from_bytes(buffer[2:10])
            if length <= 0xFFFF:
                _refuse("a length in more bytes than it needs")
            if length >> 63:
                _refuse("a length with its highest bit set")
        return length

    def _judge_message(self, first: int, length: int) -> None:
        """Keep to the limit on messages. What a compressed one comes to, its expansion tells."""
        if self.limit is None:
            return
        starts = first & _OPCODE in _FIRST_OF_MESSAGE
        compressed = bool(first & _COMPRESSED) if starts else self._step is not None
        size = length if starts or compressed else self._size + length
        if size > (longest(self.limit) if compressed else self.limit):
            _refuse(f"a message of more than {self.limit} bytes", 1009)

    def _begin_frame(self, first: int, length: int) -> None:
        if first & _OPCODE in _FIRST_OF_MESSAGE:
            self._size = 0
            self._step = _STEP if first & _COMPRESSED else None
        self._size += length
        self._missing = length
        self._in_message = not first & _FIN

    def _control_frame(self, size: int) -> bytes | None:
        buffer = self.buffer
        if len(buffer) < size:
            return None
        if buffer[0] & _OPCODE != _CLOSE:
            return self._take(size)
        if size > 2 + _MASK and _close_code(buffer) not in _CLOSE_CODES:
            _refuse("a Close with a code that may not be sent")
        self.close_waits = True
        return None

    def _payload(self, header: int) -> bytes:
        """Take a header of so many bytes, and as much payload as there is and may pass at once."""
        size = min(self._missing, len(self.buffer) - header)
        if self._step is not None:
            size = min(size, self._step)
        self._missing -= size
        self.between = not (self._missing or self._in_message)
        return self._take(header + size)

    def _take(self, size: int) -> bytes:
        buffer = self.buffer
        if size == len(buffer):
            data = bytes(buffer)
            buffer.clear()
        else:
            data = bytes(buffer[:size])
            del buffer[:size]
        return data


def is_bytes_in_one_frame(data: bytes, limit: int | None) -> bool:
    """Whether `data` is a message of bytes of `limit` at most, in one frame, and nothing more.

    Where a message may begin, `FrameGate.pass_on` would pass on all of it then.
    False if in doubt.
    """
    size = len(data) - _SHORT_HEADER
    if size < _TWO_BYTES:
        if size < 0 or data[1] != _MASKED + size:
            return False
    else:
        size -= 2
        if data[1] != _MASKED + _TWO_BYTES or data[2] << 8 | data[3] != size or size < _TWO_BYTES:
            return False
    return data[0] == _FIN | _BINARY and (limit is None or size <= limit)


def _header_size(second: int) -> int:
    """How long a header is, by its second byte, with the mask."""
    length = second & _LENGTH
    if length < _TWO_BYTES:
        return 2 + _MASK
    return (4 if length == _TWO_BYTES else 10) + _MASK


def _close_code(frame: bytearray) -> int:
    return (frame[6] ^ frame[2]) << 8 | frame[7] ^ frame[3]


def _refuse(what: str, close_code: int = 1002) -> NoReturn:
    raise RemoteProtocolError(what, status=None, close_code=close_code)
