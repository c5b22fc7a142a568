"""The fast way for whole messages: one frame of a WebSocket, from its bytes to its event and back.

Whatever is not a message in a single frame, complete and as plain as can be, is
left to the engine that reads and writes all of them, and so is every complaint:
what is read here, `frame_gate` would pass and wsproto would read the same.
"""

from .events import BytesMessage, TextMessage
from .frame_gate import FrameGate
from .masking import Unmask

__all__ = ("read_message", "write_message")

_TEXT = 0x81
_BYTES = 0x82
"""The first byte of a message's only frame: FIN and the opcode (RFC 6455 5.2)."""

_MASKED = 0x80
_TWO_BYTES = 0x80 | 126
_EIGHT_BYTES = 0x80 | 127
"""The second byte of a masked frame whose length stands in the two, or eight, that follow."""

_TEXT_HEADS = tuple(bytes((_TEXT, size)) for size in range(126))
_BYTES_HEADS = tuple(bytes((_BYTES, size)) for size in range(126))


def read_message(gate: FrameGate, unmask: Unmask) -> TextMessage | BytesMessage | None:
    """Take the message out of the gate that comes next; None, and nothing is taken, if in doubt."""
    buffer = gate.buffer
    if len(buffer) < 6 or not gate.between:
        return None
    first, second = buffer[0], buffer[1]
    if (first != _BYTES and first != _TEXT) or second < _MASKED:
        return None
    if second < _TWO_BYTES:
        start, size = 6, second - _MASKED
    elif second == _TWO_BYTES:
        start, size = 8, buffer[2] << 8 | buffer[3]
        if size < 126:
            return None
    else:
        start, size = 14, int.from_bytes(buffer[2:10])
        if size <= 0xFFFF:
            return None
    end = start + size
    if len(buffer) < end or (gate.limit is not None and size > gate.limit):
        return None
    payload = unmask(buffer[start:end], buffer[start - 4 : start])
    message: TextMessage | BytesMessage
    if first == _BYTES:
        message = BytesMessage(data=payload)
    else:
        try:
            message = TextMessage(text=payload.decode())
        except UnicodeDecodeError:
            return None
    del buffer[:end]
    return message


def write_message(event: TextMessage | BytesMessage, *, below: int | None) -> bytes | None:
    """The only frame of a whole message; None if its payload has so many bytes, or more."""
    if type(event) is BytesMessage:
        first, heads, payload = _BYTES, _BYTES_HEADS, event.data
    else:
        assert isinstance(event, TextMessage)
        first, heads, payload = _TEXT, _TEXT_HEADS, event.text.encode()
    size = len(payload)
    if below is not None and size >= below:
        return None
    if size < 126:
        return heads[size] + payload
    if size <= 0xFFFF:
        return bytes((first, 126, size >> 8, size & 0xFF)) + payload
    return bytes((first, 127)) + size.to_bytes(8) + payload
