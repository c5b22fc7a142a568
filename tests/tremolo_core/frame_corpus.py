"""Frames good and bad, each with a name for what is to be seen in it (RFC 6455 5).

Who adds a rule to the frame gate adds frames here: the tests play each one
whole, cut at every point, and mixed with the others.
"""

from .framing import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    close_frame,
    frame,
)

__all__ = ("BAD", "CLOSES", "COMPRESSED", "GOOD", "GOOD_COMPRESSED", "NUL")

COMPRESSED = 0b100
"""RSV1, among the three reserved bits."""

NUL = bytes(4)
"""The mask that changes nothing."""

GOOD = {
    "an empty message": frame(TEXT),
    "text": frame(TEXT, b"hello"),
    "bytes": frame(BINARY, b"\x00\xff"),
    "125 bytes": frame(BINARY, bytes(125)),
    "126 bytes": frame(BINARY, bytes(126)),
    "a length in two bytes": frame(TEXT, bytes(300)),
    "the longest of these": frame(TEXT, bytes(0xFFFF)),
    "a length in eight bytes": frame(TEXT, bytes(0x10000)),
    "two messages": frame(TEXT, b"a") + frame(BINARY, b"b"),
    "a message in two": frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"b"),
    "in three, the middle empty": (
        frame(BINARY, b"a", fin=False)
        + frame(CONTINUATION, fin=False)
        + frame(CONTINUATION, b"b")
        + frame(TEXT, b"c")
    ),
    "a ping": frame(PING),
    "the longest ping": frame(PING, b"p" * 125),
    "a pong": frame(PONG, b"p"),
    "pings between fragments": (
        frame(TEXT, b"a", fin=False)
        + frame(PING, b"p")
        + frame(PONG)
        + frame(CONTINUATION, b"b", fin=False)
        + frame(PING)
        + frame(CONTINUATION)
    ),
}

GOOD_COMPRESSED = {
    "a compressed message": frame(TEXT, b"abc", reserved=COMPRESSED),
    "in fragments": (
        frame(BINARY, b"abc", reserved=COMPRESSED, fin=False)
        + frame(PING)
        + frame(CONTINUATION, b"de", fin=False)
        + frame(CONTINUATION)
        + frame(TEXT, b"as it is")
    ),
    "a long one": frame(TEXT, bytes(5_000), reserved=COMPRESSED),
}

CLOSES = {
    "that says nothing": close_frame(),
    "with a reason": close_frame(1001, b"bye"),
    "with the longest": close_frame(4999, b"r" * 123),
    **{
        f"with {code}": close_frame(code)
        for code in (1000, 1003, 1007, 1011, 1012, 1013, 3000, 4999)
    },
}

BAD = {
    **{
        f"opcode {opcode:x}": (b"", bytes([0x80 | opcode]), "unknown kind")
        for opcode in (0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF)
    },
    **{
        f"reserved {reserved:03b} of {opcode:x}": (
            frame(TEXT, b"a", fin=False) if opcode == CONTINUATION else b"",
            bytes([0x80 | reserved << 4 | opcode]),
            "reserved bit",
        )
        for reserved in range(1, 8)
        for opcode in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG)
    },
    **{
        f"{opcode:x} in fragments": (b"", bytes([opcode]), "control frame in fragments")
        for opcode in (CLOSE, PING, PONG)
    },
    "a continuation of nothing": (b"", b"\x80", "no message"),
    "an unfinished one": (b"", b"\x00", "no message"),
    "behind a whole message": (frame(TEXT, b"a"), b"\x80", "no message"),
    "behind the last fragment": (
        frame(TEXT, b"a", fin=False) + frame(CONTINUATION),
        b"\x80",
        "no message",
    ),
    "text within text": (frame(TEXT, b"a", fin=False), b"\x81", "middle of another"),
    "bytes within text": (
        frame(TEXT, b"a", fin=False) + frame(PING),
        b"\x02",
        "middle of another",
    ),
    **{
        f"{opcode:x} without a mask": (b"", bytes([0x80 | opcode, 0x00]), "not masked")
        for opcode in (TEXT, BINARY, CLOSE, PING, PONG)
    },
    "no mask on a long one": (b"", b"\x82\x7f", "not masked"),
    **{
        f"{opcode:x} of {length & 0x7F} bytes or more": (
            b"",
            bytes([0x80 | opcode, length]),
            "125 bytes",
        )
        for opcode in (CLOSE, PING, PONG)
        for length in (0xFE, 0xFF)
    },
    "half a close code": (b"", b"\x88\x81", "half a code"),
    "0 in two bytes": (b"", b"\x82\xfe\x00\x00", "more bytes than it needs"),
    "125 in two bytes": (b"", b"\x82\xfe\x00\x7d", "more bytes than it needs"),
    "126 in eight bytes": (b"", b"\x82\xff" + (126).to_bytes(8), "more bytes than it needs"),
    "65535 in eight bytes": (b"", b"\x82\xff" + (0xFFFF).to_bytes(8), "more bytes than it needs"),
    "2 to the 63": (b"", b"\x82\xff" + (1 << 63).to_bytes(8), "highest bit"),
    "the largest number": (b"", b"\x82\xff" + b"\xff" * 8, "highest bit"),
    **{
        f"close {code}": (b"", close_frame(code), "may not be sent")
        for code in (0, 999, 1004, 1005, 1006, 1014, 1015, 1016, 1999, 2000, 2999, 5000, 65535)
    },
    "a bad code with a reason": (b"", close_frame(1005, b"r" * 123), "may not be sent"),
}
"""The good frames before the bad bytes, these up to where it shows, and what is said of it."""
