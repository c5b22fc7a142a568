"""How a function is called: found out once, when it is registered.

A function names what it wants as its parameters. A `CallPlan` is the result of
reading them; `calling` carries it out for each request.
"""

import enum
import functools
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from inspect import Parameter
from typing import Any, TypeAlias

__all__ = ("INJECTED", "ON_REQUEST", "CallPlan", "Kind", "Registered", "plan_call")

Registered: TypeAlias = tuple[int, Callable[..., Any]]
"""The priority of a middleware or of a hook, and its function."""

INJECTED = (
    "app",
    "context",
    "fileno",
    "globals",
    "lock",
    "logger",
    "loop",
    "prefix",
    "request",
    "response",
)
"""What every handler of requests is given, if it names it."""

ON_REQUEST = ("sse", "websocket")
"""What handlers of routes are given only if they name it, as it makes the answer another."""

_BY_KEYWORD = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
_VARIABLE = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


class Kind(enum.Enum):
    """How a function is called, so that it keeps nobody else from working."""

    ASYNC = enum.auto()
    """On the event loop: it gives a coroutine or an asynchronous generator."""
    GENERATOR = enum.auto()
    """Likewise, but each step of the generator that it gives runs in a worker thread."""
    FUNCTION = enum.auto()
    """In a worker thread, as it may take its time."""


class CallPlan:
    """A function with all that must be known to call it. Picklable if the function is."""

    __slots__ = ("asked", "defaults", "func", "kind", "name", "names", "options", "takes_all")

    def __init__(
        self,
        *,
        asked: frozenset[str],
        func: Callable[..., Any],
        kind: Kind,
        name: str,
        names: tuple[str, ...],
        takes_all: bool = False,
        options: dict[str, Any],
        defaults: dict[str, Any],
    ) -> None:
        self.asked = asked
        """What it is given because it names it, out of `if_named`."""
        self.func = func
        self.kind = kind
        self.name = name
        """What people call the function."""
        self.names = names
        """What it is given by keyword."""
        self.takes_all = takes_all
        """Whether that is everything there is, as it has a parameter such as `**server`."""
        self.options = options
        """What it was registered with, and the defaults of its other parameters."""
        self.defaults = defaults
        """The defaults of parameters that it is given, for when there is nothing to give."""

    def arguments(self, available: dict[str, Any]) -> dict[str, Any]:
        """Pick from `available` what the function is given."""
        arguments: dict[str, Any] = {}
        # Mostly they are few: until Python 3.12 a comprehension is a function that is called.
        for name in self.names:
            arguments[name] = available[name]
        return arguments


def plan_call(
    func: Callable[..., Any],
    *,
    provided: Collection[str],
    if_named: Collection[str] = (),
    options: Mapping[str, Any] | None = None,
    call: Callable[..., Any] | None = None,
) -> CallPlan:
    """Read the parameters of `func`, which will be given those of `provided` that it names.

    So will it those of `if_named`, but these never for `**kwargs` alone.
    What a decorator made with `functools.wraps` passes on by `**kwargs` is read
    from the function that it wraps. The values of `options` are given to the
    parameters of their names, in place of their defaults. `call` has the same
    parameters as `func` and is called in its place.

    Raises TypeError if `func` cannot be called: it has a parameter without
    default that nothing provides.
    """
    if not callable(func):
        raise TypeError(f"a handler is something that can be called, not {func!r}")
    name = _name_of(func)
    options = dict(options or {})
    if taken := sorted(options.keys() & {*provided, *if_named}):
        raise TypeError(f"{name}: no option may be called {taken[0]!r}, which is provided anyway")
    signatures = _signatures(func, name)
    bound = _bound_by_partial(func)
    offered = ({*provided, *if_named} | options.keys()) - bound
    named: dict[str, None] = {}
    defaults: dict[str, Any] = {}
    replaced: dict[str, Any] = {}
    for depth, parameters in enumerate(signatures):
        for parameter in parameters:
            if parameter.kind in _BY_KEYWORD and parameter.name in offered:
                named[parameter.name] = None
                if parameter.default is not Parameter.empty:
                    replaced.setdefault(parameter.name, parameter.default)
                continue
            if parameter.default is not Parameter.empty:
                defaults.setdefault(parameter.name, parameter.default)
            elif depth == 0 and parameter.kind not in _VARIABLE:
                raise TypeError(_nothing_provides(parameter, name, offered))
    given = {key: value for key, value in options.items() if key in named}
    asked = frozenset(named.keys() & set(if_named))
    names = tuple(key for key in named if key not in given)
    takes_all = any(parameter.kind is Parameter.VAR_KEYWORD for parameter in signatures[-1])
    if takes_all:
        names = tuple(key for key in (*provided, *sorted(asked)) if key not in bound)
    call = call or func
    return CallPlan(
        asked=asked,
        func=functools.partial(call, **given) if given else call,
        kind=_kind_of(func),
        name=name,
        names=names,
        takes_all=takes_all and not bound,
        options={**defaults, **options},
        defaults=replaced,
    )


