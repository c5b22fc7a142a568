"""How a package exports what its modules have without importing them all.

Whoever starts a program waits for its imports: of each package it needs a part,
the supervisor of workers a small one.
"""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ("exported",)


def exported(
    package: str, places: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make the `__getattr__` and the `__dir__` (PEP 562) of `package`.

    `places` has the names that each module of it is to be imported for, with
    blanks between them. A module without names is exported itself. For the type
    checker, the package has ordinary imports of the same beside it.
    """
    modules = {name: module for module, names in places.items() for name in names.split()}
    modules |= {module: "" for module, names in places.items() if not names}
    namespace = vars(sys.modules[package])

    def find(name: str) -> Any:
        module = modules.get(name)
        if module is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        # What was imported as a module is an attribute already.
        found = import_module(f".{module or name}", package)
        return namespace.setdefault(name, getattr(found, name) if module else found)

    def names() -> list[str]:
        return sorted({*namespace, *modules})

    return find, names
