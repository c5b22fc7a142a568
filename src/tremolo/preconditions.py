"""Whether a request is still to be done: its preconditions, in RFC 9110's order (13.2.2).

What a file's validators are is decided in `file_answer`, which also says what
each outcome is answered with.
"""

import enum
import re

from tremolo_core import Headers, value

from .http_dates import parse_http_date

__all__ = ("Outcome", "Validators", "judge_preconditions", "range_counts")

_ETAG = re.compile(rb'(?:W/)?"[!#-~\x80-\xff]*"')
_ETAGS = re.compile(rb'[ \t,]*((?:W/)?"[!#-~\x80-\xff]*")[ \t]*(?:,|$)')


class Outcome(enum.Enum):
    """What the preconditions come to."""

    PROCEED = enum.auto()
    NOT_MODIFIED = enum.auto()
    """304: the client has it already."""
    FAILED = enum.auto()
    """412."""


@value
class Validators:
    """What tells one state of a resource from another."""

    etag: bytes | None = None
    """With its quotes, and with `W/` before them if it is weak."""
    modified: int | None = None
    """When it was last changed, in whole seconds since 1970."""
    settled: bool = True
    """Whether it cannot have changed again in the same second (RFC 9110 8.8.2.2)."""


def judge_preconditions(method: bytes, headers: Headers, current: Validators) -> Outcome:
    """Compare what a request with these `headers` expects with what there is."""
    reading = method in (b"GET", b"HEAD")
    if matches := headers.get_all(b"if-match"):
        if not _any_matches(matches, current.etag, strong=True):
            return Outcome.FAILED
    elif _changed_since(headers, b"if-unmodified-since", current) is True:
        return Outcome.FAILED
    if matches := headers.get_all(b"if-none-match"):
        if _any_matches(matches, current.etag, strong=False):
            return Outcome.NOT_MODIFIED if reading else Outcome.FAILED
    elif reading and _changed_since(headers, b"if-modified-since", current) is False:
        return Outcome.NOT_MODIFIED
    return Outcome.PROCEED


def range_counts(method: bytes, headers: Headers, current: Validators) -> bool:
    """Whether a Range field of the request counts: for GET, and if If-Range says so."""
    if method != b"GET" or len(headers.get_all(b"range")) != 1:
        return False
    conditions = headers.get_all(b"if-range")
    if not conditions:
        return True
    if len(conditions) > 1:
        return False
    condition = conditions[0].strip(b" \t")
    if _ETAG.fullmatch(condition):
        return _same(condition, current.etag, strong=True)
    date = parse_http_date(condition)
    return date is not None and date == current.modified and current.settled


def _changed_since(headers: Headers, name: bytes, current: Validators) -> bool | None:
    """Whether there was a change since the date in a field; None if it is to be ignored."""
    told = headers.get_all(name)
    date = parse_http_date(told[0].strip(b" \t")) if len(told) == 1 else None
    if date is None or current.modified is None:
        return None
    return current.modified > date


def _any_matches(fields: tuple[bytes, ...], etag: bytes | None, *, strong: bool) -> bool:
    if [field.strip(b" \t") for field in fields] == [b"*"]:
        return True
    return any(_same(told, etag, strong=strong) for field in fields for told in _listed(field))


def _listed(field: bytes) -> list[bytes]:
    """The entity tags in a list, up to the first thing that is none."""
    found: list[bytes] = []
    at = 0
    while (tag := _ETAGS.match(field, at)) is not None:
        found.append(tag[1])
        at = tag.end()
    return found


def _same(told: bytes, etag: bytes | None, *, strong: bool) -> bool:
    """Compare as RFC 9110 8.8.3.2 has it."""
    if etag is None:
        return False
    if strong:
        return told == etag and not told.startswith(b"W/")
    return told.removeprefix(b"W/") == etag.removeprefix(b"W/")
