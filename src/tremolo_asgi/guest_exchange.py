"""An exchange whose other side is another ASGI server: the contract of `Exchange` over messages.

What is received is the business of `guest_inbox`, what is sent becomes messages
in `guest_messages`. Who is called for an exchange, and what becomes of an
error, is decided in `guest`.
"""

import math
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress

import anyio
from anyio.abc import TaskGroup

from tremolo_core import (
    AcceptWebSocket,
    BytesMessage,
    CloseWebSocket,
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    Request,
    Response,
    TextMessage,
)
from tremolo_transport.exchange import (
    ClientDisconnected,
    Exchange,
    ExchangeOver,
    Peer,
    ShutdownNotice,
)

from .guest_connection import GuestConnection
from .guest_inbox import GuestInbox
from .guest_judge import GuestJudge
from .guest_messages import http_messages, refusal_messages, websocket_message
from .message_types import SendMessage
from .types import Receive, Send

__all__ = ("GuestExchange",)

_TOO_LARGE = b"413 a request body that is too large\n"


class GuestExchange(Exchange):
    """One call of us by another server."""

    __slots__ = (
        "_began",
        "_connection",
        "_extensions",
        "_handshake_ended",
        "_inbox",
        "_judge",
        "_limit",
        "_message_limit",
        "_over",
        "_parts",
        "_refused",
        "_refuses",
        "_send",
        "_taken",
        "_turn",
        "connection",
        "peer",
        "request",
        "shutdown",
        "time_scope",
    )

    def __init__(
        self,
        request: Request,
        *,
        peer: Peer,
        shutdown: ShutdownNotice,
        extensions: Collection[str],
        channel: tuple[Receive, Send],
        group: TaskGroup,
    ) -> None:
        """`channel` is what the server called us with; `group` ends with the exchange."""
        receive, self._send = channel
        self.request = request
        self.peer = peer
        self.connection = self._connection = GuestConnection(group)
        self.shutdown = shutdown
        self._began = anyio.current_time()
        self.time_scope = anyio.CancelScope()
        """Around the handler: its deadline is the end of the handler's time."""
        self._extensions = extensions
        self._inbox = GuestInbox(receive, group)
        self._judge = GuestJudge(request)
        self._handshake_ended = request.upgrade is None
        self._refuses = False
        """Whether a WebSocket is being refused."""
        self._parts: list[TextMessage | BytesMessage] = []
        """Of a message that is not complete."""
        self._limit: int | None = None
        self._message_limit: int | None = None
        self._taken = -1
        """Bytes of the body that were told; negative before anybody has asked."""
        self._turn = anyio.Lock()
        """Held by who sends, so that the messages of one call are not torn apart."""
        self._over = False
        self._refused = False
        """Whether the request was refused, as its body is too large."""

    async def receive(self) -> Event:
        if not self._handshake_ended:
            self._handshake_ended = True
            if not self._judge.open_websocket:
                return EndOfMessage()
        if self._taken < 0:
            self._taken = 0
            await self._refuse_beyond(_declared_length(self.request))
        if self._is_over():
            return ConnectionClosed()
        event = await self._inbox.next_event()
        if isinstance(event, Data):
            self._taken += len(event.data)
            await self._refuse_beyond(self._taken)
        elif isinstance(event, TextMessage | BytesMessage) and self._is_too_large(event):
            return await self._close_beyond()
        return ConnectionClosed() if self._is_over() else event

    async def send(self, *events: Event) -> None:
        if self._over:
            raise ExchangeOver("the exchange is over: its handler has returned")
        if self._refused:
            raise ClientDisconnected("the client's request was refused meanwhile")
        self._judge.judge(events)
        if self._judge.open_websocket:
            self.limit_time(None)
        messages = self._messages(events)
        for event in events:
            if isinstance(event, AcceptWebSocket):
                self._message_limit = event.message_limit
        if self._inbox.gone:
            raise ClientDisconnected("the client has left")
        async with self._turn:
            await self._pass_on(messages)

    def limit_body(self, size: int | None) -> None:
        self._limit = size

    def limit_time(self, seconds: float | None) -> None:
        self.time_scope.deadline = math.inf if seconds is None else self._began + seconds

    @property
    def disconnected(self) -> bool:
        # From the first look on somebody listens.
        self._inbox.watch_soon()
        return self._inbox.gone

    @contextmanager
    def cancelled_on_disconnect(self) -> Iterator[None]:
        self._inbox.watch_soon()
        with anyio.CancelScope() as scope:
            self._inbox.on_gone(scope.cancel)
            try:
                yield
            finally:
                self._inbox.forget_gone(scope.cancel)

    @property
    def response_started(self) -> bool:
        return self._over or self._judge.response_started

    # What `guest` calls.

    @property
    def open_websocket(self) -> bool:
        """Whether a WebSocket was accepted and nobody has closed it."""
        return self._judge.open_websocket and not self._inbox.gone

    def end(self) -> None:
        """Nothing that is received or sent from now on has anything to do with this exchange."""
        self._over = True
        self._connection.close()

    # How it works.

    def _is_too_large(self, event: TextMessage | BytesMessage) -> bool:
        if self._message_limit is None:
            return False
        data = event.text.encode() if isinstance(event, TextMessage) else event.data
        return len(data) > self._message_limit

    async def _close_beyond(self) -> Event:
        """Close a WebSocket whose client sends more than is wanted, as our own server does."""
        close = CloseWebSocket(code=1009, reason="a message that is too large")
        if self._judge.open_websocket:
            with suppress(ClientDisconnected):
                await self.send(close)
        self._refused = True
        return close

    def _is_over(self) -> bool:
        return self._over or self._refused

    def _messages(self, events: tuple[Event, ...]) -> list[SendMessage]:
        if self.request.method == b"HEAD":
            events = tuple(event for event in events if not isinstance(event, Data))
        if self.request.upgrade is None:
            return http_messages(events, self._extensions)
        self._refuses |= any(isinstance(event, Response) for event in events)
        if self._refuses:
            return refusal_messages(events, self._extensions)
        whole = [one for event in events if (one := self._put_together(event)) is not None]
        messages = [websocket_message(event) for event in whole]
        return [message for message in messages if message is not None]

    def _put_together(self, event: Event) -> Event | None:
        """The whole message that a part completes; None if there is more to come."""
        if not isinstance(event, TextMessage | BytesMessage):
            return event
        if event.final and not self._parts:
            return event
        self._parts.append(event)
        if not event.final:
            return None
        parts, self._parts = self._parts, []
        if isinstance(event, TextMessage):
            return TextMessage(text="".join(p.text for p in parts if isinstance(p, TextMessage)))
        return BytesMessage(data=b"".join(p.data for p in parts if isinstance(p, BytesMessage)))

    async def _pass_on(self, messages: list[SendMessage]) -> None:
        try:
            for message in messages:
                await self._send(message)
        except OSError as error:
            # "A server-specific subclass of OSError" (ASGI, HTTP and WebSocket 2.4).
            self._inbox.note_gone()
            raise ClientDisconnected("the client has left") from error

    async def _refuse_beyond(self, size: int) -> None:
        if self._limit is None or size <= self._limit or self._refused:
            return
        self._refused = True
        if self._judge.response_started or self._inbox.gone:
            return
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(_TOO_LARGE)),
            (b"connection", b"close"),
        ]
        async with self._turn:
            await self._pass_on(
                [
                    {"type": "http.response.start", "status": 413, "headers": headers},
                    {"type": "http.response.body", "body": _TOO_LARGE, "more_body": False},
                ]
            )


def _declared_length(request: Request) -> int:
    declared = request.headers.get(b"content-length")
    return int(declared) if declared is not None and declared.isdigit() else 0
