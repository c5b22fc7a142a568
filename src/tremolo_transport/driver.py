"""Drives one connection from its first byte to its last.

Its requests are served by `exchanges`; here is what begins and ends it, and what comes from outside
meanwhile: the sweep that notices what is late, a stop, a cancellation.
"""

import itertools
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVarTuple

from anyio import CancelScope
from anyio.abc import ByteStream

from tremolo_core import Closing, State

from . import farewell
from .connection_tasks import ConnectionTasks
from .exchanges import Exchanges
from .failures import name_of
from .handling import answer_late
from .late_scope import LateScope
from .patience import Overdue, Patience
from .peer import Peer
from .rest import Rest, rest_of
from .served_exchange import ServedExchange
from .surroundings import Surroundings

__all__ = ("Driver",)

logger = logging.getLogger("tremolo.server")
Arguments = TypeVarTuple("Arguments")
_ids = itertools.count(1)


class Driver(Exchanges):
    """One connection."""

    __slots__ = (
        "_cancelled",
        "_close_callbacks",
        "_outer",
        "_rest",
        "_swept",
        "_tasks",
        "stream",
    )

    def __init__(self, stream: ByteStream, peer: Peer, around: Surroundings) -> None:
        super().__init__(stream, peer, around)
        self.id = next(_ids)
        self.stream = stream
        self._rest: Rest[Driver] | None = None
        """If it may do without a task while it is idle; dropped at the end: it holds this too."""
        self._outer: CancelScope | None = None
        """Around what follows if the scope of the exchanges was cancelled, or has not ended it."""
        self._cancelled = False
        """Whether all of it is."""
        self._swept = 0.0
        """When `sweep` was last called."""
        self._close_callbacks: tuple[Callable[[], None], ...] = ()
        self._tasks: ConnectionTasks | None = None
        """Made on demand."""

    @property
    def in_flight(self) -> str | None:
        """The request whose handler runs, or whose answer is on the way; None between requests."""
        return None if self._exchange is None else name_of(self._exchange.request)

    @property
    def kept_after(self) -> int:
        """How many requests it has had, while it waits for another; 0 at any other time."""
        return self._requests if self._exchange is None else 0

    @property
    def requests(self) -> int:
        """How many have been handed to its handler; 0 once `Counts` has them."""
        return self._requests

    def on_close(self, callback: Callable[[], None]) -> None:
        """As `ConnectionInfo.on_close`."""
        if self.closed:
            farewell.tell_of_end(callback)
        else:
            self._close_callbacks += (callback,)

    def start_soon(
        self, function: Callable[[*Arguments], Awaitable[object]], *args: *Arguments
    ) -> None:
        """As `ConnectionInfo.start_soon`."""
        if self.closed:
            return
        if self._tasks is None:
            self._tasks = ConnectionTasks(self._around.task_group, self._break_off)
        self._tasks.start(partial(function, *args))

    def may_rest(self, wake: "Callable[[Driver], None]", *, from_now: bool) -> bool:
        """Let it do without a task, if it can; whether it does so `from_now` on, until `wake`."""
        self._rest = rest_of(self, self.stream, wake)
        return self._rest is not None and from_now and self._rest.begin()

    async def run(self) -> bool:
        """Serve the connection, and close the stream whatever happens; false if it rests instead.

        It is to be run again when it wakes. Raises only cancellations.
        """
        try:
            scope = await self._serve()
            if scope is None:
                return False
            if not self._cancelled and (scope.cancel_called or farewell.owes(self._link)):
                with CancelScope() as self._outer:
                    await self._wind_up(interrupted=scope.cancel_called)
        except Exception:
            logger.exception("connection %d ended by an error of the server itself", self.id)
        finally:
            if self._rest is None or not self._rest.asleep:
                await self._close()
        return True

    async def _close(self) -> None:
        self._link.break_off()
        self._answers.log()
        try:
            # Who cancels has waited long enough.
            await farewell.close(self.stream, at_once=self._cancelled)
        finally:
            self.closed = True
            self._around.counts.requests += self._requests
            self._requests = 0
            self._rest = None
            if self._tasks is not None:
                self._tasks.cancel()
            self._around.context.copy().run(farewell.tell_of_end, *self._close_callbacks)

    async def _serve(self) -> CancelScope | None:
        """Serve requests; return the scope that this has ended in, or None to rest."""
        while True:
            over = False
            with self._scope.begin() as scope:
                await self._serve_all()
                # One that came just as the scope was cancelled is still to be served.
                over = self._request is None
            if over or self._rest is None or not self._rest.due:
                return scope
            self._scope = LateScope()
            if self._request is None and self._rest.begin():
                return None
            self._rest.due = False

    def cancel(self) -> None:
        """Have `run` end soon, whatever goes on: the handler is cancelled, the stream closed."""
        self._cancelled = True
        self._end_wait()
        if self._outer is not None:
            self._outer.cancel()

    def _end_wait(self) -> None:
        """End the wait for a request, in the scope or at rest."""
        self._scope.cancel()
        if self._rest is not None:
            self._rest.end()

    def begin_stop(self) -> None:
        """End the wait for a next request, or for a peer to finish, and close a WebSocket."""
        if self._exchange is None:
            self._end_wait()
        else:
            self._answers.close_websocket(self._around.shutdown.close_code)

    def sweep(self, now: float) -> bool:
        """Do what is due. True if the kernel should be asked whether the peer hung up."""
        self._swept = now
        rest = self._rest
        if rest is not None and rest.asleep:
            if rest.is_too_long(self._connection, now):
                self._end_wait()
            return False
        deadline = self._connection.deadline(now)
        exchange = self._exchange
        if deadline is not None and now >= deadline:
            if exchange is None:
                self._end_wait()
            else:
                self._connection.handle_timeout(now)
                self._link.interrupt()
                self._answers.attend_to_frames()
        if exchange is None:
            # A server that drains waits for tasks alone.
            if rest is None or self._around.shutdown.draining:
                return False
            if rest.note_idle(self._link, deadline, requests=self._requests):
                self._scope.cancel()
            return False
        # That its head came tells nothing of what its handler does.
        is_new = exchange.patience is None
        self._end_if_overdue(exchange, now)
        if self._link.was_read() or is_new or exchange.watching:
            return False
        if exchange.may_watch():
            exchange.watching = True
            self._around.start(exchange.watch)
            return False
        return not self._link.peer_gone

    def _end_if_overdue(self, exchange: ServedExchange, now: float) -> None:
        if exchange.patience is None:
            exchange.patience = Patience(self._around.settings, now)
        overdue = exchange.patience.overdue(self._link, now, limit=exchange.time_limit)
        if overdue is Overdue.WRITE:
            logger.debug("connection %d was closed, as its peer reads nothing", self.id)
            self._around.start(self._link.abort)
        elif overdue is not None:
            self._late = True
            self._scope.cancel()

    def note_hang_up(self) -> None:
        """Note that the kernel says so."""
        self._link.note_hang_up()

    def _break_off(self) -> None:
        """Have the connection end, as one of its tasks has failed."""
        self._link.break_off()
        self._link.interrupt()
        if self._exchange is None:
            self._end_wait()

    # The end.

    async def _wind_up(self, *, interrupted: bool) -> None:
        """Go on if what was interrupted is to go on; do what is left to do at the end."""
        self._rest = None
        while interrupted:
            self._scope = late = LateScope()
            if not await self._has_more():
                break
            with late.begin() as scope:
                await self._serve_all()
            interrupted = scope.cancel_called
        await self._finish()

    async def _has_more(self) -> bool:
        """Whether a peer whose time was up has come just in time; if not, do what is due."""
        connection = self._connection
        if self._late:
            await answer_late(self._answers)
            return False
        waiting = connection.client_state is State.IDLE and connection.buffered == 0
        # A client that is busy with us has its next request on the way when the stop begins.
        if waiting and await farewell.ask_once_more(self._link, self._around.shutdown.last_call):
            return True
        connection.handle_timeout(self._swept)
        begun = connection.client_state is State.IDLE and connection.buffered > 0
        return begun or self._request is not None

    async def _finish(self) -> None:
        """Write what is owed, then listen for as long as the peer may not have read it."""
        await farewell.write_last(self._link, self._answers)
        if self._connection.closing is Closing.LINGER:
            self._scope = late = LateScope()
            with late.begin(farewell.linger_scope()):
                await farewell.linger(self.stream)
