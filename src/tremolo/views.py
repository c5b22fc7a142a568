"""Classes and modules as handlers: one function for each method of HTTP.

How such a function is called, once it is found, is the same as for any other.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from types import MethodType, ModuleType
from typing import Any

from tremolo_core import value

__all__ = ("View", "ViewHandler", "view_handlers")

View = type | ModuleType

_METHODS = ("delete", "get", "head", "options", "patch", "post", "put")
"""All else in a class or a module is its own business, and no method of HTTP."""


@value
class ViewHandler:
    """The handler of a class or a module for one method."""

    method: str
    func: Callable[..., Any]
    """What has the parameters of the handler, and does what it does."""
    call: Callable[..., Any]
    """What is called for a request, with these parameters."""


def view_handlers(view: View, options: Mapping[str, Any]) -> Iterator[ViewHandler]:
    """Yield the handlers of `view`. Of a class an instance is made for each request, of `options`.

    Raises ValueError if there are none; TypeError if the class cannot be made
    of these options, or if a module is given any.
    """
    names = [name for name in _METHODS if callable(getattr(view, name, None))]
    if not names:
        raise ValueError(f"{view.__name__} defines none of {', '.join(_METHODS)}")
    if isinstance(view, ModuleType):
        if options:
            raise TypeError(f"the module {view.__name__} takes no options: it is used as it is")
        for name in names:
            func = getattr(view, name)
            yield ViewHandler(method=name, func=func, call=func)
        return
    try:
        inspect.signature(view).bind(**options)
    except TypeError as error:
        raise TypeError(f"{view.__qualname__} cannot be made of these options: {error}") from error
    for name in names:
        func = getattr(view, name)
        if inspect.isfunction(inspect.getattr_static(view, name)):
            # Its parameters are those that are left once there is an instance.
            func = MethodType(func, view)
        yield ViewHandler(method=name, func=func, call=_Method(view, name, dict(options)))


class _Method:
    """Makes an instance of a class, then calls a method of it. Picklable if the class is."""

    __slots__ = ("_name", "_options", "_view")

    def __init__(self, view: type, name: str, options: dict[str, Any]) -> None:
        self._view = view
        self._name = name
        self._options = options

    def __call__(self, **arguments: Any) -> Any:
        return getattr(self._view(**self._options), self._name)(**arguments)
