"""Tasks that live no longer than the connection they were started for.

They run in the server's task group; who may start them is said in `peer`.
"""

import logging
from collections.abc import Awaitable, Callable

from anyio import CancelScope
from anyio.abc import TaskGroup

from .cancellation import is_cancellation

__all__ = ("ConnectionTasks",)

logger = logging.getLogger("tremolo.server")


class ConnectionTasks:
    """The tasks of one connection."""

    __slots__ = ("_on_failure", "_scopes", "_task_group")

    def __init__(self, task_group: TaskGroup, on_failure: Callable[[], None]) -> None:
        """`on_failure` is called when a task has raised what is no cancellation."""
        self._task_group = task_group
        self._on_failure = on_failure
        self._scopes: set[CancelScope] = set()

    def start(self, function: Callable[[], Awaitable[object]]) -> None:
        """Run `function` in a task until it ends or `cancel` is called."""
        # Known from now on, as the task may be cancelled before its first step.
        scope = CancelScope()
        self._scopes.add(scope)
        self._task_group.start_soon(self._run, function, scope)

    def cancel(self) -> None:
        """Cancel all that run."""
        for scope in self._scopes:
            scope.cancel()

    async def _run(self, function: Callable[[], Awaitable[object]], scope: CancelScope) -> None:
        try:
            with scope:
                await function()
        except BaseException as error:
            if is_cancellation(error) or isinstance(error, KeyboardInterrupt | GeneratorExit):
                raise
            logger.exception("a task of a connection failed")
            self._on_failure()
        finally:
            self._scopes.discard(scope)
