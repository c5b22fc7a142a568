"""The defaults, written out once more: they are a promise, and `Connection` keeps them.

That each is exact to the byte, or to the second, is shown by the tests of `gate`
and `deadlines`.
"""

import dataclasses
from typing import Any

import pytest

from tremolo_core import Limits, Timeouts

DEFAULT_LIMITS = {
    "request_line": 8_190,
    "head": 64 * 1024,
    "fields": 128,
    "trailers": 8 * 1024,
    "chunk_line": 256,
    "body": None,
    "read_ahead": 64 * 1024,
}

DEFAULT_TIMEOUTS = {"head": 30, "body_idle": 30, "body_rate": 500, "keep_alive": 75}


@pytest.mark.parametrize(
    ("limits", "defaults"), [(Limits(), DEFAULT_LIMITS), (Timeouts(), DEFAULT_TIMEOUTS)]
)
def test_the_defaults(limits: Any, defaults: dict[str, int | None]) -> None:
    assert {name: getattr(limits, name) for name in defaults} == defaults


@pytest.mark.parametrize("make", [Limits, Timeouts])
def test_each_is_given_by_name(make: Any) -> None:
    with pytest.raises(TypeError, match="positional"):
        make(1)


def test_one_is_changed_and_the_others_stay() -> None:
    limits = Limits(head=1_000)
    assert limits.head == 1_000
    assert limits != Limits()
    assert dataclasses.replace(limits, head=64 * 1024) == Limits()
    assert Timeouts(head=None) != Timeouts()
