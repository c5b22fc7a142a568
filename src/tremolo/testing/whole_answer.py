"""Reads at one glance what most answers are: whole, of known length, and beyond doubt.

A test has thousands of them, and h11 takes ten times as long for each. Whatever
is not of the one form that is read here is left to h11, which `response_reader`
asks; a test holds the two to the same events. None of the server's own code has
a part in it, as it is the server that is judged.
"""

import re
from functools import lru_cache
from typing import Final

from tremolo_core import Data, EndOfMessage, Headers, Response, value
from tremolo_core.h11_client import HttpEvent

__all__ = ("WholeAnswer", "read_whole_answer")

_STATUS_LINE: Final = re.compile(rb"HTTP/1\.1 ([2-5][0-9][0-9]) ([A-Za-z][A-Za-z '-]*)\r\n")
_FIELD: Final = re.compile(rb"([A-Za-z][A-Za-z0-9-]*): ([!-~](?:[ -~]*[!-~])?)\r\n")
_LENGTH: Final = re.compile(rb"0|[1-9][0-9]{0,8}")

_WITHOUT_BODY: Final = (204, 304)
_SAYS_MORE: Final = frozenset((b"connection", b"transfer-encoding", b"upgrade"))
"""Fields that decide where an answer ends, or what follows it (RFC 9112 6.3, 9.3)."""

_END = EndOfMessage()


_MOST_HEADS: Final = 256
"""Heads that are remembered: those of one handler are mostly the same for a second."""


@value
class WholeAnswer:
    """One answer, and what came with it."""

    head: Response
    body: bytes
    rest: bytes
    """The bytes behind it."""

    @property
    def events(self) -> tuple[HttpEvent, ...]:
        """What h11 would tell of it."""
        return (self.head, *((Data(data=self.body),) if self.body else ()), _END)


@value
class _Head:
    """A head beyond doubt."""

    event: Response
    length: int
    """That of the body."""


def read_whole_answer(data: bytes) -> WholeAnswer | None:
    """The answer at the start of `data`, to a request that was not HEAD; None if in doubt.

    After such an answer another may follow on the same connection.
    """
    start = data.find(b"\r\n\r\n") + 4
    if start < 4:
        return None
    head = _read_head(data[:start])
    if head is None:
        return None
    end = start + head.length
    if len(data) < end:
        return None
    return WholeAnswer(head=head.event, body=data[start:end], rest=data[end:])


@lru_cache(_MOST_HEADS)
def _read_head(data: bytes) -> _Head | None:
    """What `data`, a head up to and including the empty line, says; None if in doubt."""
    line = _STATUS_LINE.match(data)
    if line is None:
        return None
    status = int(line[1])
    if status in _WITHOUT_BODY:
        return None
    fields: list[tuple[bytes, bytes]] = []
    length: int | None = None
    at = line.end()
    while at < len(data) - 2:
        field = _FIELD.match(data, at)
        if field is None:
            return None
        name = field[1].lower()
        if name in _SAYS_MORE:
            return None
        if name == b"content-length":
            if length is not None or _LENGTH.fullmatch(field[2]) is None:
                return None
            length = int(field[2])
        fields.append((name, field[2]))
        at = field.end()
    if length is None:
        return None
    return _Head(
        event=Response(status=status, headers=Headers(fields), reason=line[2]), length=length
    )
