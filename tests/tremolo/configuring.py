"""What each test of a table of options needs: a configuration laid flat, and what changed in it."""

import dataclasses
from typing import Any, TypeAlias

import pytest

from tremolo.config import Config, Option, configure

__all__ = ("Changes", "assert_changes", "each_of", "flat")

Changes: TypeAlias = dict[str, tuple[object, dict[str, object]]]
"""For names of options and their spellings, something that is not the default, and what changes."""


def flat(thing: Any, prefix: str = "") -> dict[str, object]:
    """All the fields of a value, those of its values too, with dots between."""
    found: dict[str, object] = {}
    for field in dataclasses.fields(thing):
        content = getattr(thing, field.name)
        if dataclasses.is_dataclass(content):
            found.update(flat(content, f"{prefix}{field.name}."))
        else:
            found[prefix + field.name] = content
    return found


def each_of(options: tuple[Option, ...]) -> pytest.MarkDecorator:
    """Give a test every option of a table under every name that it has."""
    cases = [(option, name) for option in options for name in option.names]
    return pytest.mark.parametrize(("option", "name"), cases, ids=[name for _, name in cases])


def assert_changes(option: Option, name: str, changes: Changes) -> None:
    """What `name` is told changes what `changes` says, and nothing else."""
    told, expected = changes[name]
    before, after = flat(Config()), flat(configure({name: told}))
    assert {field: after[field] for field in after if after[field] != before[field]} == expected
    assert set(option.fields) == set(expected)
