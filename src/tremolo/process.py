"""One serving process from its event loop to its exit code: of a program alone, or of a worker.

Which of the two it is, and what is said to users besides the log, is decided in
`program`.
"""

import contextvars
import logging
import math
import random
import signal
import time
import traceback
from collections.abc import Awaitable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, TypeAlias, assert_never

import anyio

from tremolo_asgi import LifespanFailed
from tremolo_transport import Listener, ListeningSocket, Server, serve
from tremolo_transport.exchange import Exchange, Handler, ManagedHandler
from tremolo_transport.listeners import Listenable
from tremolo_transport.memory_use import resident_kib
from tremolo_transport.parting import Parting
from tremolo_transport.seat import Command, Report, Seat
from tremolo_transport.signals import Echoes, Wakeup, on_signals
from tremolo_transport.stuck_code import blocked_loop, busy_threads
from tremolo_transport.watchdog import Watchdog, leave

from .config import Config, Loop
from .exit_codes import ExitCode, complain

__all__ = ("Process",)

_logger = logging.getLogger("tremolo.program")

_LAST_CALL_SECONDS = 0.5
"""How long idle connections are listened to when the program stops."""

_MOST_MARGIN_SECONDS = 5.0
"""What clean-up may take beyond the bound, until the process is ended around it."""

_AT_ONCE_SECONDS = 2.0
"""The same, when it was to end at once."""

_ORPHAN_SECONDS = 5.0
"""How long requests in flight may take when the supervisor is gone: another wants the port."""

_PATIENCE_SECONDS = 1.0
"""How long functions in threads may take to end, once nothing else runs any more."""

_RELOAD: signal.Signals | None = getattr(signal, "SIGHUP", None)
"""Has a program without workers read its certificates again; one with workers replaces those."""

_Order: TypeAlias = signal.Signals | Command | Report
"""What it was told; or what it is to tell its supervisor, who will tell it what to do."""


