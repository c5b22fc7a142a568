"""Which parts of a body a Range field asks for (RFC 9110 14).

Whether the field counts at all is decided in `preconditions`, what is answered
in `file_answer`.
"""

import re

from tremolo_core import value

__all__ = ("Section", "parse_ranges")

_MOST = 16
"""Parts that one answer has; who asks for more is sent the whole (RFC 9110 14.2)."""

_SPEC = re.compile(rb"([0-9]*)-([0-9]*)")

_LARGEST = 1 << 62
"""Beyond any file: what a number of too many digits is taken for."""

_MOST_DIGITS = 18


@value
class Section:
    """Some bytes in a row."""

    offset: int
    count: int


def parse_ranges(field: bytes, size: int) -> tuple[Section, ...] | None:
    """The sections of `size` bytes that `field` asks for, in its order.

    None if it is to be ignored: another unit, a syntax error, too many parts,
    or parts that overlap so much that the whole is less. No sections if none of
    those it asks for exists (416).
    """
    unit, equals, told = field.partition(b"=")
    if not equals or unit.strip().lower() != b"bytes":
        return None
    specs = [spec for spec in (part.strip(b" \t") for part in told.split(b",")) if spec]
    if not 0 < len(specs) <= _MOST:
        return None
    sections: list[Section] = []
    for spec in specs:
        found = _SPEC.fullmatch(spec)
        if found is None or spec == b"-":
            return None
        first, last = (_number(digits) for digits in found.groups())
        if first is None:
            count = min(last or 0, size)
            first = size - count
        elif last is not None and last < first:
            return None
        else:
            count = (size if last is None else min(size, last + 1)) - first
        if count > 0:
            sections.append(Section(offset=first, count=count))
    if len(sections) > 1 and sum(section.count for section in sections) > size:
        return None
    return tuple(sections)


def _number(digits: bytes) -> int | None:
    if not digits:
        return None
    digits = digits.lstrip(b"0") or b"0"
    return int(digits) if len(digits) <= _MOST_DIGITS else _LARGEST
