"""One WebSocket of an ASGI application: its `receive` and `send`, over an exchange.

Which scope the application is called with is decided in `handler`. What the
peer gets when the application has returned or raised, and when the server
stops, is decided by the server.
"""

from typing import Final

import anyio

from tremolo_core import (
    BytesMessage,
    CloseWebSocket,
    ConnectionClosed,
    Event,
    LocalProtocolError,
    PerMessageDeflate,
    Response,
    TextMessage,
)
from tremolo_transport.exchange import ClientDisconnected, Exchange

from .errors import IncompleteResponse, MessageError
from .http_messages import next_events
from .last_head import read_head
from .message_members import kind_of, read_body
from .message_types import SendMessage, WebSocketReceivedMessage
from .websocket_messages import (
    WebSocketProgress,
    disconnected,
    must_be_due,
    read_accept,
    read_close,
    read_message,
    received,
)

__all__ = ("WebSocketCycle",)

# Until Python 3.12 it takes 0.1 µs to look a member up in its enum.
_CONNECTING: Final = WebSocketProgress.CONNECTING
_OPEN: Final = WebSocketProgress.OPEN
_HEAD: Final = WebSocketProgress.HEAD
_BODY: Final = WebSocketProgress.BODY
_REFUSED: Final = WebSocketProgress.REFUSED
_CLOSED: Final = WebSocketProgress.CLOSED

_FORBIDDEN = Response(status=403)

_ABNORMAL = 1006
"""What stands for an end without a Close (RFC 6455 7.1.5), and for a refusal."""


class WebSocketCycle:
    """The two callables that one call of the application is given.

    Both may be called from several tasks at once.
    """

    __slots__ = (
        "_client_left",
        "_connect_told",
        "_end_told",
        "_exchange",
        "_extensions",
        "_head",
        "_waiting",
        "progress",
    )

    def __init__(
        self, exchange: Exchange, *, extensions: tuple[PerMessageDeflate, ...] = ()
    ) -> None:
        self._exchange = exchange
        self._extensions = extensions
        self.progress = _CONNECTING
        """How far the WebSocket has come."""
        self._head: Response | None = None
        """The head of an answer that refuses, as long as it is held back."""
        self._connect_told = False
        self._end_told = False
        self._client_left = False
        self._waiting: list[anyio.CancelScope] = []
        """Those who wait for a message before there can be one."""

    async def receive(self) -> WebSocketReceivedMessage:
        """Return `websocket.connect`, then the client's messages, then `websocket.disconnect`.

        Messages that come before the WebSocket is accepted wait until it is.
        What is known already is returned without a checkpoint, also in a
        cancelled scope; a cancelled call has lost nothing.

        `websocket.disconnect` comes once, whoever ended the WebSocket: with the
        client's code and reason; or ours, if it broke the rules or was silent;
        1006 if there was no Close, or if the WebSocket was refused. Behind it
        MessageError is raised.
        """
        if not self._connect_told:
            self._connect_told = True
            return {"type": "websocket.connect"}
        while True:
            if self._end_told:
                raise MessageError(
                    "receive() was called after websocket.disconnect, when nothing follows"
                )
            if self.progress is _REFUSED:
                self._end_told = True
                return disconnected(_ABNORMAL)
            event: Event | None
            if self.progress is _OPEN or self.progress is _CLOSED:
                event = await self._exchange.receive()
            else:
                event = await self._early_event()
            if type(event) is BytesMessage or type(event) is TextMessage:
                # Who has closed does not wait for messages any more.
                if self.progress is _OPEN:
                    return received(event)
                continue
            match event:
                case CloseWebSocket() | ConnectionClosed() if not self._end_told:
                    self._end_told = self._client_left = True
                    if isinstance(event, CloseWebSocket):
                        return disconnected(event.code, event.reason)
                    return disconnected(_ABNORMAL)
                case _:
                    # The end of the handshake, or a wait that led to nothing.
                    pass

    async def send(self, message: SendMessage) -> None:
        """Send one message, and wait until the client's side takes it.

        The head of an answer that refuses is held back until the first piece of
        its body. A cancelled call counts as sent.

        Raises MessageError if the message is malformed or not due,
        LocalProtocolError if what it says may not be sent, and
        ClientDisconnected, an OSError, if the client has left or the WebSocket
        was closed. After the first two nothing was sent.
        """
        progress = self.progress
        try:
            kind: object = message["type"]
        except (KeyError, TypeError):
            kind = kind_of(message)
        if kind == "websocket.send" and progress is _OPEN:
            event = read_message(message)
            try:
                if not self._exchange.send_message(event):
                    await self._exchange.send(event)
            except ClientDisconnected:
                self._client_left = True
                raise
            return
        must_be_due(kind, progress)
        match kind:
            case "websocket.accept":
                acceptance = read_accept(message, self._extensions)
                await self._send((acceptance,), _OPEN)
            case "websocket.close" if progress is _OPEN:
                await self._send((read_close(message),), _CLOSED)
            case "websocket.close":
                read_close(message)
                await self._send_answer(_FORBIDDEN, b"", more=False)
            case "websocket.http.response.start":
                self._head = read_head(message)
                self.progress = _HEAD
            case _:
                body, more = read_body(message)
                await self._send_answer(self._head, body, more=more)

    def finish(self) -> None:
        """Judge what was sent once the application has returned.

        Raises IncompleteResponse if the handshake is not answered, or not to
        the end; ClientDisconnected if the application knew that the client had
        left. A WebSocket that is open is left to the server to close.
        """
        if self.progress in _COMPLETE:
            return
        if self._client_left:
            raise ClientDisconnected("the client left before the handshake was answered")
        raise IncompleteResponse(f"the application returned {self.progress.value}")

    @property
    def answered(self) -> bool:
        """Whether the application itself has ended the WebSocket, or refused it."""
        return self.progress in (_REFUSED, _CLOSED)

    @property
    def client_left(self) -> bool:
        """Whether the application was told, by either callable, that the WebSocket is over."""
        return self._client_left

    async def _early_event(self) -> Event | None:
        """Return what the client does, or None if the handshake was answered meanwhile."""
        # What came early is told by a call that begins when the WebSocket is accepted.
        with anyio.CancelScope() as scope:
            self._waiting.append(scope)
            try:
                return await self._exchange.receive()
            finally:
                self._waiting.remove(scope)
        return None

    async def _send_answer(self, head: Response | None, body: bytes, *, more: bool) -> None:
        events = next_events(head, body, more=more, method=b"GET")
        await self._send(events, _BODY if more else _REFUSED)

    async def _send(self, events: tuple[Event, ...], following: WebSocketProgress) -> None:
        progress, head = self.progress, self._head
        # Before the call, as a cancelled one counts as sent.
        self.progress = following
        self._head = None
        try:
            await self._exchange.send(*events)
        except LocalProtocolError:
            self.progress = progress if head is None else _CONNECTING
            raise
        except ClientDisconnected:
            self._client_left = True
            raise
        finally:
            if self.progress not in _UNANSWERED:
                for scope in self._waiting:
                    scope.cancel()


_COMPLETE = frozenset((_OPEN, _CLOSED, _REFUSED))
_UNANSWERED = frozenset((_CONNECTING, _HEAD, _BODY))
