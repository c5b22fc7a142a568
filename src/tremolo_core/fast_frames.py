"""The fast way for whole messages: one frame of a WebSocket, from its bytes to its event and back.

Whatever is not a message in a single frame, complete and as plain as can be, is
left to the engine that reads and writes all of them, and so is every complaint:
what is read here, `frame_gate` would pass, and wsproto would read the same.
"""

from ._values import maker
from .events import BytesMessage, Event, TextMessage
from .masking import Unmask

__all__ = ("read_message", "read_only_message", "write_in_two", "write_message")

_bytes_message = maker(BytesMessage)
_text_message = maker(TextMessage)

_TEXT = 0x81
_BYTES = 0x82
"""The first byte of a message's only frame: FIN and the opcode (RFC 6455 5.2)."""

_MASKED = 0x80
_TWO_BYTES = 0x80 | 126
_EIGHT_BYTES = 0x80 | 127
"""The second byte of a masked frame whose length stands in the two, or eight, that follow."""

_MOST_IN_SHORT = 125
"""The longest payload whose length stands in the second byte itself."""

_SHORT_HEADER = 6
"""How long its header is, with the mask."""

_LARGE = 4_096

_MOST_IN_ONE = 0xFFFF
"""The longest message, in bytes or characters, that is copied to go with its header."""

_TEXT_HEADS = tuple(bytes((_TEXT, size)) for size in range(_MOST_IN_SHORT + 1))
_BYTES_HEADS = tuple(bytes((_BYTES, size)) for size in range(_MOST_IN_SHORT + 1))


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
    message = _message(first, unmask(masked, data[start - 4 : start]))
    return None if message is None else (message, end)


def read_only_message(
    data: bytes, limit: int | None, unmask: Unmask
) -> TextMessage | BytesMessage | None:
    """Return the message whose only frame is all of `data`; None if in doubt.

    As `read_message`, with which it agrees.
    """
    size, start = len(data) - _SHORT_HEADER, _SHORT_HEADER
    if size <= _MOST_IN_SHORT:
        # Of no frame that is cut, or has another behind it, is this true.
        if size < 0 or data[1] != _MASKED + size:
            return None
    else:
        size, start = size - 2, start + 2
        if data[1] != _TWO_BYTES or data[2] << 8 | data[3] != size or size <= _MOST_IN_SHORT:
            found = read_message(data, limit=limit, unmask=unmask)
            return found[0] if found is not None and found[1] == len(data) else None
    first = data[0]
    if (first != _BYTES and first != _TEXT) or (limit is not None and size > limit):
        return None
    masked = data[start:] if size < _LARGE else memoryview(data)[start:]
    payload = unmask(masked, data[start - 4 : start])
    return _bytes_message(payload) if first == _BYTES else _message(first, payload)


def _message(first: int, payload: bytes) -> TextMessage | BytesMessage | None:
    if first == _BYTES:
        return _bytes_message(payload)
    try:
        return _text_message(payload.decode())
    except UnicodeDecodeError:
        return None


def write_message(event: Event, below: int | None) -> bytes | None:
    """The only frame of a whole message; None if it is none, or has no UTF-8.

    Also if its payload has as many bytes as `below`, or more; or is so long that
    `write_in_two` is for it.
    """
    if type(event) is BytesMessage:
        first, heads, payload = _BYTES, _BYTES_HEADS, event.data
        if len(payload) > _MOST_IN_ONE:
            return None
    elif type(event) is TextMessage:
        first, heads = _TEXT, _TEXT_HEADS
        if len(event.text) > _MOST_IN_ONE:
            return None
        try:
            payload = event.text.encode()
        except UnicodeEncodeError:
            return None
    else:
        return None
    size = len(payload)
    if not event.final or (below is not None and size >= below):
        return None
    if size <= _MOST_IN_SHORT:
        return heads[size] + payload
    if size <= 0xFFFF:
        return bytes((first, 126, size >> 8, size & 0xFF)) + payload
    return _long_head(first, size) + payload


def write_in_two(event: Event, below: int | None) -> tuple[bytes, bytes] | None:
    """As `write_message`, for a long message: its header and its payload, so that none is copied.

    None for any other.
    """
    if type(event) is BytesMessage and len(event.data) > _MOST_IN_ONE:
        first, payload = _BYTES, event.data
    elif type(event) is TextMessage and len(event.text) > _MOST_IN_ONE:
        try:
            first, payload = _TEXT, event.text.encode()
        except UnicodeEncodeError:
            return None
    else:
        return None
    size = len(payload)
    if not event.final or (below is not None and size >= below):
        return None
    return _long_head(first, size), payload


def _long_head(first: int, size: int) -> bytes:
    return bytes((first, 127)) + size.to_bytes(8)
