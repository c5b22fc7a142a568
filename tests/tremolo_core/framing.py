"""Frames as a client writes them, good and bad, put together by hand (RFC 6455 5.2)."""

__all__ = (
    "BINARY",
    "CLOSE",
    "CONTINUATION",
    "MASK",
    "PING",
    "PONG",
    "TEXT",
    "close_frame",
    "frame",
    "handshake",
    "masked",
)

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

MASK = b"\x12\x9a\x00\xff"


def masked(payload: bytes, mask: bytes = MASK) -> bytes:
    return bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    reserved: int = 0,
    mask: bytes | None = MASK,
    length_of_length: int | None = None,
) -> bytes:
    """A frame with all of its payload; the length in the shortest way unless told otherwise."""
    size = len(payload)
    if length_of_length is None:
        length_of_length = 0 if size < 126 else 2 if size < 1 << 16 else 8
    short = {0: size, 2: 126, 8: 127}[length_of_length]
    return b"".join(
        (
            bytes([fin << 7 | reserved << 4 | opcode, (mask is not None) << 7 | short]),
            size.to_bytes(length_of_length) if length_of_length else b"",
            mask or b"",
            payload if mask is None else masked(payload, mask),
        )
    )


def close_frame(code: int | None = None, reason: bytes = b"") -> bytes:
    return frame(CLOSE, b"" if code is None else code.to_bytes(2) + reason)


def handshake(*fields: bytes) -> bytes:
    """A request for a WebSocket, with the example key of RFC 6455 1.3."""
    lines = (
        b"GET /chat HTTP/1.1",
        b"Host: a",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        b"Sec-WebSocket-Version: 13",
        *fields,
    )
    return b"\r\n".join((*lines, b"", b""))
