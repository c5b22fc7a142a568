"""One request with its answer, as a handler sees them: the event API of both layers.

An ASGI application and a routed function are both run by a `Handler` on top of
this. `served_exchange` is the exchange of a real connection.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from contextvars import Context
from typing import BinaryIO, ClassVar, Protocol, Self, TypeAlias, runtime_checkable

import anyio
import anyio.to_thread

from tremolo_core import (
    BytesMessage,
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    Headers,
    Request,
    Response,
    TextMessage,
)

from .errors import ClientDisconnected, ExchangeOver, TransportError
from .pace import KEEP, Keep, Pace, Rate
from .peer import Address, ConnectionInfo, ConnectionState, Peer
from .shutdown import ShutdownNotice

__all__ = (
    "KEEP",
    "Address",
    "ClientDisconnected",
    "ConnectionInfo",
    "ConnectionState",
    "Exchange",
    "ExchangeOver",
    "Handler",
    "Keep",
    "ManagedHandler",
    "Pace",
    "Peer",
    "Rate",
    "ShutdownNotice",
    "TransportError",
)

_FILE_PIECE = 65_536
"""Bytes read from a file at a time: what one `receive` of a stream may hold."""


class Exchange(ABC):
    """One request of a client, and the answer to it.

    Made by the server for each request and handed to the `Handler`. It may be
    used from several tasks at once. It is over when the handler has returned.
    """

    __slots__ = ()

    request: Request
    peer: Peer
    connection: ConnectionInfo
    shutdown: ShutdownNotice

    @abstractmethod
    async def receive(self) -> Event:
        """Return the next event of the request: Data, then EndOfMessage, then ConnectionClosed.

        The last comes when the peer has left or can no longer be understood,
        and when the exchange is over; from then on each call returns it.
        Behind EndOfMessage the call waits for that.

        On a WebSocket that was accepted it returns messages, and in the end
        CloseWebSocket, then ConnectionClosed. The close code is the peer's, or
        what it was closed with as it broke the rules or showed no sign of life;
        who leaves without a Close is only ConnectionClosed. What is known already is
        returned at once, without a checkpoint, even in a cancelled scope.

        A cancelled call has lost nothing: the next returns what it would have.
        A second call meanwhile waits for its turn. The first call sends
        `100 Continue` if the client waits for it (RFC 9110 10.1.1).
        """

    @abstractmethod
    async def send(self, *events: Event) -> None:
        """Send `events` to the peer in one write, and wait until it is taken.

        All or nothing: if one is illegal, none is sent. Calls of several tasks
        are written in the order in which they were made. A call that is
        cancelled counts as sent, though the connection may be closed for it.

        Raises LocalProtocolError if an event may not be sent now,
        ClientDisconnected if the peer is gone or has closed the WebSocket, or
        the server has, ExchangeOver after the end.
        """

    queues: ClassVar[bool] = False
    """Whether `queue` may be called: where somebody else moves the bytes, each `send` is by itself.
    """

    def queue(self, *events: Event) -> None:
        """Have `events` written with those of the next `send`, or once `write_queued` is called.

        For a handler that will have more to send and does not wait until then.
        It is as if they were sent: they are judged now, all or none, and raise
        what `send` raises. In the end there must be a `send`, without events if
        need be. Only if this `queues`; else it raises NotImplementedError.
        """
        raise NotImplementedError("what this exchange is told is sent by somebody else")

    def write_queued(self) -> None:  # noqa: B027 - nothing is to be done where nothing is queued
        """Have what `queue` took written soon, by a task of the server; does not raise.

        To be called before a wait: what is queued must not wait along.
        """

    def send_whole(self, response: Response, body: bytes) -> bool:
        """Send a whole answer without waiting, where that is as simple as it mostly is.

        As `send` of `response`, which declares the length of `body`, of that as
        Data, and of EndOfMessage; there is no checkpoint, as the peer has been
        quick to read so far. False, and nothing is done, where it needs more; then
        `send` is to be called. Raises what `send` raises.
        """
        return False

    def send_chunks(self, response: Response, pieces: Sequence[bytes]) -> bool:
        """As `send_whole`, for a body of no declared length in `pieces`, none of them empty."""
        return False

    def send_piece(self, data: bytes) -> bool:
        """Send a piece of the body without waiting, where that is simple.

        As `send` of Data, but there is no checkpoint, as the peer has been quick
        to read so far. False, and nothing is done, where it needs more, or may
        not be sent; then `send` is to be called, which says what is wrong.
        """
        return False

    def send_message(self, message: TextMessage | BytesMessage) -> bool:
        """Send a whole message over a WebSocket without waiting, where that is simple.

        As `send` of it, but there is no checkpoint, as the peer has been quick
        to read so far. False, and nothing is done, where it needs more, or may
        not be sent; then `send` is to be called, which says what is wrong.
        """
        return False

    @abstractmethod
    def limit_body(self, size: int | None) -> None:
        """Refuse a request body of more than `size` bytes with 413; None lifts the limit.

        In place of `Limits.body`, for this request alone, and to be called
        before the first `receive`, so that a client that asks with
        `Expect: 100-continue` is refused before it has sent anything.
        """

    @abstractmethod
    def limit_time(self, seconds: float | None) -> None:
        """Cancel the handler once it has run for `seconds` in all; None lifts the limit.

        In place of `ServerSettings.handler_timeout`, for this request alone. The
        client gets a 503, or sees the answer break off. It may last half a
        second longer. An accepted WebSocket has no limit.
        """

    @property
    @abstractmethod
    def disconnected(self) -> bool:
        """Whether the peer is known to have left, to have half-closed, or to have closed.

        Known within two sweeps (half a second), also if nobody calls `receive`.
        """

    @abstractmethod
    def cancelled_on_disconnect(self) -> AbstractContextManager[None]:
        """Cancel what runs inside this context as soon as `disconnected` is true.

        The cancellation ends at the context's end; the code behind it goes on.
        """

    @property
    @abstractmethod
    def response_started(self) -> bool:
        """Whether the final answer has begun, so that no other can be given."""

    def pace(
        self,
        *,
        download: Rate | Keep = KEEP,
        upload: Rate | Keep = KEEP,
        lasting: bool = False,
    ) -> None:
        """Hold the rest of the answer, or of the request's body, to a rate in bytes per second.

        None or 0 lifts it. At once, in place of what `ServerSettings.pace`
        says and of earlier calls; for this exchange, or if `lasting` for those
        that follow on its connection too. A rate makes `send`, `send_file` and
        `receive` wait; nothing is ever dropped for it, and no time-out of the
        client runs meanwhile.

        Raises ValueError for a negative or infinite rate, NotImplementedError
        where somebody else moves the bytes.
        """
        raise NotImplementedError("the bytes of this exchange are moved by somebody else")

    async def respond(
        self, status: int, headers: Iterable[tuple[bytes, bytes]] = (), body: bytes = b""
    ) -> None:
        """Send a whole answer in one write, with its Content-Length. Raises as `send` does."""
        head = Headers.of(headers).without(b"transfer-encoding")
        if status != 304:
            # That of a 304 is the length of what was not modified (RFC 9110 8.6).
            length = (b"content-length", b"%d" % len(body))
            head = Headers((*head.without(b"content-length"), length))
        await self.send(Response(status=status, headers=head), Data(data=body), EndOfMessage())

    async def send_file(self, file: BinaryIO, *, offset: int = 0, count: int | None = None) -> None:
        """Send `count` bytes of `file` from `offset` on as Data; by default, up to its end.

        The head must have been sent, and EndOfMessage is left to the caller.
        `file` stays open, and meanwhile nobody else may use it: it is read in
        worker threads, or sent by the kernel where that is possible: a file of
        the file system, a body that is not chunked, a socket without TLS. In
        answer to HEAD nothing is sent.

        Raises EOFError if the file ends before `count` bytes, after which the
        answer cannot be completed; ValueError for a negative number; and
        whatever reading and `send` raise. If this is cancelled, nobody knows
        how much was sent, and the connection will be closed.
        """
        if offset < 0 or (count is not None and count < 0):
            raise ValueError(f"neither offset nor count can be negative: {offset}, {count}")
        if self.request.method == b"HEAD":
            await self.send(Data(data=b""))
            return
        if await self._send_by_kernel(file, offset, count):
            return
        await anyio.to_thread.run_sync(file.seek, offset)
        while count is None or count > 0:
            size = _FILE_PIECE if count is None else min(count, _FILE_PIECE)
            data = await anyio.to_thread.run_sync(file.read, size)
            if not data:
                if count is not None:
                    raise EOFError(f"the file ended {count} bytes before its announced end")
                return
            if count is not None:
                count -= len(data)
            await self.send(Data(data=data))

    async def _send_by_kernel(self, file: BinaryIO, offset: int, count: int | None) -> bool:
        """Do as `send_file` without reading the file; false, and nothing is done, if it cannot."""
        return False

    def __aiter__(self) -> AsyncIterator[Event]:
        """Iterate over events up to and including EndOfMessage or ConnectionClosed.

        On a WebSocket that was accepted there is only the latter.
        """
        return _Events(self)


class _Events:
    """The events of one exchange; a plain iterator, as an abandoned generator would leak."""

    __slots__ = ("_ended", "_exchange")

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        if self._ended:
            raise StopAsyncIteration
        event = await self._exchange.receive()
        self._ended = isinstance(event, EndOfMessage | ConnectionClosed)
        return event


Handler: TypeAlias = Callable[[Exchange], Awaitable[None]]
"""What the transport calls for each request: an `async def` with one exchange.

What it raises before the answer has begun becomes a 500, and is logged.
"""


@runtime_checkable
class ManagedHandler(Protocol):
    """A handler with a life around its requests: an ASGI lifespan, a worker's hooks."""

    def __call__(self, exchange: Exchange, /) -> Awaitable[None]:
        """Answer one request, as every `Handler` does."""

    def lifespan(self) -> AbstractAsyncContextManager[Context]:
        """Start up on entering and shut down on leaving; the server does both, in one task.

        Entering gives the context that start-up left: each request runs in a
        fresh copy of it, so what start-up set is seen by all, and nothing that
        one request sets by another. Whatever entering raises keeps the server
        from serving and leaves `serve` unchanged.
        """
