"""Serves the requests of one connection, one after the other, and awaits their handler.

What of it needs no wait is done at once, mostly all of it, and then without a step of the
connection's task. How the connection begins and ends, and what is late, is seen to by `driver`;
the rules of an exchange are in `served_exchange`, the turns of readers and writers in `link`.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, NoReturn, TypeVarTuple

from anyio.abc import ByteStream

from tremolo_core import Connection, RemoteProtocolError, Request, Signal, State

from .access_log import is_wanted
from .answers import Answers
from .failures import ends_all
from .handling import ANSWERED, see_to_answer
from .late_scope import LateScope
from .leftovers import await_close, drain
from .link import Link
from .own_task import in_own_task
from .peer import ConnectionState, Peer
from .served_exchange import ServedExchange
from .stepping import first_steps
from .surroundings import Surroundings

__all__ = ("Exchanges",)

Arguments = TypeVarTuple("Arguments")
# Until Python 3.12 it takes 0.1 µs to look a member up in its enum.
_DONE: Final = State.DONE
_NEED_DATA: Final = Signal.NEED_DATA
_PAUSED: Final = Signal.PAUSED


class Exchanges(ABC):
    """Those of one connection; to its handlers, their `ConnectionInfo`."""

    __slots__ = (
        "_answers",
        "_around",
        "_connection",
        "_error",
        "_exchange",
        "_forwarding",
        "_late",
        "_link",
        "_peer",
        "_request",
        "_requests",
        "_scope",
        "_unfinished",
        "closed",
        "id",
    )

    id: int

    def __init__(self, stream: ByteStream, peer: Peer, around: Surroundings) -> None:
        settings = around.settings
        self._around = around
        self._peer = peer
        self._forwarding = around.forwarding_of(peer)
        """What to believe of what its requests say of other clients."""
        self._connection = Connection(limits=settings.limits, timeouts=settings.timeouts)
        self._link = Link(stream, self._connection, pace=settings.pace)
        self._answers = Answers(self._link, peer, around)
        self._exchange: ServedExchange | None = None
        """The one that is not over."""
        self._unfinished: Awaitable[object] | None = None
        """What its handler has still to do."""
        self._error: BaseException | None = None
        """What went wrong with the server itself while the task did not see it."""
        self._request: Request | None = None
        """One that came just as the wait for it was cancelled."""
        self._requests = 0
        """How many have come."""
        self._scope = LateScope()
        """Around the wait for requests, and the handlers."""
        self._late = False
        """Whether the handler was cancelled, as it took too long."""
        self.closed = False
        """Whether the connection has ended."""

    @property
    def state(self) -> ConnectionState:
        """As `ConnectionInfo.state`."""
        if self.closed:
            return ConnectionState.CLOSED
        return ConnectionState.IDLE if self._exchange is None else ConnectionState.BUSY

    @abstractmethod
    def on_close(self, callback: Callable[[], None]) -> None:
        """As `ConnectionInfo.on_close`."""

    @abstractmethod
    def start_soon(
        self, function: Callable[[*Arguments], Awaitable[object]], *args: *Arguments
    ) -> None:
        """As `ConnectionInfo.start_soon`."""

    async def _serve_all(self) -> None:
        """Serve one request after the other until the connection is to be ended."""
        link, shutdown = self._link, self._around.shutdown
        come: Signal | None
        request = await self._next_request()
        while request is not None or self._exchange is not None:
            if request is None:
                # It was begun without this task.
                come = None
            elif self._scope.cancel_called:
                # What was to end the wait must not end the handler.
                self._request = request
                return
            else:
                come = self._begin(request)
            if come is None:
                come = await self._go_on()
            if come is None:
                return
            request, known = None, False
            if come is _NEED_DATA and not (link.eof or shutdown.begun):
                # Mostly nothing has come yet, which need not be found out by the core.
                request, known = await self._read_request(), True
            if request is None and self._exchange is None:
                request = await self._next_request(known=known)

    async def _next_request(self, *, known: bool = False) -> Request | None:
        """Return the next request, or None if there is an exchange, or will be none.

        If it is `known` that something has come, the core is asked first.
        """
        if self._request is not None:
            kept, self._request = self._request, None
            return kept
        connection, link, shutdown = self._connection, self._link, self._around.shutdown
        known = known or link.eof or connection.buffered > 0
        if known and link.quick is not None and link.quick.turn_is_over:
            # What has come together may be answered without another wait.
            await link.quick.next_turn()
        while not link.broken:
            if known:
                try:
                    event = connection.next_event()
                except RemoteProtocolError:
                    return None
                if type(event) is Request:
                    return event
                if event is not _NEED_DATA:
                    return None
            if shutdown.begun and shutdown.draining and not connection.buffered:
                self._scope.cancel()
            request = await self._read_request()
            if request is not None or self._exchange is not None:
                return request
            known = True
        return None

    async def _read_request(self) -> Request | None:
        """As `Link.read_request`. Raises what went wrong while there was no need of this task."""
        request = await self._link.read_request(self._serve_at_once)
        if self._error is not None:
            error, self._error = self._error, None
            await _failure(error)
        if self._request is not None:
            # The core has told it, and is not to be asked before it is served.
            request, self._request = self._request, None
        return request

    def _serve_at_once(self, data: bytes) -> bool:
        """Serve the request that `data` begins, in place of the task that waits for it.

        Whether that is to wait on. If not, `_exchange` is what it has to finish, or the core
        knows what has come.
        """
        link = self._link
        link.reading = False
        try:
            request = self._connection.receive_request(data)
            if self._scope.cancel_called:
                # What was to end the wait must not end the handler. On trio it may be both.
                self._request = request
            elif (
                request is not None
                and self._begin(request) is _NEED_DATA
                and not self._around.shutdown.begun
            ):
                link.reading = True
                return True
        except BaseException as error:
            self._error = error
        return link.leave_to_task()

    def _begin(self, request: Request) -> Signal | None:
        """Begin an exchange. None if it is to be finished; else it is over.

        Then NEED_DATA says that nothing of the next request has come. Raises nothing.
        """
        around, answers, link = self._around, self._answers, self._link
        settings = around.settings
        if request.upgrade is not None and not settings.websockets:
            request = replace(request, upgrade=None)
        self._requests += 1
        if settings.requests_per_connection is not None:
            answers.last = self._requests >= settings.requests_per_connection
        peer = self._peer
        if self._forwarding is not None:
            peer = peer.forwarded(request.headers, self._forwarding)
        self._exchange = exchange = ServedExchange(request, peer, self, answers)
        logged = settings.access_log and is_wanted()
        if logged:
            answers.expect(request, peer)
        context = around.context.copy()
        try:
            if settings.task_per_request:
                handled = context.run(around.handler, exchange)
                self._unfinished = in_own_task(context, handled)
                return None
            unfinished = first_steps(context, around.handler(exchange))
        except BaseException as error:
            self._unfinished = _failure(error)
            return None
        if unfinished is not None:
            self._unfinished = unfinished
            return None
        if not exchange.answered or link.stirred:
            return None
        come = self._connection.finish_cycle()
        if come is None:
            return None
        exchange.over = True
        self._exchange = None
        if logged:
            answers.log()
        return come

    async def _go_on(self) -> Signal | None:
        """Await what is left of the exchange; None if the connection is to be ended.

        NEED_DATA says that nothing of the next request has come.
        """
        exchange, connection = self._exchange, self._connection
        answers, link = self._answers, self._link
        assert exchange is not None
        failed = False
        try:
            try:
                unfinished, self._unfinished = self._unfinished, None
                if unfinished is not None:
                    await unfinished
            except BaseException as error:
                stopping = self._around.shutdown.begun
                if ends_all(error, exchange.request, late=self._late, stopping=stopping):
                    raise
                failed = True
            # One that is late has ended in spite of its cancellation, so nothing can be sent.
            if not exchange.answered and (
                (failed or connection.server_state is not _DONE) and not self._late
            ):
                await see_to_answer(exchange, answers, failed=failed)
        finally:
            exchange.end()
            self._exchange = None
            if not self._late:
                # Also if it was broken off, or the handler was cancelled.
                answers.log()
        if self._late:
            if connection.server_state not in ANSWERED:
                return None
            self._late = False
        # An idle connection need not hold them.
        del exchange, unfinished
        while link.reading:
            await link.news()
        if link.framed:
            await await_close(link)
            return None
        come = connection.finish_cycle()
        if come is None:
            if not await drain(link):
                return None
            connection.start_next_cycle()
            come = _PAUSED
        link.stirred = False
        return come


async def _failure(error: BaseException) -> NoReturn:
    """Raise what was raised before."""
    try:
        raise error
    finally:
        # Its traceback holds this frame, which must not hold it.
        del error
