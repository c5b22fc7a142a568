"""Paths with parameters, such as `/items/{id:int}`, and paths that are regular expressions.

Which type a parameter has is said in `converters`; which of several routes
that match is taken, in `routes`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import quote

from tremolo_core import value

from .converters import CONVERTERS, segment_text
from .paths import Prefix, canonical_path

__all__ = ("Expression", "Parameters", "Pattern", "Template", "is_pattern", "parse_pattern")

_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::([a-z]+))?\}")

_ENDS_THE_PATH = re.compile(rb".*(?<!\\)(?:\\\\)*\$", re.DOTALL)
"""A dollar sign at the end, unless it is escaped and stands for itself."""

_NEED_NO_ENCODING = "!$&'()*+,;=:@%"
"""RFC 3986 3.3, and the percent sign, as it is encoded in canonical paths already."""

_REST = "path"
"""The type that takes the rest of the path, slashes included."""


@value
class Parameters:
    """What a pattern found in a path."""

    named: Mapping[str, Any]
    """By name, for handlers; what took no part in an expression is None."""
    found: Mapping[str, Any] | tuple[bytes | None, ...]
    """For `request.params["path"]`: the same, or the groups of an expression without names."""

    def called(self, names: tuple[str, ...]) -> "Parameters":
        """The same values by other names, in their order in the path."""
        if tuple(self.named) == names:
            return self
        named = dict(zip(names, self.named.values(), strict=True))
        return Parameters(named=named, found=named)


class Template:
    """A path some of whose segments are parameters."""

    __slots__ = ("_segments", "_types", "key", "names", "rest")

    def __init__(self, path: str) -> None:
        """Raises ValueError if `path` is not well-formed."""
        names: list[str] = []
        segments: list[bytes | None] = []
        types: list[str] = []
        self.rest = False
        """Whether the last parameter takes all further segments."""
        for segment in path.strip("/").split("/"):
            if self.rest:
                raise ValueError(f"{path!r}: a parameter of type {_REST!r} is the last segment")
            if "{" not in segment and "}" not in segment:
                segments.append(canonical_path(segment.encode("utf-8"))[1:])
                continue
            found = _PARAMETER.fullmatch(segment)
            if found is None:
                raise ValueError(
                    f"{path!r}: a parameter is a whole segment, `{{name}}` or `{{name:type}}`,"
                    f" and {segment!r} is none"
                )
            name, kind = found[1], found[2] or "str"
            if name in names:
                raise ValueError(f"{path!r} has two parameters called {name!r}")
            if kind != _REST and kind not in CONVERTERS:
                known = ", ".join(sorted({*CONVERTERS, _REST}))
                raise ValueError(f"{path!r}: {kind!r} is none of the types {known}")
            names.append(name)
            types.append(kind)
            segments.append(None)
            self.rest = kind == _REST
        self.names = tuple(names)
        self._segments = tuple(segments)
        self._types = tuple(types)
        self.key: object = (self._segments, self._types)
        """Equal for templates of the same paths, whatever their parameters are called."""

    @property
    def length(self) -> int:
        """How many segments its paths have; how many at least, with `rest`."""
        return len(self._segments)

    @property
    def literals(self) -> tuple[tuple[int, bytes], ...]:
        """The segments that its paths have in common, each with its place."""
        return tuple(
            (place, literal) for place, literal in enumerate(self._segments) if literal is not None
        )

    def match(self, segments: Sequence[bytes], url: bytes = b"") -> Parameters | None:
        """Find the parameters in the segments of a canonical path; None if they do not match."""
        if len(segments) != self.length and not (self.rest and len(segments) > self.length):
            return None
        values: list[object] = []
        for index, literal in enumerate(self._segments):
            if literal is not None:
                if literal != segments[index]:
                    return None
                continue
            content = self._convert(self._types[len(values)], segments[index:])
            if content is None:
                return None
            values.append(content)
        named = dict(zip(self.names, values, strict=True))
        return Parameters(named=named, found=named)

    def fill(self, parameters: Mapping[str, object]) -> str:
        """Return the path, percent-encoded, with `parameters` in their places.

        Raises ValueError if a parameter is missing, left over, or not of its type.
        """
        if set(parameters) != set(self.names):
            raise ValueError(
                f"the parameters of this path are {', '.join(self.names)},"
                f" not {', '.join(parameters) or 'none'}"
            )
        parts: list[str] = []
        given = iter(zip(self.names, self._types, strict=True))
        for literal in self._segments:
            if literal is not None:
                parts.append(quote(literal, safe=_NEED_NO_ENCODING))
                continue
            name, kind = next(given)
            text = str(parameters[name])
            pieces = text.split("/") if kind == _REST else [text]
            encoded = [quote(piece, safe="") for piece in pieces]
            canonical = [canonical_path(piece.encode("ascii"))[1:] for piece in encoded]
            if self._convert(kind, canonical) is None:
                raise ValueError(f"{name!r} is of type {kind}, and {text!r} is not")
            parts.extend(encoded)
        return "/" + "/".join(parts)

    @staticmethod
    def _convert(kind: str, segments: Sequence[bytes]) -> object | None:
        """The value of a parameter that begins with the first of `segments`."""
        if kind != _REST:
            text = segment_text(segments[0])
            return None if text is None else CONVERTERS[kind](text)
        texts = [segment_text(segment) for segment in segments]
        known = [text for text in texts if text is not None]
        return "/".join(known) if len(known) == len(texts) else None


class Expression:
    """A path that is a regular expression: it begins with `^`, or ends with `$`.

    It is searched in the undecoded path with its query, as bytes; one that ends
    with `$` need not say that a query may follow. Below a prefix it is searched
    in what comes behind that. How long that takes is the author's responsibility.
    """

    __slots__ = ("_pattern", "key", "names", "prefix")

    def __init__(self, path: str, prefix: Prefix = ()) -> None:
        """Raises ValueError if `path` is no regular expression."""
        source = path.encode("utf-8")
        if _ENDS_THE_PATH.fullmatch(source):
            source = source[:-1] + rb"(?:\?.*)?\Z"
        try:
            self._pattern = re.compile(source)
        except re.error as error:
            raise ValueError(f"{path!r} is not a regular expression: {error}") from error
        self.names = tuple(self._pattern.groupindex)
        self.prefix = prefix
        """The first segments of all its paths."""
        self.key: object = (prefix, path)
        """Equal for the same expressions."""

    @property
    def literals(self) -> tuple[tuple[int, bytes], ...]:
        """The segments of the prefix, each with its place."""
        return tuple(enumerate(self.prefix))

    def match(self, segments: Sequence[bytes], url: bytes) -> Parameters | None:
        """Find the groups in `url`, a raw path with its query; None if it does not match.

        `segments` are those of the path in its one spelling.
        """
        if self.prefix:
            if tuple(segments[: len(self.prefix)]) != self.prefix:
                return None
            url = _behind(url, len(self.prefix))
        found = self._pattern.search(url)
        if found is None:
            return None
        named = found.groupdict()
        return Parameters(named=named, found=named or found.groups())


Pattern: TypeAlias = Template | Expression


def _behind(url: bytes, count: int) -> bytes:
    """A raw path with its query, without its first `count` segments."""
    path, mark, query = url.partition(b"?")
    parts = path.lstrip(b"/").split(b"/", count)
    return b"/" + (parts[count] if len(parts) > count else b"") + mark + query


def is_pattern(path: str) -> bool:
    """Whether `path` is more than a literal path."""
    return _is_expression(path) or "{" in path or "}" in path


def parse_pattern(path: str) -> Pattern:
    """Read a path that is a pattern. Raises ValueError if it is not well-formed."""
    return Expression(path) if _is_expression(path) else Template(path)


def _is_expression(path: str) -> bool:
    return path.startswith("^") or path.endswith("$")
