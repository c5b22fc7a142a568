"""What each test of a table of options needs: a configuration laid flat, and what changed in it."""

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeAlias

import pytest

from tremolo.config import OPTIONS, Config, Option, configure
from tremolo_core.trusted_proxies import TrustedProxies

__all__ = ("Changes", "assert_changes", "each_of", "flat")

Changes: TypeAlias = dict[str, tuple[object, dict[str, object]]]
"""For names of options and their spellings, something that is not the default, and what changes."""


NEEDED: dict[str, dict[str, object]] = {
    "limit_max_requests_jitter": {"limit_max_requests": 5},
    "reload_dir": {"reload": True},
}
"""What must be told too for some options to mean anything."""


def flat(thing: Any, prefix: str = "") -> dict[str, object]:
    """All the fields of a value, those of its values too, with dots between."""
    found: dict[str, object] = {}
    for field in dataclasses.fields(thing):
        content = getattr(thing, field.name)
        if dataclasses.is_dataclass(content) and not isinstance(content, TrustedProxies):
            found.update(flat(content, f"{prefix}{field.name}."))
        else:
            found[prefix + field.name] = content
    return found


def each_of(options: tuple[Option, ...]) -> pytest.MarkDecorator:
    """Give a test every option of a table under every name that it has."""
    cases = [(option, name) for option in options for name in option.names]
    return pytest.mark.parametrize(("option", "name"), cases, ids=[name for _, name in cases])


def assert_changes(
    option: Option, name: str, changes: Changes, *, beside: Mapping[str, object] | None = None
) -> None:
    """What `name` is told changes what `changes` says, and nothing else.

    `beside` is what must be told too, as nothing is to be said of it alone.
    """
    told, expected = changes[name]
    others = dict(beside or {})
    before = {**flat(Config()), **_told(others)}
    after = flat(configure({**others, name: told}))
    assert {field: after[field] for field in after if after[field] != before[field]} == expected
    assert set(option.fields) == set(expected)


def _told(others: dict[str, object]) -> dict[str, object]:
    """The fields of options that are told beside the one that is tested, as they stand."""
    options = {option.name: option for option in OPTIONS}
    return {
        field: options[name].read(told)
        for name, told in others.items()
        for field in options[name].fields
    }
