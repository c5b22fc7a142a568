"""What a parameter in a path may be: from the text of a segment to a value.

Where the parameters stand is said in `templates`.
"""

import re
import uuid
from collections.abc import Callable, Mapping
from types import MappingProxyType

__all__ = ("CONVERTERS", "segment_text")

_PERCENT = ord("%")

_INT = re.compile("[0-9]{1,18}")
"""As far as a signed 64-bit integer is sure to reach."""

_FLOAT = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?")

_UUID = re.compile("[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def segment_text(segment: bytes) -> str | None:
    """The text of a segment of a canonical path; None if it would be no safe part of a path.

    So that no parameter leads elsewhere when it is made a part of a file's name
    or of another path: none is empty, `.` or `..`, and none has a NUL or a
    slash in it, which can only be an encoded one. None is invalid UTF-8.
    """
    # NUL and the percent sign by their numbers, as bytes in bytes are looked for at ten times
    # the cost.
    if not segment or segment in (b".", b"..") or 0 in segment:
        return None
    if _PERCENT in segment:
        if b"%2F" in segment:
            return None
        segment = segment.replace(b"%25", b"%")
    try:
        return segment.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _parse_float(text: str) -> float | None:
    return float(text) if _FLOAT.fullmatch(text) else None


def _parse_int(text: str) -> int | None:
    return int(text) if _INT.fullmatch(text) else None


def _parse_str(text: str) -> str:
    return text


def _parse_uuid(text: str) -> uuid.UUID | None:
    return uuid.UUID(text) if _UUID.fullmatch(text) else None


CONVERTERS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {"float": _parse_float, "int": _parse_int, "str": _parse_str, "uuid": _parse_uuid}
)
"""By the name of a type, what makes a value of its text, or None of one that is not of it."""
