"""Functions, seen from outside: whether they are asynchronous, and what they take."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from inspect import Parameter
from typing import Any

from anyio import from_thread

__all__ = ("getoptions", "is_async", "to_sync")


def is_async(func: object) -> bool:
    """Whether `func` is an `async def`, one that yields included."""
    return inspect.iscoroutinefunction(func) or inspect.isasyncgenfunction(func)


def getoptions(func: Callable[..., Any]) -> dict[str, Any]:
    """The defaults of the parameters of `func` that can be positional; None where there is none."""
    return {
        name: None if parameter.default is Parameter.empty else parameter.default
        for name, parameter in inspect.signature(func).parameters.items()
        if parameter.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    }


class to_sync:  # noqa: N801 # it is called like a function
    """`obj` for a worker thread: what is awaited there blocks here, other attributes are its own.

    `loop` is the event loop of asyncio that runs; None is the one that started
    the thread, be it trio's.
    """

    def __init__(self, obj: object, loop: asyncio.AbstractEventLoop | None) -> None:
        self._obj = obj
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        """What `obj` has by that name; Python asks only for what is not defined here."""
        found = getattr(self._obj, name)
        if inspect.iscoroutinefunction(found):
            return partial(self._await, found)
        if inspect.isasyncgenfunction(found):
            return partial(self._iterate, found)
        return found

    def _await(self, func: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        if self._loop is None:
            return from_thread.run(partial(func, *arguments, **named))
        return asyncio.run_coroutine_threadsafe(func(*arguments, **named), self._loop).result()

    def _iterate(
        self, func: Callable[..., AsyncIterator[Any]], /, *arguments: Any, **named: Any
    ) -> Iterator[Any]:
        iterator = func(*arguments, **named)
        end = object()

        async def following() -> Any:
            return await anext(iterator, end)

        while (one := self._await(following)) is not end:
            yield one
