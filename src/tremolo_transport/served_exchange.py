"""The exchange of a real connection: the contract of `exchange` on top of a `Link`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, Final

from anyio import CancelScope
from anyio.lowlevel import cancel_shielded_checkpoint, checkpoint

from tremolo_core import (
    BytesMessage,
    CloseWebSocket,
    Closing,
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    InformationalResponse,
    RemoteProtocolError,
    Request,
    Response,
    Signal,
    State,
    TextMessage,
)

from .answers import MOST_AT_ONCE, Answers
from .errors import ExchangeOver
from .exchange import Exchange
from .pace import KEEP, Keep, Rate
from .patience import Patience
from .peer import ConnectionInfo, Peer
from .shutdown import ShutdownNotice

__all__ = ("ServedExchange",)

_CLOSED = ConnectionClosed()

# Until Python 3.12 it takes 0.1 µs to look a member up in its enum.
_NO: Final = Closing.NO
_PAUSED: Final = Signal.PAUSED
_OPEN: Final = State.OPEN

_EVENTS_PER_TURN = 64
"""Events that are told at once, before other tasks get their turn."""

_READS_PER_TURN = 16
"""Reads after which a receiver lets go of the loop, whether it has to wait or not.

On uvloop a read whose bytes come in each turn of the loop cannot be cancelled.
"""


class ServedExchange(Exchange):
    """One cycle of the connection behind `link`."""

    queues = True

    # Slots, all filled here: until Python 3.12 it takes longer to find one of the class's own.
    __slots__ = (
        "_answers",
        "_at_once",
        "_close_told",
        "_link",
        "_time_limit",
        "_waiting",
        "answered",
        "connection",
        "over",
        "patience",
        "peer",
        "request",
        "watching",
    )

    def __init__(
        self, request: Request, peer: Peer, connection: ConnectionInfo, answers: Answers
    ) -> None:
        # By position, as whoever calls a class with keywords waits twice as long.
        self.request = request
        self.peer = peer
        self.connection = connection
        self._answers = answers
        self._link = answers.link
        self.watching = False
        """Whether the watch has the next turn to read, so that a handler that polls cannot win."""
        self.answered = False
        """Whether a whole answer was sent at once; there are others that are complete."""
        self.patience: Patience | None = None
        """Made by the sweeper."""
        self.over = False
        """Whether nothing that is received or sent has anything to do with it any more."""
        self._time_limit: float | Keep | None = KEEP
        """As `limit_time`; that of the settings if it was not called."""
        self._close_told = False
        """Whether it was told with which code a WebSocket had to be closed."""
        self._at_once = 0
        """Events that were told since other tasks had their turn."""
        self._waiting = 0
        """How many tasks are in `receive`, and so want what the peer sends next."""

    @property
    def shutdown(self) -> ShutdownNotice:  # type: ignore[override] # mypy: it is not read-only
        """As `Exchange.shutdown`."""
        return self._answers.around.shutdown

    @property
    def time_limit(self) -> float | None:
        """Seconds that the handler may take."""
        limit = self._time_limit
        return self._answers.around.settings.handler_timeout if isinstance(limit, Keep) else limit

    # What handlers call.

    async def receive(self) -> Event:
        link = self._link
        self._at_once += 1
        if self._at_once > _EVENTS_PER_TURN:
            # One read can hold thousands of small chunks. Nothing is taken yet, so a task that
            # is cancelled here by hand has lost nothing.
            self._at_once = 0
            await cancel_shielded_checkpoint()
        while not self.over:
            upload = link.pace.upload
            if upload is not None and not link.broken and (seconds := upload.take(0)) > 0:
                # It is we who are slow: the peer need not hurry.
                link.connection.want_no_more()
                if await link.pause(seconds):
                    continue
            try:
                event = link.connection.next_event()
            except RemoteProtocolError as error:
                self._answers.refuse(error)
                if error.close_code is None or self._close_told:
                    break
                self._close_told = True
                self._answers.outcome.close_code = error.close_code
                return CloseWebSocket(code=error.close_code, reason=error.reason)
            if type(event) is BytesMessage or type(event) is TextMessage:
                return event
            if not isinstance(event, Signal):
                if link.framed and type(event) is EndOfMessage:
                    # That of the handshake, behind which nobody looks for it.
                    continue
                if upload is not None and isinstance(event, Data):
                    upload.take(len(event.data))
                if link.framed and type(event) is CloseWebSocket:
                    self._answers.outcome.close_code = event.code
                return event
            if link.broken or (event is _PAUSED and link.peer_gone):
                break
            if not link.framed:
                await self._wait_for_bytes(event)
                continue
            connection = link.connection
            if connection.server_state is not _OPEN and connection.closing is not _NO:
                # Nothing follows a Close.
                break
            if link.reading or self.watching:
                await link.news()
            else:
                await link.read_interruptibly()
                is_due = link.reads % _READS_PER_TURN == 0
                if not is_due and upload is None and not self.over:
                    message = connection.next_message()
                    if message is not None:
                        link.note_lone_message()
                        return message
                self._answers.attend_to_frames()
                if is_due:
                    await checkpoint()
        return _CLOSED

    async def send(self, *events: Event) -> None:
        if self.over:
            raise ExchangeOver("the exchange is over: its handler has returned")
        self._answers.queue(events)
        link = self._link
        if not link.flush_at_once():
            await link.flush()

    def send_whole(self, response: Response, body: bytes) -> bool:
        if self.over:
            raise ExchangeOver("the exchange is over: its handler has returned")
        link, answers = self._link, self._answers
        stream = link.quick
        # As `Answers.send_chunks`, without the calls, as nearly every answer comes here.
        if (
            stream is None
            or not stream.takes_at_once
            or link.writing
            or len(body) > MOST_AT_ONCE
            or link.pace.download is not None
        ):
            return False
        around = answers.around
        stamped = around.stamp.complete(response, answers.last or around.shutdown.begun)
        data = link.connection.send_whole(stamped, body)
        if data is None:
            return False
        answers.outcome.status = response.status
        stream.send_at_once(data)
        link.sent += len(data)
        self.answered = True
        return True

    def send_chunks(self, response: Response, pieces: Sequence[bytes]) -> bool:
        if self.over:
            raise ExchangeOver("the exchange is over: its handler has returned")
        self.answered = self._answers.send_chunks(response, pieces)
        return self.answered

    def send_piece(self, data: bytes) -> bool:
        return not self.over and self._answers.send_piece(data)

    def send_message(self, message: TextMessage | BytesMessage) -> bool:
        return not self.over and self._answers.send_message(message)

    def queue(self, *events: Event) -> None:
        if self.over:
            raise ExchangeOver("the exchange is over: its handler has returned")
        self._answers.queue(events)

    def write_queued(self) -> None:
        if not self.over:
            self._answers.write_queued()

    async def _send_by_kernel(self, file: BinaryIO, offset: int, count: int | None) -> bool:
        if self.over:
            raise ExchangeOver("the exchange is over: its handler has returned")
        return await self._answers.send_by_kernel(file, offset, count)

    def limit_body(self, size: int | None) -> None:
        if not self.over:
            self._link.connection.limit_body(size)

    def limit_time(self, seconds: float | None) -> None:
        self._time_limit = seconds

    def pace(
        self,
        *,
        download: Rate | Keep = KEEP,
        upload: Rate | Keep = KEEP,
        lasting: bool = False,
    ) -> None:
        if not self.over:
            self._link.stirred = True
            self._link.pace.change(download=download, upload=upload, lasting=lasting)
            # Whoever waits for the old rate is to wait for the new one.
            self._link.tell()

    @property
    def disconnected(self) -> bool:
        return self._link.peer_gone

    @property
    def response_started(self) -> bool:
        return self.over or self._link.connection.response_started

    @contextmanager
    def cancelled_on_disconnect(self) -> Iterator[None]:
        with CancelScope() as scope:
            self._link.on_gone(scope.cancel)
            try:
                yield
            finally:
                self._link.forget_gone(scope.cancel)

    # What the driver and the sweeper call.

    def end(self) -> None:
        """Nothing that is received or sent from now on has anything to do with this exchange."""
        self.over = True
        link = self._link
        if link.pace.changed:
            link.pace.restore()
        link.interrupt()

    def may_watch(self) -> bool:
        """Whether a watch could read: there is room and a peer."""
        return not (self.over or self._link.peer_gone or self._read_ahead_is_full())

    async def watch(self) -> None:
        """Read on behalf of a handler that does not, so that a peer's leaving is noticed."""
        try:
            while self.may_watch():
                if self._link.reading:
                    await self._link.news()
                else:
                    self._link.read_little()
                    await self._link.read_interruptibly()
                    self._answers.attend_to_frames()
        finally:
            self.watching = False
            self._link.tell()

    def _read_ahead_is_full(self) -> bool:
        most = self._answers.around.settings.limits.read_ahead
        return self._link.connection.buffered >= most

    async def _wait_for_bytes(self, signal: Signal) -> None:
        """Wait until there may be something new to tell, reading if nobody else does."""
        link = self._link
        if link.connection.they_await_continue:
            self._answers.send_soon(InformationalResponse(status=100))
        full = signal is _PAUSED and self._read_ahead_is_full()
        self._waiting += 1
        try:
            if link.reading or self.watching or full:
                await link.news()
            else:
                await link.read_interruptibly()
                if link.reads % _READS_PER_TURN == 0:
                    await checkpoint()
        finally:
            self._waiting -= 1
            if not self._waiting:
                link.connection.want_no_more()
