"""Keeps a context manager open across tasks, as the fixtures of a test need it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from contextvars import copy_context
from typing import Generic, TypeVar

import anyio
from anyio import CancelScope

from .backends import on_asyncio

__all__ = ("OwnTask",)

T = TypeVar("T")


class OwnTask(Generic[T]):
    """Enters and leaves a context manager in a task of its own, which belongs to nobody.

    So it may have task groups in it and yet be left in another task than it was
    entered in, nothing of the test is inside those, and no error is wrapped.
    """

    def __init__(self, manager: AbstractAsyncContextManager[T]) -> None:
        self._manager = manager
        self._values: list[T] = []
        self._error: Exception | None = None

    async def enter(self) -> T:
        """Enter it. Raises what entering raises."""
        self._scope = CancelScope()
        self._entered, self._leaving, self._ended = (anyio.Event() for _ in range(3))
        self._task = _start(self._live)
        try:
            await self._entered.wait()
        except BaseException:
            self._scope.cancel()
            with CancelScope(shield=True):
                await self._ended.wait()
            raise
        self._raise_error()
        return self._values[0]

    async def leave(self) -> None:
        """Leave it. Raises what leaving raises. To be called once, after `enter`."""
        self._leaving.set()
        await self._ended.wait()
        self._raise_error()

    async def _live(self) -> None:
        try:
            with self._scope:
                async with self._manager as value:
                    self._values.append(value)
                    self._entered.set()
                    await self._leaving.wait()
        except Exception as error:
            self._error = error
        finally:
            self._entered.set()
            self._ended.set()

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error


def _start(func: Callable[[], Awaitable[None]]) -> object:
    """Start a task that no other waits for; return what keeps it alive."""
    if on_asyncio():

        async def run() -> None:
            await func()

        return asyncio.create_task(run())
    import trio

    return trio.lowlevel.spawn_system_task(func, context=copy_context())
