"""Which functions run before a request is handled and before its answer is sent, in which order.

What becomes of their results is decided in `interception`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

from tremolo_core import value

from .injection import CallPlan, Registered, plan_call
from .paths import Prefix, path_segments
from .route_options import RouteOptions, read_route_options

__all__ = ("Middleware", "MiddlewareKind", "Middlewares", "Selection")

MiddlewareKind: TypeAlias = Literal["request", "response"]


@value
class Middleware:
    """A function that runs before or after handlers."""

    plan: CallPlan
    options: RouteOptions
    """What it wants done if it answers itself."""
    priority: int
    """Small ones run first, among those that were added to the same application."""


@value
class Selection:
    """The middlewares for one request, in the order in which they run."""

    prefix: Prefix = ()
    """Of which paths they are."""
    request: tuple[Middleware, ...] = ()
    response: tuple[Middleware, ...] = ()


class Middlewares:
    """Middlewares by the prefix of the paths that they are for. Picklable if they are."""

    __slots__ = ("_added", "_longest", "_selections")

    def __init__(self) -> None:
        self._added: dict[Prefix, list[tuple[MiddlewareKind, Middleware]]] = {}
        self._selections: dict[Prefix, Selection] = {(): Selection()}
        self._longest = 0

    def copy(self) -> "Middlewares":
        """The same middlewares, to which others can be added apart."""
        twin = Middlewares()
        twin._added = {prefix: list(added) for prefix, added in self._added.items()}
        twin._selections = dict(self._selections)
        twin._longest = self._longest
        return twin

    def add(
        self,
        func: Callable[..., Any],
        kind: MiddlewareKind,
        *,
        priority: int,
        prefix: Prefix,
        provided: Collection[str],
    ) -> None:
        """Register `func` for paths below `prefix`.

        Raises ValueError for another kind, TypeError if `func` asks for what is
        not in `provided`, or for a prefix that is not a tuple of bytes.
        """
        if kind not in get_args(MiddlewareKind):
            raise ValueError(f"a middleware is for `request` or `response`, not for {kind!r}")
        _refuse_other_prefixes(prefix)
        plan = plan_call(func, provided=provided)
        options = read_route_options(plan.options, name=plan.name)
        added = self._added.setdefault(prefix, [])
        added.append((kind, Middleware(plan=plan, options=options, priority=priority)))
        self._selections[prefix] = Selection(
            prefix=prefix,
            request=_in_order(added, "request"),
            response=_in_order(added[::-1], "response"),
        )
        self._longest = max(self._longest, len(prefix))

    def select(self, path: bytes) -> Selection:
        """Return those of the longest prefix of a raw `path` that has any."""
        if self._longest:
            return self._select(path_segments(path))
        return self._selections[()]

    def by_prefix(self) -> Mapping[Prefix, Mapping[MiddlewareKind, Sequence[Registered]]]:
        """The priorities and functions by prefix and kind, as they run, where there are any."""
        return MappingProxyType(
            {
                prefix: MappingProxyType(
                    {"request": _named(found.request), "response": _named(found.response)}
                )
                for prefix, found in self._selections.items()
                if found.request or found.response
            }
        )

    def include(self, others: "Middlewares", prefix: Prefix, *, isolate: bool) -> None:
        """Take over `others`, for paths below `prefix`.

        Where they have any, those that were there do not run any more; unless
        `isolate` is false: then they run around the `others`, whatever the
        priorities.
        """
        around = self._select(prefix)
        for below, selection in others._selections.items():
            if not (selection.request or selection.response):
                continue
            # Those that were added for exactly this path are as near to it as the others.
            own = self._selections.get(prefix + below)
            outer = own or (None if isolate else around)
            self._selections[prefix + below] = Selection(
                prefix=prefix + below,
                request=(*(outer.request if outer else ()), *selection.request),
                response=(*selection.response, *(outer.response if outer else ())),
            )
            self._longest = max(self._longest, len(prefix + below))

    def _select(self, segments: Prefix) -> Selection:
        for length in range(min(self._longest, len(segments)), 0, -1):
            if (selection := self._selections.get(segments[:length])) is not None:
                return selection
        return self._selections[()]


def _refuse_other_prefixes(prefix: object) -> None:
    if not isinstance(prefix, tuple) or not all(isinstance(part, bytes) for part in prefix):
        raise TypeError(f"a prefix is a tuple of bytes such as (b'api',), not {prefix!r}")


def _in_order(
    added: list[tuple[MiddlewareKind, Middleware]], kind: MiddlewareKind
) -> tuple[Middleware, ...]:
    """Those of `kind`, small priorities first; of the same priority as they stand."""
    return tuple(sorted((one for of_kind, one in added if of_kind == kind), key=_priority))


def _priority(middleware: Middleware) -> int:
    return middleware.priority


def _named(middlewares: tuple[Middleware, ...]) -> Sequence[Registered]:
    return tuple((one.priority, one.plan.func) for one in middlewares)
