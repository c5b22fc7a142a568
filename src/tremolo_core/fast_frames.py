"""The fast way for whole messages: one frame of a WebSocket, from its bytes to its event and back.

Whatever is not a message in a single frame, complete and as plain as can be, is
left to the engine that reads and writes all of them, and so is every complaint:
what is read here, `frame_gate` would pass, and wsproto would read the same.
"""

from struct import Struct

from ._values import maker
from .events import BytesMessage, Event, TextMessage
from .masking import Masked, Unmask

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

_MIDDLE_HEADER = 8
"""How long the header of a longer one is, up to 64 KiB, with the mask."""

_LARGE = 4_096

_MOST_IN_ONE = 0xFFFF
"""The longest message, in bytes or characters, that is copied to go with its header."""

_TEXT_HEADS = tuple(bytes((_TEXT, size)) for size in range(_MOST_IN_SHORT + 1))
_middle_head = Struct(">BBH").pack
"""The header with the length in two bytes."""

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
    size = len(data) - _MIDDLE_HEADER
    masked: Masked
    if size > _MOST_IN_SHORT:
        if data[1] != _TWO_BYTES or data[2] << 8 | data[3] != size:
            found = read_message(data, limit=limit, unmask=unmask)
            return found[0] if found is not None and found[1] == len(data) else None
        mask = data[4:8]
        masked = data[8:] if size < _LARGE else memoryview(data)[8:]
    else:
        size += 2
        # Of no frame that is cut, or has another behind it, is this true.
        if size < 0 or data[1] != _MASKED + size or size > _MOST_IN_SHORT:
            return None
        mask, masked = data[2:6], data[6:]
    if limit is not None and size > limit:
        return None
    first = data[0]
    if first == _BYTES:
        return _bytes_message(unmask(masked, mask))
    return _message(first, unmask(masked, mask)) if first == _TEXT else None


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
        payload = event.data
        size = len(payload)
        if not event.final or (below is not None and size >= below):
            return None
        if size <= _MOST_IN_SHORT:
            return _BYTES_HEADS[size] + payload
        return None if size > _MOST_IN_ONE else _middle_head(_BYTES, 126, size) + payload
    if type(event) is not TextMessage or len(event.text) > _MOST_IN_ONE:
        return None
    try:
        payload = event.text.encode()
    except UnicodeEncodeError:
        return None
    size = len(payload)
    if not event.final or (below is not None and size >= below):
        return None
    if size <= _MOST_IN_SHORT:
        return _TEXT_HEADS[size] + payload
    # More bytes than characters.
    return (_middle_head(_TEXT, 126, size) if size <= 0xFFFF else _long_head(_TEXT, size)) + payload


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
