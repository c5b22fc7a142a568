"""One application under test: its server, the ways to it, and what went wrong there.

`client` and `sync_client` put the interface of httpx on top. What is noticed
while handlers run is the business of `observer`; here it is decided what a test
is told, and when.
"""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVarTuple

import anyio
from anyio import CancelScope
from anyio.abc import TaskGroup

from tremolo_core import value
from tremolo_transport.exchange import Address
from tremolo_transport.sweeper import SWEEP_SECONDS

from .clock import time_is_the_tests
from .errors import Misbehaviour
from .failure_log import FailureLog
from .lines import Line
from .memory_server import memory_server
from .observer import Observer
from .own_task import OwnTask
from .runs import Run
from .socket_server import socket_server
from .under_test import UnderTest
from .wire import Wire

__all__ = ("Harness", "Terms")

Ts = TypeVarTuple("Ts")


@value
class Terms:
    """How a test wants its application served and watched."""

    tcp: bool = False
    """Whether over a real socket, and not in memory."""
    raise_server_exceptions: bool = True
    """Whether what a handler raises is raised in the test too."""
    check_leaks: bool = True
    """Whether what handlers leave behind fails the test."""
    timeout: float | None = None
    """Seconds to wait for the server at most; None is 30, and an hour of a `Clock`."""
    grace: float | None = None
    """Seconds that a handler may run when its client has left; None is 5, and 60 of a `Clock`."""


class _Server(Protocol):
    @property
    def group(self) -> TaskGroup: ...

    async def connect(self, *, scheme: str, capacity: int | None) -> tuple[Line, Address]: ...

    def note_departure(self, client: Address) -> None: ...

    def begin_stop(self) -> None: ...


@value
class _Site:
    """What there is while the harness is open."""

    server: _Server
    timeout: float
    grace: float


class Harness:
    """Serves one application, and connects to it."""

    def __init__(self, under_test: UnderTest, terms: Terms) -> None:
        self._under_test = under_test
        self._terms = terms
        self._observer = Observer(under_test.handler, check_leaks=terms.check_leaks)
        self._log = FailureLog(self._observer.note_failure, more=under_test.loggers)
        self._home = OwnTask(self._serve())
        self._site: _Site | None = None
        self._wires: set[Wire] = set()

    async def open(self) -> None:
        """Start the application up. Raises what that raises."""
        self._log.attach()
        try:
            self._site = await self._home.enter()
        except BaseException:
            self._log.detach()
            raise

    async def close(self, error: BaseException | None = None) -> None:
        """Have all clients leave, wait for the handlers, and shut the application down.

        Raises what went wrong and was not told yet; or, if the test has failed
        already with `error`, adds it as notes to that.
        """
        __tracebackhide__ = True
        with CancelScope(shield=True):
            problems = await self._close()
        if error is not None:
            for problem in problems:
                error.add_note(f"besides, {type(problem).__name__}: {problem}")
        elif len(problems) == 1:
            raise problems[0]
        elif problems:
            raise BaseExceptionGroup("the application did several things wrong", problems)

    async def connect(
        self,
        *,
        scheme: str = "http",
        capacity: int | None = None,
        wrap: Callable[[Line], Line] | None = None,
    ) -> Wire:
        """Open a connection.

        `capacity` is how many bytes wait on their way in either direction, about;
        `wrap` may put something between.
        """
        site = self._open_site()
        line, client = await site.server.connect(scheme=scheme, capacity=capacity)

        def note_departure() -> None:
            if wire in self._wires:
                self._wires.discard(wire)
                site.server.note_departure(client)

        wire = Wire(
            wrap(line) if wrap is not None else line,
            client=client,
            timeout=site.timeout,
            on_left=note_departure,
        )
        self._wires.add(wire)
        return wire

    @property
    def is_open(self) -> bool:
        """Whether the application is served."""
        return self._site is not None

    def must_be_open(self) -> None:
        """Raise RuntimeError unless the application is served."""
        self._open_site()

    def start_soon(self, func: Callable[[*Ts], Coroutine[Any, Any, None]], *args: *Ts) -> None:
        """Run a function beside the test, as long as the harness is open."""
        self._open_site().server.group.start_soon(func, *args)

    # What became of requests.

    async def settle(self, client: Address) -> None:
        """Wait for the handler that answered the latest request of `client`.

        Raises TimeoutError if it does not end.
        """
        run = self._observer.latest_run(client)
        if run is not None and not run.over:
            seconds = self._open_site().timeout
            with anyio.move_on_after(seconds) as scope:
                await run.wait()
            if scope.cancelled_caught:
                raise TimeoutError(
                    f"the handler of {run} has answered, but still runs after {seconds:g} s"
                )

    def take_failure(self, client: Address) -> BaseException | None:
        """What the handler of the latest request of `client` raised, if that is wanted."""
        run = self._observer.latest_run(client)
        if run is None or not self._terms.raise_server_exceptions:
            return None
        return next(iter(self._observer.take_failures(run)), None)

    async def all_over(self) -> list[Misbehaviour]:
        """Wait for handlers whose clients have left; return a complaint for each that goes on."""
        site = self._open_site()
        if not self._observer.running:
            return []
        with anyio.move_on_after(site.grace):
            for run in self._departed():
                while not run.over:
                    # A handler may have read on, and only now look no more.
                    site.server.note_departure(run.client)
                    with anyio.move_on_after(SWEEP_SECONDS):
                        await run.wait()
        return [
            Misbehaviour(
                f"the handler of {run} still runs {site.grace:g} s after its client has left."
                f" {self._under_test.advice}. Or give the client `app_close_timeout`, after which"
                " the server cancels it, as it does in production"
            )
            for run in self._departed()
        ]

    def take_problems(self) -> list[BaseException]:
        """What went wrong and was not told yet, as far as the test wants to know."""
        failures = self._observer.take_failures()
        if not self._terms.raise_server_exceptions:
            failures = []
        return [*failures, *self._observer.take_misbehaviours()]

    # How it works.

    def _departed(self) -> list[Run]:
        """Handlers that run, though their clients have left."""
        here = {wire.client for wire in self._wires}
        return [run for run in self._observer.running if run.client not in here]

    def _open_site(self) -> _Site:
        if self._site is None:
            raise RuntimeError(
                "the client is not open: enter it, as in `async with Client(app) as client`"
            )
        return self._site

    @asynccontextmanager
    async def _serve(self) -> AsyncIterator[_Site]:
        terms = self._terms
        on_clock = time_is_the_tests()
        if on_clock and terms.tcp:
            raise RuntimeError(
                "over a real socket time cannot be the test's: use tcp=True without a Clock"
            )
        settings = self._under_test.settings
        serve = socket_server if terms.tcp else memory_server
        async with serve(self._observer, settings) as server:
            yield _Site(
                server=server,
                timeout=_seconds(terms.timeout, 3_600.0 if on_clock else 30.0),
                grace=_seconds(terms.grace, 60.0 if on_clock else 5.0),
            )

    async def _close(self) -> list[BaseException]:
        site = self._open_site()
        problems: list[BaseException] = []
        for wire in tuple(self._wires):
            await wire.aclose()
        stuck = await self.all_over()
        if self._terms.check_leaks:
            problems += stuck
        site.server.begin_stop()
        self._site = None
        try:
            await self._home.leave()
        except Exception as error:
            problems.append(error)
        self._log.detach()
        return problems + self.take_problems()


def _seconds(wanted: float | None, default: float) -> float:
    return default if wanted is None else wanted
