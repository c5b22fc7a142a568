"""A WebSocket for tests that are plain functions: `WebSocketSession`, each call of which blocks."""

from collections.abc import Iterable, Iterator

from tremolo_core.wsproto_client import ClientFrame

from .needs_httpx import httpx
from .stepped_loop import SteppedLoop
from .websocket import WebSocketClosed, WebSocketSession
from .wire import Wire

__all__ = ("SyncWebSocketSession",)


class SyncWebSocketSession:
    """An open WebSocket. Made by `SyncClient.websocket`; all is as with `WebSocketSession`."""

    def __init__(self, session: WebSocketSession, loop: SteppedLoop) -> None:
        self._session = session
        self._loop = loop

    @property
    def wire(self) -> Wire:
        """The connection under it."""
        return self._session.wire

    @property
    def response(self) -> httpx.Response:
        """The answer to the handshake, with its fields."""
        return self._session.response

    @property
    def subprotocol(self) -> str | None:
        """What the server has chosen of those that were offered."""
        return self._session.subprotocol

    @property
    def closed(self) -> bool:
        """Whether the server has closed the WebSocket."""
        return self._session.closed

    @property
    def close_code(self) -> int | None:
        """The server's close code, once `closed`; 1006 if there was no Close."""
        return self._session.close_code

    @property
    def close_reason(self) -> str:
        """The text of the server's Close."""
        return self._session.close_reason

    def send(self, message: str | bytes | Iterable[str] | Iterable[bytes]) -> None:
        """As `WebSocketSession.send`."""
        self._loop.run(self._session.send, message)

    def send_frame(self, event: ClientFrame) -> None:
        """As `WebSocketSession.send_frame`."""
        self._loop.run(self._session.send_frame, event)

    def receive(self) -> str | bytes:
        """As `WebSocketSession.receive`."""
        return self._loop.run(self._session.receive)

    def ping(self, payload: bytes = b"") -> None:
        """As `WebSocketSession.ping`."""
        self._loop.run(self._session.ping, payload)

    def close(self, code: int | None = 1000, reason: str = "") -> None:
        """As `WebSocketSession.close`."""
        self._loop.run(self._session.close, code, reason)

    def abort(self) -> None:
        """As `WebSocketSession.abort`."""
        self._loop.run(self._session.abort)

    def __iter__(self) -> Iterator[str | bytes]:
        """Iterate over messages until the WebSocket is closed, with whatever code."""
        return self

    def __next__(self) -> str | bytes:
        try:
            return self.receive()
        except WebSocketClosed:
            raise StopIteration from None
