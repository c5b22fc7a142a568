"""Says in what two results of a conversation differ, briefly: an answer may be long.

Which results should be the same is the business of `hostile`.
"""

import re
from typing import Final

from tremolo_core import Headers

from .wire import Answer

__all__ = ("difference",)

_MOST_SHOWN: Final = 200
"""Bytes, or characters, of a result that are shown."""

_BEFORE: Final = 20
"""Of those, how many at most stand before the first that differs."""


def difference(given: object, expected: object) -> str | None:
    """What is given in place of what, as "... in place of ..."; None if it is the same.

    `Date` fields may differ, as they tell the time and not the answer. Of answers, and
    of several results, only that is told which is not the same.
    """
    if _undated(given) == _undated(expected):
        return None
    match given, expected:
        case Answer(), Answer():
            return " and ".join(
                f"the {name} {_in_place_of(ours, theirs)}"
                for name, ours, theirs in _parts(given, expected)
                if ours != theirs
            )
        case ((tuple() | list()), (tuple() | list())) if len(given) == len(expected):
            told = [difference(ours, theirs) for ours, theirs in zip(given, expected, strict=True)]
            return ", ".join(f"as number {n} {one}" for n, one in enumerate(told, 1) if one)
        case bytes(), bytes():
            return _in_place_of(_without_date(given), _without_date(expected))
        case _:
            return _in_place_of(given, expected)


def _parts(given: Answer, expected: Answer) -> tuple[tuple[str, object, object], ...]:
    ours, theirs = (Headers(each.headers).without(b"date") for each in (given, expected))
    # As they come: a different order is a difference.
    others = {field for field in ours if field in theirs} if set(ours) != set(theirs) else set()
    return (
        ("status", given.status, expected.status),
        (
            "fields",
            [field for field in ours if field not in others],
            [field for field in theirs if field not in others],
        ),
        ("body", given.body, expected.body),
        ("trailers", list(given.trailers), list(expected.trailers)),
        ("interim answers", list(given.interim), list(expected.interim)),
    )


def _in_place_of(given: object, expected: object) -> str:
    match given, expected:
        case bytes(), bytes():
            return _where_they_differ(given, expected)
        case str(), str():
            return _where_they_differ(given, expected)
        case _:
            return f"{_shown(given)} in place of {_shown(expected)}"


def _where_they_differ(given: bytes | str, expected: bytes | str) -> str:
    same = _equal_until(given, expected)
    if same <= _MOST_SHOWN // 2:
        return f"{_shown(given)} in place of {_shown(expected)}"
    behind = same - _BEFORE
    told = f"{_shown(given[behind:])} in place of {_shown(expected[behind:])}"
    return f"behind {behind} that are the same, {told}"


def _equal_until(one: bytes | str, other: bytes | str) -> int:
    """The index of the first that differs."""
    pairs = zip(one, other, strict=False)
    shorter = min(len(one), len(other))
    return next((index for index, (a, b) in enumerate(pairs) if a != b), shorter)


def _shown(result: object) -> str:
    text = repr(result[: _MOST_SHOWN + 1] if isinstance(result, bytes | str) else result)
    if len(text) <= _MOST_SHOWN:
        return text
    size = f", {len(result)} in all" if isinstance(result, bytes | str) else ""
    return f"{text[:_MOST_SHOWN]}...{size}"


_DATE: Final = re.compile(rb"^date: [^\r\n]*", re.IGNORECASE | re.MULTILINE)


def _undated(result: object) -> object:
    match result:
        case Answer():
            return (
                result.status,
                Headers(result.headers).without(b"date"),
                result.body,
                result.trailers,
                result.interim,
            )
        case bytes():
            return _without_date(result)
        case tuple() | list():
            return tuple(map(_undated, result))
        case _:
            return result


def _without_date(result: bytes) -> bytes:
    return _DATE.sub(b"", result)
