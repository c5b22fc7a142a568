"""Which handler a request is for: a table from paths and methods to routes.

What a pattern matches is said in `templates`; what is done with a route, or
with none, is decided in `dispatcher`.
"""

import copy
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from tremolo_core import value

from .injection import ON_REQUEST, plan_call
from .paths import canonical_path, read_prefix
from .route_options import RouteOptions, read_route_options
from .templates import Expression, Parameters, Pattern, Template, is_pattern, parse_pattern

__all__ = ("Match", "Refusal", "Route", "RouteTable")

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""RFC 9110 5.6.2."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Route:
    """A handler with the paths and the methods that it is for. Picklable if the handler is."""

    __slots__ = ("_given", "has_options", "methods", "name", "options", "path", "pattern", "plan")

    def __init__(
        self,
        func: Callable[..., Any],
        path: str,
        *,
        methods: Iterable[str] | None,
        name: str | None = None,
        provided: Collection[str],
        options: Mapping[str, Any],
        call: Callable[..., Any] | None = None,
    ) -> None:
        self.path = path
        self.pattern = _read_path(path)
        """None for a literal path."""
        self.methods = None if methods is None else _read_methods(methods)
        """None is every method."""
        self.name = name
        """What it is called in reverse routing; None if nobody can ask for it."""
        names = () if self.pattern is None else self.pattern.names
        if isinstance(self.pattern, Template) and (taken := set(names) & {*provided, *ON_REQUEST}):
            raise ValueError(f"{path!r}: {min(taken)!r} is given to handlers already")
        self._given = tuple(name for name in names if name not in {*provided, *ON_REQUEST})
        self.plan = plan_call(
            func,
            provided=(*provided, *self._given),
            if_named=ON_REQUEST,
            options=options,
            call=call,
        )
        self.options = read_route_options(
            self.plan.options, name=self.plan.name, asked=self.plan.asked
        )
        self.has_options = self.options != RouteOptions()
        """Whether any of `options` wants something done."""

    def below(self, prefix: str) -> "Route":
        """The same route for the same paths below `prefix`."""
        twin = copy.copy(self)
        if isinstance(self.pattern, Expression):
            twin.pattern = Expression(self.path, read_prefix(prefix) + self.pattern.prefix)
            return twin
        twin.path = prefix.rstrip("/") + self.path
        twin.pattern = _read_path(twin.path)
        return twin

    def url_for(self, parameters: Mapping[str, object]) -> str:
        """Return the path, percent-encoded, for `parameters`.

        Raises ValueError if these are not its parameters, or if its path is a
        regular expression.
        """
        if isinstance(self.pattern, Expression):
            raise ValueError(f"{self.path!r} is a regular expression; no path can be made of it")
        template = Template(self.path) if self.pattern is None else self.pattern
        return template.fill(parameters)

    def match(self, parameters: Parameters) -> "Match":
        """The match for a path in which the pattern, or one like it, found `parameters`."""
        if isinstance(self.pattern, Template):
            # A route of the same paths may call them otherwise.
            parameters = parameters.called(self.pattern.names)
        arguments = {name: parameters.named[name] for name in self._given}
        for name, default in self.plan.defaults.items():
            if name in arguments and arguments[name] is None:
                # An expression's group that took no part in it.
                arguments[name] = default
        return Match(route=self, arguments=arguments, found=parameters.found)


@value
class Match:
    """The route for a request."""

    route: Route
    arguments: Mapping[str, Any]
    """What its handler is given besides what every handler is given."""
    found: Mapping[str, Any] | tuple[bytes | None, ...]
    """What the request's context holds as `path`, if there is anything in it."""


@value
class Refusal:
    """There is no route for a request."""

    allow: tuple[bytes, ...] = ()
    """The methods that there are routes for on this path, sorted; none: there is no such path."""


