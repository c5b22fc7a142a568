"""What functions are given, by name; each thing is made when somebody names it.

Which names there are, and which of them a function wants, is found out at
registration, by `injection`.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeAlias

__all__ = ("Given", "Makers", "given_by")


class Given(dict[str, Any]):
    """The things that are there already; others are made of these by `makers`, once.

    Made as a dict is. `given_by` gives the class for some makers.
    """

    __slots__ = ()

    makers: ClassVar["Makers"] = {}

    def __missing__(self, name: str) -> Any:
        made = self[name] = self.makers[name](self)
        return made


Makers: TypeAlias = Mapping[str, Callable[[Given], object]]


def given_by(makers: Makers) -> type[Given]:
    """The class of things that these `makers` make.

    A class, as every request makes one such object, and to tell each of them of
    its makers takes longer than all the rest.
    """
    return type("Given", (Given,), {"__slots__": (), "makers": makers})