class Process:
    """One run, in the main thread."""

    def __init__(
        self,
        handler: Handler,
        config: Config,
        *,
        listeners: Sequence[Listenable],
        seat: Seat | None = None,
    ) -> None:
        """`seat` is that of a worker; a program that is alone has none."""
        self._handler = _Watched(handler)
        self._config = config
        self._listeners = listeners
        self._seat = seat
        self._server: Server | None = None
        self._orders: list[_Order] = []
        self._echoes = Echoes()
        self._stopping = False
        self._ended_by: signal.Signals | None = None
        self._wakeup = Wakeup()
        self._watchdog = Watchdog(self._report)

    def run(self) -> int:
        """Serve until told to stop, and return the exit code.

        If something cannot be stopped, it is named in the log and the process
        ends here.
        """
        numbers = {signal.SIGTERM} if self._seat is not None else {signal.SIGINT, signal.SIGTERM}
        if self._seat is None and _RELOAD is not None and any(map(_speaks_tls, self._listeners)):
            # Where there is nothing to read again, a terminal that closes is to end the program.
            numbers.add(_RELOAD)
        backend, options = _backend(self._config.loop)
        if self._seat is not None:
            # What is left in its place at the end, for whoever signals all processes of a service:
            # a worker that has done its work is to end with its own code.
            signal.signal(signal.SIGTERM, lambda number, frame: None)
        try:
            with on_signals(numbers, self._note):
                if self._seat is not None:
                    self._seat.obey(self._note)
                code = anyio.run(self._run, backend=backend, backend_options=options)
                self._leave_threads_behind(code)
        finally:
            self._watchdog.call_off()
            self._wakeup.close()
        return code

    # Told from outside, whatever the event loop does.

    def _note(self, order: _Order) -> None:
        """Take an order, from a signal handler or another thread."""
        if order is _RELOAD:
            self._orders.append(order)
            self._wakeup.wake()
            return
        if isinstance(order, signal.Signals) and self._echoes.is_echo(order, time.monotonic()):
            return
        if self._is_for_its_supervisor(order):
            self._orders.append(Report.SPENT)
            self._wakeup.wake()
            return
        orphaned = order is Command.ORPHANED
        # A worker that stops already has its time, whatever becomes of its supervisor.
        again = self._stopping and not orphaned
        at_once = order is Command.DROP or again or self._server is None
        if at_once:
            code = 128 + order if isinstance(order, signal.Signals) else ExitCode.OK
            self._watchdog.give(_AT_ONCE_SECONDS, code=code)
        else:
            seconds, delay = self._config.server.shutdown, self._config.server.shutdown_delay
            if orphaned:
                seconds, delay = min(seconds or math.inf, _ORPHAN_SECONDS), 0.0
            if seconds is not None:
                self._watchdog.give(delay + _with_margin(seconds), code=ExitCode.STUCK)
        self._stopping = True
        self._orders.append(order)
        self._wakeup.wake()

    def _is_for_its_supervisor(self, order: _Order) -> bool:
        """Whether somebody else has signalled a worker that serves.

        Were it obeyed, nobody would accept from the worker's queue until its last
        request has ended; and whoever signals all processes of a service, as systemd
        does by default, tells the supervisor as well.
        """
        is_signal = isinstance(order, signal.Signals)
        return is_signal and self._seat is not None and self._server is not None

    def _report(self) -> None:
        """Say what is stuck."""
        stack, threads, server = blocked_loop(), busy_threads(), self._server
        requests = () if server is None else server.unfinished()
        if stack is not None:
            _logger.error("the event loop is blocked:\n%s", stack)
        for request in requests:
            _logger.error("the handler of %s did not end", request)
        for function in threads:
            _logger.error("%s did not end in its thread", function)
        if stack is None and not (requests or threads):
            # A hook that waits for ever, or a task of the application's own.
            what = "start-up" if server is None else "shutdown"
            _logger.error("the application's own %s did not end", what)
        _logger.error("ending the process around it")

    # In the event loop.

    async def _run(self) -> int:
        code: int = ExitCode.OK
        async with anyio.create_task_group() as group:
            with anyio.CancelScope() as scope:
                group.start_soon(self._obey, scope)
                code = await self._serve()
            group.cancel_scope.cancel()
        return code if self._ended_by is None else 128 + self._ended_by

    async def _obey(self, scope: anyio.CancelScope) -> None:
        while True:
            await self._wakeup.wait()
            while self._orders:
                self._act(self._orders.pop(0), scope)

    def _act(self, order: _Order, scope: anyio.CancelScope) -> None:
        server = self._server
        if order is _RELOAD:
            if server is not None:
                server.reload_certificates()
            return
        if isinstance(order, Report):
            if self._seat is not None:
                self._seat.say(order, "it got SIGTERM")
            return
        if isinstance(order, signal.Signals):
            if server is None or server.shutdown.begun:
                _logger.warning("%s: ending at once", order.name)
                self._ended_by = order
                scope.cancel()
                return
            _logger.info("%s: stopping", order.name)
        if server is None:
            scope.cancel()
            return
        last_call = Parting(last_call=_LAST_CALL_SECONDS)
        match order:
            case signal.Signals() | Command.STOP:
                server.begin_stop(parting=last_call)
            case Command.YIELD:
                server.begin_stop(
                    parting=Parting(delay=0.0, last_call=_LAST_CALL_SECONDS, close_code=1012)
                )
            case Command.DROP:
                server.begin_stop(grace=0.0, parting=Parting(delay=0.0, close_code=1012))
            case Command.ORPHANED:
                _logger.error("the supervisor is gone: stopping")
                seconds = self._config.server.shutdown
                grace = _ORPHAN_SECONDS if seconds is None else min(seconds, _ORPHAN_SECONDS)
                server.begin_stop(grace=grace, parting=Parting(delay=0.0))
            case _:
                assert_never(order)

    async def _serve(self) -> int:
        settings = self._config.server
        try:
            async with serve(self._handler, binds=self._listeners, settings=settings) as server:
                self._server = server
                async with anyio.create_task_group() as group:
                    if self._seat is None:
                        for url in server.urls:
                            _logger.info("listening on %s", url)
                    else:
                        self._seat.say(Report.READY, "\n".join(server.urls))
                        group.start_soon(self._show_life, server, self._seat)
                    await server.drained.wait()
                    if self._stopping and settings.shutdown is not None:
                        # The application has as long again for its own shutdown.
                        self._watchdog.give(_with_margin(settings.shutdown), code=ExitCode.STUCK)
                    await server.wait_stopped()
                    group.cancel_scope.cancel()
            if self._seat is None:
                _logger.info("stopped")
            return ExitCode.OK
        except LifespanFailed as error:
            if error.__cause__ is not None:
                traceback.print_exception(error.__cause__)
            complain(str(error))
        except Exception as error:
            if isinstance(error, OSError) and not self._handler.reached:
                complain(error.strerror or str(error))
                return ExitCode.FAILED
            traceback.print_exception(error)
            complain("the application failed")
        return ExitCode.APPLICATION

    async def _show_life(self, server: Server, seat: Seat) -> None:
        """Tell the supervisor that the event loop turns, and when a limit is reached."""
        workers = self._config.workers
        jitter = random.randint(0, workers.limit_requests_jitter)
        pause = 1.0 if workers.healthcheck is None else min(1.0, workers.healthcheck / 4)
        spent = False
        while True:
            seat.say(Report.ALIVE)
            if not spent and (reason := self._exhaustion(server, jitter)) is not None:
                spent = True
                seat.say(Report.SPENT, reason)
            await anyio.sleep(pause)

    def _exhaustion(self, server: Server, jitter: int) -> str | None:
        """Why this worker should be replaced, if it should."""
        workers = self._config.workers
        if workers.limit_memory is not None and (has := resident_kib()) >= workers.limit_memory:
            return f"it has {has} KiB of memory, and the limit is {workers.limit_memory}"
        if workers.limit_requests is not None:
            served = server.statistics().total_requests
            if served >= workers.limit_requests + jitter:
                return f"it has served {served} requests"
        return None

    # After the event loop.

    def _leave_threads_behind(self, code: int) -> None:
        """End the process if functions still run in threads, which nothing else can end."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (busy := busy_threads()) and time.monotonic() < deadline:
            time.sleep(0.02)
        if busy:
            for function in busy:
                _logger.error("%s did not end in its thread: it is left behind", function)
            leave(code or ExitCode.STUCK)


def _speaks_tls(listening: Listenable) -> bool:
    listener = listening.listener if isinstance(listening, ListeningSocket) else listening
    return isinstance(listener, Listener) and listener.tls is not None


class _Watched:
    """A handler that remembers whether the application's start-up was reached.

    So that an OSError of the application, whose database is not there, is not
    mistaken for one of our own sockets.
    """

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.reached = False

    def __call__(self, exchange: Exchange, /) -> Awaitable[None]:
        return self._handler(exchange)

    def lifespan(self) -> AbstractAsyncContextManager[contextvars.Context]:
        self.reached = True
        if isinstance(self._handler, ManagedHandler):
            return self._handler.lifespan()
        return nullcontext(contextvars.copy_context())


def _with_margin(seconds: float) -> float:
    """The seconds after which something is stuck that was to end in so many."""
    return seconds + min(1.0 + seconds, _MOST_MARGIN_SECONDS)


def _backend(loop: Loop) -> tuple[str, dict[str, Any]]:
    match loop:
        case "asyncio":
            return "asyncio", {}
        case "uvloop":
            return "asyncio", {"use_uvloop": True}
        case "trio":
            return "trio", {}
        case _:
            assert_never(loop)
