"""One frame of a WebSocket as bytes, for those who write frames themselves (RFC 6455 5.2).

Pure, and used by nothing here: what a `WebSocket` sends is written in the core.
"""

import enum
import os

__all__ = ("Opcode", "create_frame")


class Opcode(enum.IntEnum):
    """What a frame holds."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


def create_frame(
    payload: str | bytes | bytearray,
    fin: int | bool = 1,
    opcode: int | None = None,
    mask: bool = False,
) -> bytes:
    """Return a frame; by default of text for str, and else of bytes. Clients mask theirs.

    Raises ValueError for an opcode that there is not.
    """
    kind = Opcode(_natural(payload) if opcode is None else opcode)
    data = payload.encode() if isinstance(payload, str) else bytes(payload)
    first = bytes([(0x80 if fin else 0) | kind])
    masked = 0x80 if mask else 0
    size = len(data)
    if size < 126:
        head = first + bytes([masked | size])
    elif size < 65_536:
        head = first + bytes([masked | 126]) + size.to_bytes(2)
    else:
        head = first + bytes([masked | 127]) + size.to_bytes(8)
    if not mask:
        return head + data
    key = os.urandom(4)
    # One operation on large numbers, which Python has no other way to do fast.
    stream = key * (size // 4) + key[: size % 4]
    whole = int.from_bytes(data) ^ int.from_bytes(stream)
    return head + key + whole.to_bytes(size)


def _natural(payload: str | bytes | bytearray) -> Opcode:
    return Opcode.TEXT if isinstance(payload, str) else Opcode.BINARY