class RouteTable:
    """Routes by path. To find one takes as long in a large table as in a small one.

    But for patterns that differ in nothing but the types of their parameters,
    and for regular expressions: of these each is tried.
    """

    __slots__ = ("_by_path", "_of_any_method", "_shapes")

    def __init__(self, routes: Iterable[Route] = ()) -> None:
        self._by_path: dict[bytes, _Methods] = {}
        self._of_any_method: dict[bytes, Match] = {}
        """What there is for those paths of which nobody has named a method, as for most."""
        self._shapes: dict[object, _Shape] = {}
        entries: dict[object, _Entry] = {}
        for order, route in enumerate(routes):
            if route.pattern is None:
                path = canonical_path(route.path.encode("utf-8"))
                self._by_path.setdefault(path, _Methods()).add(route)
                continue
            entry = entries.get(route.pattern.key)
            if entry is None:
                entry = entries[route.pattern.key] = _Entry(route.pattern)
                shape = _Shape(route.pattern)
                self._shapes.setdefault(shape.key, shape).add(entry)
            entry.order = order
            entry.methods.add(route)
        for path, methods in self._by_path.items():
            if (match := methods.of_any()) is not None:
                self._of_any_method[path] = match

    def find(self, path: bytes, query: bytes, method: bytes) -> Match | Refusal:
        """Return the route for a request's raw `path` and `query`; there is none for `*`.

        Literal paths come first, then patterns; of several routes the last that
        was registered. A route for GET is also for HEAD, unless there is
        another for that.
        """
        # Keys are canonical, so a raw path that is one of them is canonical too.
        match = self._of_any_method.get(path)
        if match is not None:
            return match
        methods = self._by_path.get(path)
        if methods is not None and (match := methods.find(method)) is not None:
            return match
        return self._find_further(path, query, method)

    def allow(self) -> tuple[bytes, ...]:
        """The methods that there is any route for, sorted: the answer to `OPTIONS *`."""
        every = [*self._by_path.values(), *(entry.methods for entry in self._entries())]
        return _sorted_allow(every) or (b"OPTIONS",)

    def _find_further(self, path: bytes, query: bytes, method: bytes) -> Match | Refusal:
        if path == b"*":
            return Refusal(allow=self.allow())
        canonical = canonical_path(path)
        methods = self._by_path.get(canonical)
        refusing: list[_Methods] = []
        if methods is not None:
            if (match := methods.find(method)) is not None:
                return match
            refusing.append(methods)
        segments = canonical[1:].split(b"/")
        url = path + b"?" + query if query else path
        for entry in self._candidates(segments):
            parameters = entry.pattern.match(segments, url)
            if parameters is None:
                continue
            if (match := entry.methods.find(method)) is not None:
                return match.route.match(parameters)
            refusing.append(entry.methods)
        return Refusal(allow=_sorted_allow(refusing))

    def _candidates(self, segments: list[bytes]) -> list["_Entry"]:
        """The patterns that may match, the one that was registered last first."""
        found = [entry for shape in self._shapes.values() for entry in shape.find(segments)]
        found.sort(key=_by_order, reverse=True)
        return found

    def _entries(self) -> Iterator["_Entry"]:
        for shape in self._shapes.values():
            yield from shape.entries()


class _Shape:
    """Patterns with literal segments in the same places, by what these are."""

    __slots__ = ("_by_literals", "_length", "_open", "_places")

    def __init__(self, pattern: Pattern) -> None:
        self._places = tuple(place for place, _ in pattern.literals)
        if isinstance(pattern, Template):
            self._length = pattern.length
            self._open = pattern.rest
        else:
            self._length = len(pattern.prefix)
            self._open = True
        self._by_literals: dict[tuple[bytes, ...], list[_Entry]] = {}

    @property
    def key(self) -> object:
        return self._places, self._length, self._open

    def add(self, entry: "_Entry") -> None:
        literals = tuple(literal for _, literal in entry.pattern.literals)
        self._by_literals.setdefault(literals, []).append(entry)

    def find(self, segments: list[bytes]) -> Iterable["_Entry"]:
        count = len(segments)
        if count != self._length and not (self._open and count > self._length):
            return ()
        return self._by_literals.get(tuple(segments[place] for place in self._places), ())

    def entries(self) -> Iterator["_Entry"]:
        for entries in self._by_literals.values():
            yield from entries


class _Methods:
    """The routes of one path, or of one pattern."""

    __slots__ = ("_any", "_by_method")

    def __init__(self) -> None:
        # Ready-made, as most requests are for paths without parameters.
        self._by_method: dict[bytes, Match] = {}
        self._any: Match | None = None

    def add(self, route: Route) -> None:
        match = Match(route=route, arguments=_NOTHING, found=_NOTHING)
        if route.methods is None:
            self._by_method.clear()
            self._any = match
        else:
            self._by_method.update(dict.fromkeys(route.methods, match))

    def find(self, method: bytes) -> Match | None:
        match = self._by_method.get(method, self._any)
        if match is self._any and method == b"HEAD":
            return self._by_method.get(b"GET", match)
        return match

    def of_any(self) -> Match | None:
        """What there is for all methods alike; None if any has another."""
        return None if self._by_method else self._any

    def names(self) -> Iterable[bytes]:
        """The methods that routes name."""
        return self._by_method


class _Entry:
    """One pattern with its routes."""

    __slots__ = ("methods", "order", "pattern")

    def __init__(self, pattern: Pattern) -> None:
        self.pattern = pattern
        self.methods = _Methods()
        self.order = 0


def _by_order(entry: _Entry) -> int:
    return entry.order


def _sorted_allow(several: Iterable[_Methods]) -> tuple[bytes, ...]:
    """The methods that are answered by any of `several`, without a route for it or with one."""
    allow = {name for methods in several for name in methods.names()}
    if not allow:
        return ()
    if b"GET" in allow:
        allow.add(b"HEAD")
    return tuple(sorted(allow | {b"OPTIONS"}))


def _read_path(path: str) -> Pattern | None:
    if not isinstance(path, str):
        raise TypeError(f"a route's path is a str, not {path!r}")
    if is_pattern(path):
        pattern = parse_pattern(path)
        if isinstance(pattern, Expression):
            return pattern
    else:
        pattern = None
    if not path.startswith("/"):
        raise ValueError(f"a route's path begins with a slash, not as {path!r} does")
    return pattern


def _read_methods(methods: Iterable[object]) -> frozenset[bytes]:
    if isinstance(methods, str):
        raise TypeError(f"methods is a list of names: [{methods!r}], not {methods!r}")
    names: set[bytes] = set()
    for name in methods:
        if not isinstance(name, str) or _TOKEN.fullmatch(name) is None:
            raise ValueError(f"{name!r} is not the name of a method (RFC 9110 9.1)")
        names.add(name.upper().encode("ascii"))
    if not names:
        raise ValueError("a route without methods is never reached; leave `methods` out for all")
    return frozenset(names)
