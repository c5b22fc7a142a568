"""Tells the parts of a `multipart/form-data` body apart: bytes in, events out (RFC 7578).

Pure. The grammar is the business of the package `multipart`, an extra; where
bytes come from, that of `parts`.
"""

import enum
import warnings
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from .exceptions import BadRequest
from .form_heads import PartHead

__all__ = ("Mark", "MultipartDecoder", "MultipartEvent", "require_multipart")

with warnings.catch_warnings():
    # python-multipart, which is another package, has a module of the same name to say so.
    warnings.simplefilter("ignore", PendingDeprecationWarning)
    try:
        import multipart as _found
    except ImportError:
        _found = None

_multipart: Any = _found if hasattr(_found, "PushMultipartParser") else None

_HEADER_LINE = 8_192
"""Bytes of one field in the head of a part, as nggit/tremolo takes in a whole head."""

_HEADER_LINES = 8
"""Fields in the head of a part: clients send two, or three (RFC 7578 4.8)."""


class Mark(enum.Enum):
    """What `MultipartDecoder.next_event` returns besides heads and data."""

    NEED_DATA = enum.auto()
    """Nothing more is known until `receive_data` or `receive_eof` is called."""
    END_OF_PART = enum.auto()
    END_OF_FORM = enum.auto()
    """The body is complete."""


MultipartEvent: TypeAlias = PartHead | bytes | Mark
"""A part's head, some of its data, or a mark."""

_SPENT: Final = object()


def require_multipart() -> None:
    """Raise RuntimeError, with what to do about it, if the extra is not installed."""
    if _multipart is None:
        raise RuntimeError(
            "multipart/form-data needs the package multipart: pip install 'tremolo-anyio[forms]'"
        )


class MultipartDecoder:
    """Reads one body. Raises BadRequest for one that is malformed, and then again each time."""

    __slots__ = ("_ended", "_error", "_events", "_parser")

    def __init__(self, boundary: bytes) -> None:
        require_multipart()
        self._parser: Any = _multipart.PushMultipartParser(
            boundary, max_header_size=_HEADER_LINE, max_header_count=_HEADER_LINES
        )
        self._events: Iterator[Any] = iter(())
        self._ended = False
        self._error: BadRequest | None = None

    def receive_data(self, data: bytes) -> None:
        """Take some bytes, at least one, once all that is known before is told."""
        self._events = self._parser.parse(data)

    def receive_eof(self) -> None:
        """Note that there are no more bytes."""
        self._ended = True

    def next_event(self) -> MultipartEvent:
        """Return what comes next."""
        if self._error is not None:
            raise self._error
        try:
            event: Any = next(self._events, _SPENT)
            if event is _SPENT:
                if not self._ended:
                    return Mark.NEED_DATA
                self._parser.close()
                return Mark.END_OF_FORM
            if event is None:
                return Mark.END_OF_PART
            if isinstance(event, bytes):
                return event
            return PartHead.of(tuple(event.headerlist))
        except _multipart.MultipartError as error:
            what = "malformed multipart/form-data"
            if self._ended:
                what += ": it ends before its last boundary"
            self._error = BadRequest(what, cause=error)
            raise self._error from error
        except BadRequest as error:
            self._error = error
            raise
