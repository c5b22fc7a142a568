"""The fast way for whole messages: one frame of a WebSocket, from its bytes to its event and back.

Whatever is not a message in a single frame, complete and as plain as can be, is
left to the engine that reads and writes all of them, and so is every complaint:
what is read here, `frame_gate` would pass, and wsproto would read the same.
"""

from .events import BytesMessage, TextMessage
from .masking import Unmask

__all__ = ("read_message", "write_message")

_TEXT = 0x81
_BYTES = 0x82
"""The first byte of a message's only frame: FIN and the opcode (RFC 6455 5.2)."""

_MASKED = 0x80
_TWO_BYTES = 0x80 | 126
_EIGHT_BYTES = 0x80 | 127
"""The second byte of a masked frame whose length stands in the two, or eight, that follow."""

_LARGE = 4_096

_TEXT_HEADS = tuple(bytes((_TEXT, size)) for size in range(126))
_BYTES_HEADS = tuple(bytes((_BYTES, size)) for size in range(126))


def read_message(
    data: bytes | bytearray, *, limit: int | None, unmask: Unmask
) -> tuple[TextMessage | BytesMessage, int] | None:
    """Return the message that `data` begins with, and how long its frame is; None if in doubt.

    To be asked where a message may begin. `limit` is the most bytes that it may have.
    """
    if len(data) < 6:
        return None
    first, second = data[0], data[1]
    if (first != _BYTES and first != _TEXT) or second < _MASKED:
        return None
    if second < _TWO_BYTES:
        start, size = 6, second - _MASKED
    elif second == _TWO_BYTES:
        start, size = 8, data[2] << 8 | data[3]
        if size < 126:
            return None
    else:
        start, size = 14, int.from_bytes(data[2:10])
        if size <= 0xFFFF:
            return None
    end = start + size
    if len(data) < end or (limit is not None and size > limit):
        return None
    # A view costs as much as copying some kilobytes.
    masked = data[start:end] if size < _LARGE else memoryview(data)[start:end]
    payload = unmask(masked, data[start - 4 : start])
    if first == _BYTES:
        return BytesMessage(data=payload), end
    try:
        return TextMessage(text=payload.decode()), end
    except UnicodeDecodeError:
        return None


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
