"""Text with percent signs: the fields of a query or a form, and what stands in a cookie.

The standard library does the same, but for each sign by itself, as if it were
the first byte of something: a form of two million of them would take seconds.
"""

import re

__all__ = ("parse_fields", "percent_decoded")

_ENCODED = re.compile("(?:%[0-9A-Fa-f]{2})+")


def parse_fields(text: str, *, most: int) -> dict[str, list[str]]:
    """The values of each field, in their order (WHATWG URL 5.1), without those that are empty.

    Raises ValueError if there are more than `most`, empty ones too.
    """
    if text.count("&") >= most:
        raise ValueError(f"more than {most} fields")
    fields: dict[str, list[str]] = {}
    for pair in text.replace("+", " ").split("&"):
        name, _, content = pair.partition("=")
        if content:
            fields.setdefault(percent_decoded(name), []).append(percent_decoded(content))
    return fields


def percent_decoded(text: str) -> str:
    """Decode as UTF-8 what is percent-encoded; a sign that begins no encoding stands for itself."""
    return _ENCODED.sub(_decoded, text) if "%" in text else text


def _decoded(match: re.Match[str]) -> str:
    return bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "replace")
