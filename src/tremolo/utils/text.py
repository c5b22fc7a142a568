"""Bytes and text: escaping, numbers, and fields such as those of a Content-Disposition."""

import html
import re
from collections.abc import Iterator
from typing import TypeVar, overload
from urllib.parse import unquote_to_bytes

__all__ = ("html_escape", "parse_fields", "parse_int")

AnyText = TypeVar("AnyText", str, bytes)

_MOST_DIGITS = 16
"""As many as a double has, which peers may read numbers as."""

_ALPHANUMERIC = re.compile(rb"[0-9A-Za-z]+")


def html_escape(data: AnyText) -> AnyText:
    """Return `data` with `&`, `<`, `>` and both quotes as entities of HTML."""
    if isinstance(data, str):
        return html.escape(data)
    return html.escape(data.decode("latin-1")).encode("latin-1")


def parse_int(string: bytes | bytearray, base: int = 10) -> int:
    """Read a number of at most 16 digits; raises ValueError for a sign, a space, a leading zero."""
    if _ALPHANUMERIC.fullmatch(bytes(string)) is None or len(string) > _MOST_DIGITS:
        raise ValueError(f"a number has 1 to {_MOST_DIGITS} digits, as bytes")
    if string.startswith(b"0") and len(string) > 1:
        raise ValueError("a number has no leading zeros")
    return int(string, base)


@overload
def parse_fields(
    data: bytes, separator: bytes = b";", split: bytes = b"=", max_fields: int = 100
) -> Iterator[tuple[bytes, bytes]]: ...


@overload
def parse_fields(
    data: bytes, separator: bytes, split: None, max_fields: int = 100
) -> Iterator[bytes]: ...


def parse_fields(
    data: bytes, separator: bytes = b";", split: bytes | None = b"=", max_fields: int = 100
) -> Iterator[tuple[bytes, bytes]] | Iterator[bytes]:
    """Yield the fields of `data` as pairs of a name in lower case and a value, in their order.

    White space and quotes around values are removed, and percent-encoding is
    undone. With `split=None` whole fields are given, in lower case. What comes
    behind `max_fields` fields is left out. A separator inside quotes separates.
    """
    fields = (field.strip() for field in data.split(separator, max_fields)[:max_fields])
    if split is None:
        return (field.lower() for field in fields if field)
    return _pairs(fields, split)


def _pairs(fields: Iterator[bytes], split: bytes) -> Iterator[tuple[bytes, bytes]]:
    for field in fields:
        name, _, content = field.partition(split)
        if field:
            yield name.strip().lower(), unquote_to_bytes(content.strip().strip(b'"'))
