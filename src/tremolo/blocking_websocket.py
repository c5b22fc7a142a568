"""A WebSocket as plain functions see it; see `blocking`."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from anyio import from_thread

from tremolo_core import PerMessageDeflate

from .blocking import BlockingRequest, BlockingResponse
from .response_head import Text
from .websocket import Message, WebSocket
from .websocket_frames import create_frame

__all__ = ("BlockingWebSocket",)


class BlockingWebSocket:
    """A `WebSocket` for plain functions."""

    __slots__ = ("_websocket",)

    create_frame = staticmethod(create_frame)

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    @property
    def request(self) -> BlockingRequest:
        """As `WebSocket.request`."""
        return BlockingRequest(self._websocket.request)

    @property
    def response(self) -> BlockingResponse:
        """As `WebSocket.response`."""
        return BlockingResponse(self._websocket.response)

    @property
    def subprotocols(self) -> tuple[str, ...]:
        """As `WebSocket.subprotocols`."""
        return self._websocket.subprotocols

    @property
    def subprotocol(self) -> str | None:
        """As `WebSocket.subprotocol`."""
        return self._websocket.subprotocol

    @property
    def max_payload_size(self) -> int | None:
        """As `WebSocket.max_payload_size`."""
        return self._websocket.max_payload_size

    @property
    def accepted(self) -> bool:
        """As `WebSocket.accepted`."""
        return self._websocket.accepted

    @property
    def closed(self) -> bool:
        """As `WebSocket.closed`."""
        return self._websocket.closed

    @property
    def close_code(self) -> int | None:
        """As `WebSocket.close_code`."""
        return self._websocket.close_code

    @property
    def close_reason(self) -> str:
        """As `WebSocket.close_reason`."""
        return self._websocket.close_reason

    @property
    def fin(self) -> bool:
        """As `WebSocket.fin`."""
        return self._websocket.fin

    @property
    def opcode(self) -> int | None:
        """As `WebSocket.opcode`."""
        return self._websocket.opcode

    def accept(
        self,
        subprotocol: Text | None = None,
        headers: Mapping[Any, Text] | Iterable[tuple[Text, Text]] = (),
        *,
        extensions: Iterable[PerMessageDeflate] = (),
        by_fragment: bool = False,
    ) -> None:
        """As `WebSocket.accept`."""

        async def accept() -> None:
            await self._websocket.accept(
                subprotocol, headers, extensions=extensions, by_fragment=by_fragment
            )

        from_thread.run(accept)

    def receive(self, timeout: float | None = None) -> Message:
        """As `WebSocket.receive`."""
        return from_thread.run(self._websocket.receive, timeout)

    def recv(self, timeout: float | None = None) -> Message:
        """As `WebSocket.recv`."""
        return from_thread.run(self._websocket.recv, timeout)

    def send(
        self, data: str | bytes | bytearray, fin: int | bool = 1, opcode: int | None = None
    ) -> None:
        """As `WebSocket.send`."""
        from_thread.run(self._websocket.send, data, fin, opcode)

    def ping(self, data: str | bytes = b"") -> None:
        """As `WebSocket.ping`."""
        from_thread.run(self._websocket.ping, data)

    def pong(self, data: str | bytes = b"") -> None:
        """As `WebSocket.pong`."""
        from_thread.run(self._websocket.pong, data)

    def close(self, code: int = 1000, reason: str = "", *, timeout: float | None = None) -> None:
        """As `WebSocket.close`."""

        async def close() -> None:
            await self._websocket.close(code, reason, timeout=timeout)

        from_thread.run(close)

    def __iter__(self) -> Iterator[Message]:
        """Iterate over messages until it is closed. Accepts it first."""

        async def following() -> Message | None:
            return await anext(self._websocket, None)

        while (message := from_thread.run(following)) is not None:
            yield message