def _signatures(func: Callable[..., Any], name: str) -> list[Sequence[Parameter]]:
    """The parameters of `func`, then of what it wraps, as far as each passes on `**kwargs`."""
    try:
        found = [_parameters(func)]
        for wrapped in _wrapped(func):
            if not any(parameter.kind is Parameter.VAR_KEYWORD for parameter in found[-1]):
                break
            found.append(_parameters(wrapped))
    except ValueError as error:
        raise TypeError(f"{name} does not tell its parameters: {error}") from error
    return found


def _parameters(func: Callable[..., Any]) -> Sequence[Parameter]:
    return tuple(inspect.signature(func, follow_wrapped=False).parameters.values())


def _wrapped(func: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """What `func` wraps by `functools.wraps`, from the outside to the inside."""
    seen = {id(func)}
    inner: Any = func
    while True:
        while isinstance(inner, functools.partial):
            inner = inner.func
        inner = getattr(inner, "__wrapped__", None)
        if inner is None or id(inner) in seen:
            return
        seen.add(id(inner))
        yield inner


def _bound_by_partial(func: Callable[..., Any]) -> set[str]:
    bound: set[str] = set()
    while isinstance(func, functools.partial):
        bound.update(func.keywords)
        func = func.func
    return bound


def _kind_of(func: Callable[..., Any]) -> Kind:
    # A plain decorator around an `async def` just returns the coroutine.
    for candidate in (func, *_wrapped(func)):
        code = _code_of(candidate)
        if (
            inspect.iscoroutinefunction(candidate)
            or inspect.iscoroutinefunction(code)
            or inspect.isasyncgenfunction(code)
        ):
            return Kind.ASYNC
        if inspect.isgeneratorfunction(code):
            return Kind.GENERATOR
    return Kind.FUNCTION


def _code_of(func: Any) -> Any:
    """The plain function that a call of `func` ends in, as far as that can be seen."""
    while isinstance(func, functools.partial):
        func = func.func
    if not inspect.isroutine(func):
        func = type(func).__call__
    while isinstance(func, functools.partial) or inspect.ismethod(func):
        func = func.func if isinstance(func, functools.partial) else func.__func__
    return func


def _name_of(func: Any) -> str:
    while isinstance(func, functools.partial):
        func = func.func
    module = getattr(func, "__module__", None)
    qualified = getattr(func, "__qualname__", None) or type(func).__qualname__
    return f"{module}.{qualified}" if module else str(qualified)


def _nothing_provides(parameter: Parameter, name: str, offered: Collection[str]) -> str:
    if parameter.kind is Parameter.POSITIONAL_ONLY:
        return (
            f"{name} has the positional-only parameter {parameter.name!r}, but is called"
            " with keyword arguments"
        )
    return (
        f"{name} has the parameter {parameter.name!r}, which nothing provides and which has"
        f" no default; there are {', '.join(sorted(offered))}"
    )
