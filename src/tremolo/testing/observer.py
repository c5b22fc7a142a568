"""Stands between the server and the handler under test, and notes what becomes of each run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import Context, ContextVar, copy_context
from typing import Any

from tremolo_transport.exchange import (
    Address,
    ClientDisconnected,
    Exchange,
    Handler,
    ManagedHandler,
)

from .errors import Misbehaviour
from .generator_watch import unwatch_generators, watch_generators
from .left_behind import LeftBehind
from .runs import CURRENT_RUN, Run
from .task_watch import unwatch_tasks, watch_tasks

__all__ = ("Observer",)

_MISSING = object()

_OBSERVER: ContextVar["Observer"] = ContextVar("_OBSERVER")
"""Set in every task of a server under test."""


class Observer:
    """A `ManagedHandler` that runs another handler."""

    def __init__(self, handler: Handler, *, check_leaks: bool) -> None:
        self._handler = handler
        self._check_leaks = check_leaks
        self._left_behind = LeftBehind()
        self._latest: dict[Address, Run] = {}
        self._failures: list[tuple[Run | None, BaseException]] = []
        self._context = Context()
        """The one that start-up left, of which each request gets a copy."""
        self._pristine = Context()
        """What should be in it."""
        self.running: set[Run] = set()
        """Runs that are not over."""
        self._misbehaviours: list[Misbehaviour] = []

    # What the server calls.

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[Context]:
        """As that of the handler, if it has one; then look for what was left behind."""
        self.claim_context()
        if self._check_leaks:
            watch_tasks()
        try:
            if isinstance(self._handler, ManagedHandler):
                async with self._handler.lifespan() as context:
                    self._begin_with(context)
                    yield context
            else:
                self._begin_with(copy_context())
                yield self._context
        finally:
            if self._check_leaks:
                unwatch_tasks()
        self._misbehaviours += await self._left_behind.find()
        unwatch_generators()

    async def __call__(self, exchange: Exchange, /) -> None:
        """Answer one request, as the handler does."""
        client = exchange.peer.client
        assert client is not None, "a server under test knows its clients by their addresses"
        run = Run(exchange.request, client, self._left_behind)
        self._latest[client] = run
        self.running.add(run)
        CURRENT_RUN.set(run)
        if self._check_leaks:
            watch_generators()
        try:
            await self._handler(exchange)
        except (Exception, SystemExit) as error:
            if not _is_disconnect(error):
                self._failures.append((run, error))
            raise
        finally:
            self.running.discard(run)
            if self._check_leaks:
                self._look_at_context(run)
            run.end()

    def claim_context(self) -> None:
        """Have what is logged in the current context, and in its copies, count as ours."""
        _OBSERVER.set(self)

    # What the client asks.

    def latest_run(self, client: Address) -> Run | None:
        """The latest run for a request that came from `client`."""
        return self._latest.get(client)

    def note_failure(self, error: BaseException) -> None:
        """Note what Tremolo has logged, unless it is known or concerns another's server."""
        if _OBSERVER.get(None) is self and all(known is not error for _, known in self._failures):
            self._failures.append((CURRENT_RUN.get(None), error))

    def take_failures(self, run: Run | None = None) -> list[BaseException]:
        """What went wrong in `run`, or in all; nothing is told twice."""
        if not self._failures:
            return []
        taken = [error for where, error in self._failures if run is None or where is run]
        self._failures = [each for each in self._failures if all(each[1] is not t for t in taken)]
        return taken

    def take_misbehaviours(self) -> list[Misbehaviour]:
        """What no answer has shown; nothing is told twice."""
        taken, self._misbehaviours = self._misbehaviours, []
        return taken

    # How it works.

    def _begin_with(self, context: Context) -> None:
        self._context = context
        self._pristine = context.copy()

    def _look_at_context(self, run: Run) -> None:
        changed = [
            variable
            for variable, value in self._context.items()
            if self._pristine.get(variable, _MISSING) is not value
        ]
        for variable in changed:
            self._misbehaviours.append(_leaked(variable, self._context[variable], run))
        if changed:
            self._pristine = self._context.copy()


def _leaked(variable: ContextVar[Any], value: object, run: Run) -> Misbehaviour:
    return Misbehaviour(
        f"the handler of {run} set the context variable {variable.name!r} for all requests that"
        f" follow, to {value!r}: it ran code in the context that start-up left"
    )


def _is_disconnect(error: BaseException) -> bool:
    """Whether the server lets `error` go, as it says only that the client has left."""
    if isinstance(error, BaseExceptionGroup):
        return error.split(ClientDisconnected)[1] is None
    return isinstance(error, ClientDisconnected)
