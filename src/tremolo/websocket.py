"""A WebSocket as handlers see it: what they are given as `websocket`.

What may be sent when is judged by the core, which also answers pings and closes;
what a peer gets whose handler returns or raises is decided in `streaming`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Self, TypeAlias

import anyio

from tremolo_core import (
    AcceptWebSocket,
    BytesMessage,
    CloseWebSocket,
    ConnectionClosed,
    Event,
    Headers,
    LocalProtocolError,
    PerMessageDeflate,
    Ping,
    Pong,
    TextMessage,
    value,
)
from tremolo_transport.exchange import ClientDisconnected

from .exceptions import WebSocketClientClosed, WebSocketException, WebSocketServerClosed
from .request import Request
from .response import Response
from .response_head import Text
from .websocket_frames import Opcode, create_frame

__all__ = ("Message", "WebSocket")

Message: TypeAlias = str | bytes
"""A text, or bytes."""

_NO_CODE = 1005
_NO_CLOSE = 1006
"""What stands for a Close without a code, and for an end without a Close (RFC 6455 7.4.1)."""

_GIVEN_UP = (1002, 1007, 1009, 1011)
"""Codes with which a server gives up on a client; no client has a reason to say them."""

_HANDSHAKES = (b"content-type", b"content-length", b"sec-websocket-protocol")
"""Fields that a response may have, and that an acceptance cannot."""


class WebSocket:
    """One WebSocket of a client, from its handshake to its end.

    Until it is accepted, an exception such as Forbidden, or whatever else is an
    answer, refuses it. Once it is, it ends with its handler: with 1000 when that
    returns, with 1011 when it raises. Pings are answered and sent, and a Close is
    answered, without anybody's doing.

    It may be used from several tasks; two that receive get different messages.
    Receiving and sending raise WebSocketClientClosed when the client has closed
    it, or has left; WebSocketServerClosed when we have: by `close`, because the
    server stops, or because the client broke the rules or showed no sign of
    life. A handler need not catch the former. Sending waits while the client
    reads too slowly; a call that is cancelled counts as sent.
    """

    __slots__ = (
        "_closed_by_us",
        "_end",
        "_max_payload_size",
        "_parts",
        "fin",
        "opcode",
        "request",
        "response",
        "subprotocol",
    )

    create_frame = staticmethod(create_frame)

    def __init__(
        self, request: Request, response: Response, *, max_payload_size: int | None = 2_097_152
    ) -> None:
        self.request = request
        self.response = response
        """Fields that are set here are sent with the acceptance."""
        self.subprotocol: str | None = None
        """The one that was accepted."""
        self.fin = True
        """Whether what was received last was a whole message, or its last part."""
        self.opcode: int | None = None
        """What was received last: 1 for text, 2 for bytes."""
        self._max_payload_size = max_payload_size
        self._closed_by_us = False
        self._end: _End | None = None
        """Why nothing will be received any more."""
        self._parts: list[Message] = []
        """Those of the message that `receive` is about to return."""

    @property
    def subprotocols(self) -> tuple[str, ...]:
        """Those that the client offers, in its order of preference, as it writes them."""
        offered = self.request.exchange.request.headers.get_list(b"sec-websocket-protocol")
        return tuple(name.decode("ascii") for name in offered)

    @property
    def max_payload_size(self) -> int | None:
        """Bytes of a message that are received; for more, the WebSocket is closed with 1009."""
        return self._max_payload_size

    @property
    def accepted(self) -> bool:
        """Whether the handshake is answered with 101."""
        return self.response.upgraded

    @property
    def closed(self) -> bool:
        """Whether it is known to be closed, by either side."""
        return self._closed_by_us or self._end is not None

    @property
    def close_code(self) -> int | None:
        """How it was closed, once `receive` has told; 1005 without a code, 1006 without a Close."""
        return None if self._end is None else self._end.code

    @property
    def close_reason(self) -> str:
        """What the other side says about that."""
        return "" if self._end is None else self._end.reason

    async def accept(
        self,
        subprotocol: Text | None = None,
        headers: Mapping[Any, Text] | Iterable[tuple[Text, Text]] = (),
        *,
        extensions: Iterable[PerMessageDeflate] = (),
        by_fragment: bool = False,
    ) -> None:
        """Accept the handshake. Doing so twice does nothing more.

        `subprotocol` must be one of those that the client offers. `headers` are
        sent beside the fields of the response. Messages are compressed if
        `extensions` says how and the client offers to. `by_fragment` has
        messages received in parts, as they come.

        Raises LocalProtocolError for what cannot be sent, and
        WebSocketClientClosed if the client has left.
        """
        if self.accepted:
            return
        if self.response.ended:
            raise RuntimeError("the handshake was answered already, and not with a WebSocket")
        if self.response.headers_sent():
            self._end = self._end or self._end_with(_NO_CLOSE, "")
            raise self._ended()
        fields = [
            (name, text)
            for name, values in self.response.headers.items()
            for text in values
            if name not in _HANDSHAKES
        ]
        # nggit/tremolo has no argument for it, only this field.
        by_hand = self.response.headers.get(b"sec-websocket-protocol")
        chosen = by_hand[0] if by_hand else None
        if subprotocol is not None:
            chosen = _encoded(subprotocol)
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        fields += [(_encoded(name).lower(), _encoded(text)) for name, text in pairs]
        acceptance = AcceptWebSocket(
            subprotocol=chosen,
            headers=Headers(fields),
            extensions=tuple(extensions),
            by_fragment=by_fragment,
            message_limit=self._max_payload_size,
        )
        self.response.upgraded = True
        self.subprotocol = None if chosen is None else chosen.decode("latin-1")
        try:
            await self._send(acceptance)
        except (LocalProtocolError, WebSocketException):
            # Nothing was sent; a call that is cancelled counts as sent.
            self.response.upgraded = False
            raise

    async def receive(self, timeout: float | None = None) -> Message:
        """Return the next message; an empty one is a message too.

        Raises TimeoutError if there is none within `timeout` seconds; a call
        that times out, or is cancelled, has lost nothing.
        """
        if timeout is None:
            return await self._receive_message()
        with anyio.fail_after(timeout):
            return await self._receive_message()

    async def recv(self, timeout: float | None = None) -> Message:
        """Return what comes next: a message, or if it was accepted by fragment, a part of one.

        `fin` tells whether it is the last part. Where a message is cut says
        nothing. Raises as `receive` does.
        """
        if timeout is None:
            return _content(await self._receive())
        with anyio.fail_after(timeout):
            return _content(await self._receive())

    async def send(
        self, data: str | bytes | bytearray, fin: int | bool = 1, opcode: int | None = None
    ) -> None:
        """Send a message: a text for str, else bytes.

        With `fin` false it is a part, to be followed by more of its kind; each
        is a frame. `opcode` may be 1 for text, 2 for bytes, 9 for a ping, 10 for a
        pong. Raises ValueError for another, and LocalProtocolError for a part
        that does not fit the one before it.
        """
        await self._send(_frame(data, final=bool(fin), opcode=opcode))

    async def ping(self, data: str | bytes = b"") -> None:
        """Ask the client whether it is there, with at most 125 bytes; its answer is not told."""
        await self.send(data, opcode=Opcode.PING)

    async def pong(self, data: str | bytes = b"") -> None:
        """Show that we are there, with at most 125 bytes. Pings are answered without this."""
        await self.send(data, opcode=Opcode.PONG)

    async def close(
        self, code: int = 1000, reason: str = "", *, timeout: float | None = None
    ) -> None:
        """Close it, and wait until the client has closed it too; messages before that are dropped.

        Waits for `timeout` seconds at most; the server itself waits for 10. Before
        `accept`, the handshake is refused with 403. Does nothing if it is closed.

        Raises LocalProtocolError for a code that cannot be sent (RFC 6455 7.4),
        or a reason of more than 123 bytes.
        """
        if not self.accepted:
            if not self.response.headers_sent():
                self.response.set_status(403)
            await self.response.end()
            return
        if not self.closed:
            try:
                await self._send(CloseWebSocket(code=code, reason=reason))
            except WebSocketException:
                return
            self._closed_by_us = True
        with anyio.move_on_after(timeout):
            # The other task that receives may be told first.
            while self._end is None:
                await self._next_event()

    def __aiter__(self) -> Self:
        """Iterate over messages until it is closed; `close_code` tells how. Accepts it first."""
        return self

    async def __anext__(self) -> Message:
        try:
            await self.accept()
            return await self.receive()
        except WebSocketException:
            raise StopAsyncIteration from None

    # How it works.

    async def _receive_message(self) -> Message:
        event = await self._receive()
        if event.final and not self._parts:
            return _content(event)
        while not event.final:
            self._parts.append(_content(event))
            event = await self._receive()
        parts, self._parts = [*self._parts, _content(event)], []
        if isinstance(event, TextMessage):
            return "".join(part for part in parts if isinstance(part, str))
        return b"".join(part for part in parts if isinstance(part, bytes))

    async def _receive(self) -> TextMessage | BytesMessage:
        if not self.accepted:
            raise RuntimeError("the WebSocket must be accepted before messages are received")
        while not self.closed:
            event = await self._next_event()
            if isinstance(event, TextMessage | BytesMessage):
                self.fin = event.final
                self.opcode = Opcode.TEXT if isinstance(event, TextMessage) else Opcode.BINARY
                return event
        raise self._ended()

    async def _next_event(self) -> Event:
        event = await self.request.exchange.receive()
        if self._end is None:
            match event:
                case CloseWebSocket():
                    code = _NO_CODE if event.code is None else event.code
                    self._end = self._end_with(code, event.reason)
                case ConnectionClosed():
                    self._end = self._end_with(_NO_CLOSE, "")
                case _:
                    pass
        return event

    def _end_with(self, code: int, reason: str) -> "_End":
        shutdown = self.request.exchange.shutdown
        stopped = shutdown.begun and code == shutdown.close_code
        return _End(
            code=code,
            reason=reason,
            ours=self._closed_by_us or stopped or code in _GIVEN_UP,
        )

    def _ended(self) -> WebSocketException:
        end = self._end or _End(code=1000, reason="", ours=self._closed_by_us)
        kind = WebSocketServerClosed if end.ours else WebSocketClientClosed
        return kind(end.reason, code=end.code) if end.reason else kind(code=end.code)

    async def _send(self, event: Event) -> None:
        if not self.accepted:
            raise RuntimeError("the WebSocket must be accepted before anything is sent")
        if self.closed:
            raise self._ended()
        exchange = self.request.exchange
        try:
            at_once = isinstance(event, TextMessage | BytesMessage) and exchange.send_message(event)
            if not at_once:
                await exchange.send(event)
        except ClientDisconnected as error:
            if self._end is None:
                shutdown = exchange.shutdown
                code = shutdown.close_code if shutdown.draining else _NO_CLOSE
                self._end = self._end_with(code, "")
            raise self._ended() from error


@value
class _End:
    """How a WebSocket ended."""

    code: int
    reason: str
    ours: bool
    """Whether this side wanted it."""


def _content(event: TextMessage | BytesMessage) -> Message:
    return event.text if isinstance(event, TextMessage) else event.data


def _frame(data: str | bytes | bytearray, *, final: bool, opcode: int | None) -> Event:
    text = isinstance(data, str)
    raw = data.encode() if isinstance(data, str) else bytes(data)
    match opcode:
        case None if text:
            return TextMessage(text=str(data), final=final)
        case None | Opcode.BINARY:
            return BytesMessage(data=raw, final=final)
        case Opcode.TEXT:
            return TextMessage(text=raw.decode(), final=final)
        case Opcode.PING:
            return Ping(payload=raw)
        case Opcode.PONG:
            return Pong(payload=raw)
        case _:
            raise ValueError(
                f"opcode must be 1 (text), 2 (bytes), 9 (ping) or 10 (pong), not {opcode}"
            )


def _encoded(text: Text) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")
