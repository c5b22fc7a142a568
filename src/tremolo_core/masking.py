"""Takes the mask off a payload (RFC 6455 5.3) by the fastest means at hand.

That is C, if the `speed` extra is installed; else one of two ways that need
only Python, by the size of the payload.
"""

import functools
from collections.abc import Callable
from typing import TypeAlias

__all__ = ("Masked", "Unmask", "choose", "fastest", "in_c", "unmask_at_once", "unmask_in_strides")

Masked: TypeAlias = bytes | bytearray | memoryview

Unmask: TypeAlias = Callable[[Masked, bytes | bytearray], bytes]
"""Returns a payload, given it as it came and its mask of four bytes."""

_LARGE = 1_024
"""From so many bytes on strides are faster: measured on CPython 3.11 to 3.13."""

_XOR = tuple(bytes(byte ^ key for byte in range(256)) for key in range(256))
"""For each byte of a mask, what it makes of every byte."""


def unmask_at_once(payload: Masked, mask: bytes | bytearray) -> bytes:
    """As one large number: the time per byte grows little, and a call costs little."""
    size = len(payload)
    masks = (mask * (size + 3 >> 2))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(masks, "little")).to_bytes(
        size, "little"
    )


def unmask_in_strides(payload: Masked, mask: bytes | bytearray) -> bytes:
    """Every fourth byte together, as they have the same byte of the mask."""
    if isinstance(payload, memoryview):
        payload = bytes(payload)
    plain = bytearray(len(payload))
    for offset, key in enumerate(mask):
        plain[offset::4] = payload[offset::4].translate(_XOR[key])
    return bytes(plain)


def _in_python(payload: Masked, mask: bytes | bytearray) -> bytes:
    if len(payload) < _LARGE:
        return unmask_at_once(payload, mask)
    return unmask_in_strides(payload, mask)


def choose(other: Unmask | None) -> Unmask:
    """Return the function to use: the `other`, if there is one and it does what ours does."""
    sample, mask = bytes(range(256)) * 5 + b"odd", b"\x01\x23\xfe\x80"
    if other is not None and other(sample, mask) == _in_python(sample, mask):
        return other
    return _in_python


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
