"""WebSockets: an echo, a room where everybody hears everybody, and one in a plain function."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from tremolo import BlockingWebSocket, Tremolo, WebSocket
from tremolo.exceptions import Forbidden

app = Tremolo()


@app.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    async for message in websocket:
        await websocket.send(message)


class Room:
    """Those who are here; who does not keep up misses what is said."""

    def __init__(self) -> None:
        self._present: set[MemoryObjectSendStream[str | bytes]] = set()

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[MemoryObjectReceiveStream[str | bytes]]:
        send, receive = anyio.create_memory_object_stream[str | bytes](100)
        self._present.add(send)
        async with send, receive:
            try:
                yield receive
            finally:
                self._present.discard(send)

    def say(self, message: str | bytes) -> None:
        for present in self._present:
            if present.statistics().current_buffer_used < 100:
                present.send_nowait(message)


room = Room()


@app.websocket("/chat")
async def chat(websocket: WebSocket) -> None:
    if "chat.v1" not in websocket.subprotocols:
        raise Forbidden("chat.v1 is spoken here")

    async with room.entered() as heard, anyio.create_task_group() as group:
        # Whoever hears of the acceptance hears everybody.
        await websocket.accept("chat.v1")

        async def tell() -> None:
            async for message in heard:
                await websocket.send(message)

        group.start_soon(tell)
        async for message in websocket:
            room.say(message)
        group.cancel_scope.cancel()


@app.websocket("/plain")
def plain(websocket: BlockingWebSocket) -> None:
    websocket.accept()
    for number in (3, 2, 1):
        websocket.send(str(number))
    websocket.close(1000, "lift-off", timeout=5)


if __name__ == "__main__":
    app.run("127.0.0.1", 8000)
