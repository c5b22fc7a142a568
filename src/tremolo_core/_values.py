"""How values are declared: the one decorator behind every event, limit and setting.

What the values mean is said where they are declared.
"""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

__all__ = ("value",)

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def value(cls: type[T]) -> type[T]:
    """Make `cls` an immutable value: keyword-only, comparable, hashable, slotted.

    The type checker refuses an assignment; nothing does at run time, as a
    dataclass frozen at run time takes two and a half times as long to make,
    and every request makes several.
    """
    return dataclass(slots=True, kw_only=True, unsafe_hash=True)(cls)
