"""Judges and writes in one go the fields that most answers have, when they were not sent before.

Only what is right as it stands, and nothing that decides about the connection: all
else is left to `answer_head`, which would have made the same of it.
"""

import re
from typing import Final

from ._values import maker, value
from .events import Response
from .grammar import FIELD_NAME
from .sent_fields import PHRASES

__all__ = ("SECRET", "PlainHead", "write_plainly")

SECRET = frozenset((b"authorization", b"cookie", b"set-cookie"))
"""Whatever has one of these is for one client alone, and never kept."""

_ORDINARY: Final = 0
_LENGTH: Final = 1
_SECRET: Final = 2
_DECLINED: Final = 3

_KINDS = {
    b"content-length": _LENGTH,
    **dict.fromkeys(SECRET, _SECRET),
    **dict.fromkeys((b"connection", b"host", b"transfer-encoding"), _DECLINED),
}

_MOST_NAMES = 512
_LONGEST_NAME = 64
"""At most some tens of kilobytes, then; an application sends a few dozen different names."""

_names: dict[bytes, tuple[bytes, int]] = {}
"""Of each name that was sent lately: how its line begins, and its kind."""

_MOST_DIGITS = 18
"""Of a Content-Length: as far as a signed 64-bit integer is sure to reach."""

_LINES = re.compile(
    rb"(?:[^:\r\n]++: (?:[\x21-\x7e\x80-\xff][\t\x20-\x7e\x80-\xff]*+(?<![\t\x20]))?\r\n)*+"
)
"""As many field lines as there are line feeds; of names that are known to be right."""

_NO_BODY = (204, 304)

_STATUS_LINES = {
    status: b"HTTP/1.1 %d %b\r\n" % (status, phrase)
    for status, phrase in PHRASES.items()
    if status >= 200 and status not in _NO_BODY
}


@value
class PlainHead:
    """The head of an answer to which nothing is to be added but how its body is framed."""

    raw: bytes
    """The status line and the fields, without the empty line."""
    length: int | None
    """The declared length of the body in bytes; None if none is."""
    may_be_kept: bool
    """Whether it is without secrets."""


_plain_head = maker(PlainHead)


def write_plainly(event: Response) -> PlainHead | None:
    """Return the head of `event`, whose fields stand as they are to be; None if in doubt."""
    status_line = _STATUS_LINES.get(event.status)
    if status_line is None or event.reason:
        return None
    parts: list[bytes] = []
    length, may_be_kept = None, True
    for name, content in event.headers:
        known = _names.get(name) or _learn(name)
        if known is None:
            return None
        begin, kind = known
        if kind:
            if kind == _SECRET:
                may_be_kept = False
            elif kind == _LENGTH and length is None and content.isdigit():
                if len(content) > _MOST_DIGITS:
                    return None
                length = int(content)
            else:
                return None
        parts += (begin, content, b"\r\n")
    lines = b"".join(parts)
    if lines.count(b"\n") != len(event.headers) or _LINES.fullmatch(lines) is None:
        return None
    return _plain_head(raw=status_line + lines, length=length, may_be_kept=may_be_kept)


def _learn(name: bytes) -> tuple[bytes, int] | None:
    """Judge a name and keep it; None for one that is no token, or not in lower case."""
    if len(name) > _LONGEST_NAME or FIELD_NAME.fullmatch(name) is None or name != name.lower():
        return None
    if len(_names) >= _MOST_NAMES:
        # What is used often comes back at once.
        _names.clear()
    known = _names[name] = (name.title() + b": ", _KINDS.get(name, _ORDINARY))
    return known
