"""What handlers have begun and not ended: tasks of asyncio, and asynchronous generators.

How it is noticed that they begin something is the business of `task_watch` and
`generator_watch`.
"""

import asyncio
import weakref
from collections.abc import Iterator
from types import AsyncGeneratorType, CodeType
from typing import Any

from anyio.lowlevel import checkpoint

from .errors import Misbehaviour
from .turns import TURNS

__all__ = ("LeftBehind",)


class LeftBehind:
    """Everything that the runs of one handler have begun, as far as it may still be there."""

    def __init__(self) -> None:
        self._tasks: weakref.WeakKeyDictionary[asyncio.Task[Any], str] = weakref.WeakKeyDictionary()
        # By their ids, as a generator that is being deleted has lost its weak references.
        self._generators: dict[int, tuple[weakref.ref[AsyncGeneratorType[Any, Any]], str]] = {}
        self._abandoned: list[Misbehaviour] = []

    def note_task(self, task: asyncio.Task[Any], run: object) -> None:
        """Note that a task was started in `run`."""
        self._tasks[task] = str(run)

    def note_generator(self, generator: AsyncGeneratorType[Any, Any], run: object) -> None:
        """Note that a generator has begun in `run`."""
        self._generators[id(generator)] = (weakref.ref(generator), str(run))

    def note_abandoned(self, generator: AsyncGeneratorType[Any, Any]) -> None:
        """Note that a generator is deleted that has not come to its end."""
        found = self._generators.pop(id(generator), None)
        if found is not None:
            self._abandoned.append(_left_open(generator, found[1]))

    async def find(self) -> list[Misbehaviour]:
        """What is still there, each once. Tasks are cancelled, generators closed."""
        return [*await self._find_tasks(), *await self._find_generators()]

    async def _find_tasks(self) -> list[Misbehaviour]:
        if not self._tasks:
            return []
        await self._give_time()
        found = [
            Misbehaviour(
                f"the handler of {run} left a task behind, which still runs: {_name(task)}."
                " Wait for it before the handler returns, or start it in a task group that the"
                " application's start-up opens"
            )
            for task, run in self._tasks.items()
            if not task.done()
        ]
        for task in tuple(self._tasks):
            task.cancel()
        await self._give_time()
        self._tasks.clear()
        return found

    async def _give_time(self) -> None:
        for _ in range(TURNS):
            if all(task.done() for task in self._tasks):
                return
            await checkpoint()

    async def _find_generators(self) -> list[Misbehaviour]:
        found, self._abandoned = self._abandoned, []
        for generator, run in self._open_generators():
            found.append(_left_open(generator, run))
            await generator.aclose()
        self._generators.clear()
        return found

    def _open_generators(self) -> Iterator[tuple[AsyncGeneratorType[Any, Any], str]]:
        for reference, run in tuple(self._generators.values()):
            generator = reference()
            if generator is not None and generator.ag_frame is not None:
                yield generator, run


def _left_open(generator: AsyncGeneratorType[Any, Any], run: str) -> Misbehaviour:
    return Misbehaviour(
        f"the handler of {run} left an asynchronous generator before its end and did not close"
        f" it: {generator.__qualname__} ({_place(generator.ag_code)}). Iterate over it inside"
        " `async with contextlib.aclosing(...)`"
    )


def _name(task: asyncio.Task[Any]) -> str:
    coroutine = task.get_coro()
    code = getattr(coroutine, "cr_code", None)
    name = getattr(coroutine, "__qualname__", repr(coroutine))
    return name if code is None else f"{name} ({_place(code)})"


def _place(code: CodeType) -> str:
    return f"{code.co_filename}:{code.co_firstlineno}"
