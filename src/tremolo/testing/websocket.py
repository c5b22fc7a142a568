"""A WebSocket to the application under test, as a test uses it.

It is opened by `websocket_handshake`; its frames are read and written by
`tremolo_core.wsproto_client`. `sync_websocket` has the same for tests that are no coroutines.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Self

import anyio
from anyio import BrokenResourceError, CancelScope, ClosedResourceError, EndOfStream

from tremolo_core import BytesMessage, CloseWebSocket, Ping, Pong, Signal, TextMessage
from tremolo_core.wsproto_client import ClientFrame, WsprotoClient

from .errors import Misbehaviour
from .needs_httpx import httpx
from .wire import Wire

__all__ = ("WebSocketClosed", "WebSocketSession")

_LOST = 1006
"""What stands for a connection that ended without a Close (RFC 6455 7.1.5)."""


class WebSocketClosed(Exception):
    """There is no further message, as the WebSocket is closed."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(f"the WebSocket is closed: {code} {reason}".rstrip())
        self.code = code
        """The server's close code; None if its Close has none, 1006 if there was no Close."""
        self.reason = reason


class WebSocketSession:
    """An open WebSocket. Made by `Client.websocket`.

    Pings of the server are answered whenever something is waited for. Whatever
    waits for the server raises TimeoutError if it waits too long, and
    RemoteProtocolError if the server breaks the rules.
    """

    def __init__(self, wire: Wire, response: httpx.Response, frames: WsprotoClient) -> None:
        self.wire = wire
        """The connection, to send bytes that are no frames."""
        self.response = response
        """The answer to the handshake, with its fields."""
        self.close_code: int | None = None
        """The server's close code, once `closed`; 1006 if there was no Close."""
        self.close_reason = ""
        self.closed = False
        """Whether the server has closed the WebSocket."""
        self._frames = frames
        self._messages: deque[str | bytes] = deque()
        """Those that have come while something else was waited for."""
        self._pongs: deque[bytes] = deque()
        self._closing = False
        """Whether we have sent a Close."""

    @property
    def subprotocol(self) -> str | None:
        """What the server has chosen of those that were offered."""
        chosen: str | None = self.response.headers.get("sec-websocket-protocol")
        return chosen

    async def send(self, message: str | bytes | Iterable[str] | Iterable[bytes]) -> None:
        """Send a message; in several fragments, one for each item, if it is an iterable of parts.

        Raises anyio.BrokenResourceError if the server has ended the connection.
        """
        if isinstance(message, str | bytes):
            await self.send_frame(_message(message, final=True))
            return
        parts: list[str | bytes] = [*message]
        for number, part in enumerate(parts, 1):
            await self.send_frame(_message(part, final=number == len(parts)))

    async def send_frame(self, event: ClientFrame) -> None:
        """Send one frame. Raises as `send` does."""
        await self.wire.send(self._frames.write(event))

    async def receive(self) -> str | bytes:
        """Return the next message. Raises WebSocketClosed if there is none any more."""
        with self._patience():
            while not self._messages:
                await self._take()
        return self._messages.popleft()

    async def ping(self, payload: bytes = b"") -> None:
        """Send a Ping of at most 125 bytes, and wait for its Pong. Raises as `receive` does."""
        await self.send_frame(Ping(payload=payload))
        with self._patience():
            while payload not in self._pongs:
                await self._take()
        self._pongs.remove(payload)

    async def close(self, code: int | None = 1000, reason: str = "") -> None:
        """Send a Close, and wait until the server has answered it and ended the connection.

        `close_code` tells then what it has answered. Messages that come before
        that are kept for `receive`. More than once is fine.
        """
        if not (self._closing or self.closed):
            self._closing = True
            try:
                await self.send_frame(CloseWebSocket(code=code, reason=reason))
            except (BrokenResourceError, ClosedResourceError):
                self._end(_LOST, "")
        with self._patience():
            while not self.closed:
                try:
                    await self._take()
                except WebSocketClosed:
                    break
        await self.wire.aclose()

    async def abort(self) -> None:
        """Vanish without a word, as a client does whose machine has crashed."""
        self._end(_LOST, "")
        await self.wire.abort()

    def __aiter__(self) -> Self:
        """Iterate over messages until the WebSocket is closed, with whatever code."""
        return self

    async def __anext__(self) -> str | bytes:
        try:
            return await self.receive()
        except WebSocketClosed:
            raise StopAsyncIteration from None

    @contextmanager
    def _patience(self) -> Iterator[None]:
        """Give up in time: a server that pings and says nothing else is never silent."""
        seconds = self.wire.timeout
        with CancelScope(deadline=anyio.current_time() + seconds) as scope:
            yield
        if scope.cancelled_caught:
            raise TimeoutError(f"the server sent nothing but pings for {seconds:g} s")

    async def _take(self) -> None:
        """Take in one thing that the server does. Raises WebSocketClosed if nothing follows."""
        if self.closed:
            raise WebSocketClosed(self.close_code, self.close_reason)
        event = self._frames.next_event()
        match event:
            case Signal.NEED_DATA:
                await self._read()
            case TextMessage():
                self._messages.append(event.text)
            case BytesMessage():
                self._messages.append(event.data)
            case Ping():
                await self.send_frame(Pong(payload=event.payload))
            case Pong():
                self._pongs.append(event.payload)
            case CloseWebSocket():
                self._end(event.code, event.reason)
                await self._answer_close(event)

    async def _read(self) -> None:
        try:
            self._frames.receive_data(await self.wire.receive_bytes())
        except (EndOfStream, BrokenResourceError, ClosedResourceError):
            self._end(_LOST, "")

    async def _answer_close(self, event: CloseWebSocket) -> None:
        try:
            if not self._closing:
                self._closing = True
                await self.send_frame(CloseWebSocket(code=event.code))
            # It is the server that ends the connection (RFC 6455 7.1.1).
            rest = await self.wire.receive_bytes()
        except (EndOfStream, BrokenResourceError, ClosedResourceError):
            return
        raise Misbehaviour(f"the server sent {rest[:40]!r} behind its Close")

    def _end(self, code: int | None, reason: str) -> None:
        if not self.closed:
            self.closed = True
            self.close_code, self.close_reason = code, reason


def _message(part: str | bytes, *, final: bool) -> TextMessage | BytesMessage:
    if isinstance(part, str):
        return TextMessage(text=part, final=final)
    return BytesMessage(data=part, final=final)
