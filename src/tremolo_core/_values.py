"""How values are declared: the one decorator behind every event, limit and setting.

What the values mean is said where they are declared.
"""

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar, dataclass_transform

__all__ = ("maker", "value")

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def value(cls: type[T]) -> type[T]:
    """Make `cls` an immutable value: keyword-only, comparable, hashable, slotted.

    The type checker refuses an assignment; nothing does at run time, as a
    dataclass frozen at run time takes two and a half times as long to make,
    and every request makes several.
    """
    return dataclass(slots=True, kw_only=True, unsafe_hash=True)(cls)


def maker(cls: type[T]) -> Callable[..., T]:
    """Return a function that makes a value of `cls`, to be called as the class is.

    For the few that every request makes: a class that is called with keywords
    makes a dict of them first, which takes longer than all the rest.
    """
    any_class: Any = cls
    given = {field.name: field.default for field in fields(any_class)}
    defaults = {f"default_{name}": value for name, value in given.items() if value is not MISSING}
    parameters = ", ".join(
        f"{name}=default_{name}" if f"default_{name}" in defaults else name for name in given
    )
    lines = [
        f"def make({parameters}):",
        "    made = new(cls)",
        *(f"    made.{name} = {name}" for name in given),
        "    return made",
    ]
    scope: dict[str, Any] = {"new": object.__new__, "cls": cls, **defaults}
    # As `dataclass` makes an `__init__`.
    exec("\n".join(lines), scope)
    make: Callable[..., T] = scope["make"]
    return make
