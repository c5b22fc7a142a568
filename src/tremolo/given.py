"""What functions are given, by name; each thing is made when somebody names it.

Which names there are, and which of them a function wants, is found out at
registration, by `injection`.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

__all__ = ("Given", "Makers")


class Given(dict[str, Any]):
    """The things that are there already; others are made of these by `makers`, once."""

    __slots__ = ("_makers",)

    def __init__(self, makers: "Makers", **known: object) -> None:
        super().__init__(known)
        self._makers = makers

    def __missing__(self, name: str) -> Any:
        made = self[name] = self._makers[name](self)
        return made


Makers: TypeAlias = Mapping[str, Callable[[Given], object]]
