"""How values are declared: the one decorator behind every event, limit and setting.

What the values mean is said where they are declared.
"""

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from operator import attrgetter
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
    # Of what `dataclass` would write and compile it is to write the constructor only: the rest
    # takes twice as long, and whoever starts a program waits for a hundred values.
    made = dataclass(slots=True, kw_only=True, eq=False, repr=False)(cls)
    _make_comparable(made)
    _make_visible(made)
    return made


def _make_comparable(cls: Any) -> None:
    names = [field.name for field in fields(cls) if field.compare]
    # Of one name alone it makes no tuple.
    contents: Any = attrgetter(*names, *names[:1]) if names else _nothing

    def equal(self: object, other: object) -> Any:
        if self.__class__ is other.__class__:
            return contents(self) == contents(other)
        return NotImplemented

    def hash_of(self: object) -> int:
        return hash(contents(self))

    cls.__eq__ = equal
    cls.__hash__ = hash_of


def _nothing(_: object) -> tuple[()]:
    return ()


def _make_visible(cls: Any) -> None:
    names = [field.name for field in fields(cls) if field.repr]

    def show(self: object) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({shown})"

    cls.__repr__ = show


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
