"""Which of the application's own error handlers an error is for.

What an error is without one is said in `failures`.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .exceptions import HTTPException
from .injection import CallPlan, plan_call
from .paths import Prefix, path_segments

__all__ = ("ErrorHandlers",)

_BUILT_IN = frozenset({400, 404, 405})
"""Statuses with an answer of their own, which no handler for 500 replaces."""


class ErrorHandlers:
    """Handlers by status and by exception. Picklable if they are."""

    __slots__ = ("_below", "_by_code", "_by_exception")

    def __init__(self) -> None:
        self._by_code: dict[int, CallPlan] = {}
        self._by_exception: dict[type[BaseException], CallPlan] = {}
        self._below: list[tuple[Prefix, ErrorHandlers]] = []
        """Those of mounted applications."""

    def copy(self) -> "ErrorHandlers":
        """The same handlers, to which others can be added apart."""
        twin = ErrorHandlers()
        twin._by_code.update(self._by_code)
        twin._by_exception.update(self._by_exception)
        twin._below.extend(self._below)
        return twin

    def include(self, others: "ErrorHandlers", prefix: Prefix) -> None:
        """Have `others` asked before these for paths below `prefix`."""
        self._below.append((prefix, others))
        self._below.extend((prefix + below, handlers) for below, handlers in others._below)

    def add(
        self, key: int | type[Exception], func: Callable[..., Any], provided: Iterable[str]
    ) -> None:
        """Register `func` for a status from 400 to 511, or for an exception and its subclasses.

        It takes the place of one that was registered before. Raises ValueError
        for another status, TypeError for another key or if `func` asks for what
        is not in `provided`.
        """
        plan = plan_call(func, provided=tuple(provided))
        if isinstance(key, type) and issubclass(key, Exception):
            self._by_exception[key] = plan
        elif isinstance(key, int):
            if not 400 <= key <= 511:
                raise ValueError(f"an error's status is 400 to 511, not {key}")
            self._by_code[key] = plan
        else:
            raise TypeError(f"an error handler is for a status or an exception, not for {key!r}")

    def nearest(self, path: bytes) -> Iterator["ErrorHandlers"]:
        """Yield those that are asked for an error on a raw `path`, those of a mount before these.

        Of several mounts that of the longest prefix comes first.
        """
        if self._below:
            segments = path_segments(path)
            near = [one for one in self._below if segments[: len(one[0])] == one[0]]
            near.sort(key=_length_of_prefix, reverse=True)
            yield from (handlers for _, handlers in near)
        yield self

    def find_for_exception(self, error: BaseException) -> CallPlan | None:
        """Return the handler for the nearest class of `error`, or None."""
        for kind in type(error).__mro__:
            if (plan := self._by_exception.get(kind)) is not None:
                return plan
        return None

    def find_for_status(self, failure: HTTPException) -> CallPlan | None:
        """Return the handler for the status of `failure`, or None.

        A status without a handler of its own, and without a built-in answer,
        falls to the handler for 500.
        """
        code = failure.code
        if not 400 <= code <= 511:
            return None
        if code in self._by_code or code in _BUILT_IN:
            return self._by_code.get(code)
        return self._by_code.get(500)


def _length_of_prefix(one: tuple[Prefix, ErrorHandlers]) -> int:
    return len(one[0])
