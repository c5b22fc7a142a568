"""Takes the mask off a payload (RFC 6455 5.3) by the fastest means at hand.

That is C, if the `speed` extra is installed; else large numbers of Python's.
"""

import functools
from collections.abc import Callable
from typing import TypeAlias

__all__ = ("Masked", "Unmask", "choose", "fastest", "in_c", "in_python")

Masked: TypeAlias = bytes | bytearray | memoryview

Unmask: TypeAlias = Callable[[Masked, bytes | bytearray], bytes]
"""Returns a payload, given it as it came and its mask of four bytes."""

# What a short message takes is mostly the calls; to look a method up each time adds to it.
_from_bytes = int.from_bytes

_PIECE = 4_096
"""Bytes that are one number: the numbers stay in the processor's first cache.

Measured on CPython 3.11: 16 KiB take 26 µs so, and 33 µs as one number or by
`bytes.translate` on every fourth byte; below this size one number is the fastest, too.
"""

_REPEATED = int.from_bytes(b"\x01\0\0\0" * (_PIECE // 4), "little")
"""What a mask as a number is to be multiplied by to be as long as a piece."""


def in_python(payload: Masked, mask: bytes | bytearray) -> bytes:
    """By exclusive or of large numbers: a call costs little, and so does a byte."""
    size = len(payload)
    if size > _PIECE:
        return _by_pieces(payload, mask)
    masks = mask * (size + 3 >> 2)
    if size & 3:
        masks = masks[:size]
    return (_from_bytes(payload, "little") ^ _from_bytes(masks, "little")).to_bytes(size, "little")


def _by_pieces(payload: Masked, mask: bytes | bytearray) -> bytes:
    masks = int.from_bytes(mask, "little") * _REPEATED
    pieces = [
        (_from_bytes(payload[at : at + _PIECE], "little") ^ masks).to_bytes(_PIECE, "little")
        for at in range(0, len(payload), _PIECE)
    ]
    # The last is shorter; what stands behind its end is masked nothing.
    pieces[-1] = pieces[-1][: len(payload) - (len(pieces) - 1) * _PIECE]
    return b"".join(pieces)


def choose(other: Unmask | None) -> Unmask:
    """Return the function to use: the `other`, if there is one and it does what ours does."""
    sample, mask = bytes(range(256)) * 5 + b"odd", b"\x01\x23\xfe\x80"
    if other is not None and other(sample, mask) == in_python(sample, mask):
        return other
    return in_python


def in_c() -> Unmask | None:
    """The function of the `speed` extra; None without it."""
    try:
        from websockets.speedups import apply_mask
    except ImportError:
        return None
    return apply_mask


@functools.cache
def fastest() -> Unmask:
    """The function that this process uses.

    It is looked for when it is first needed: what brings the one in C imports
    much that the core itself does without.
    """
    return choose(in_c())
