"""An exchange over messages keeps to what every exchange promises."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

import anyio
import pytest

from tremolo_asgi.guest_exchange import GuestExchange
from tremolo_core import (
    AcceptWebSocket,
    BytesMessage,
    CloseWebSocket,
    ConnectionClosed,
    Data,
    EndOfMessage,
    Headers,
    LocalProtocolError,
    Request,
    Response,
    TextMessage,
)
from tremolo_transport.exchange import ClientDisconnected, ExchangeOver, Peer, ShutdownNotice

pytestmark = pytest.mark.anyio

END = EndOfMessage()
CLOSED = ConnectionClosed()
OK = Response(status=200)
LEFT = {"type": "http.disconnect"}


class Server:
    """The other server: gives out what it is told to, and keeps what it is sent."""

    def __init__(self, *messages: Any) -> None:
        self.sent: list[Any] = []
        self.broken = False
        self._put, self._messages = anyio.create_memory_object_stream[Any](100)
        for message in messages:
            self._put.send_nowait(message)

    def put(self, message: Any) -> None:
        self._put.send_nowait(message)

    async def receive(self) -> Any:
        return await self._messages.receive()

    async def send(self, message: Any) -> None:
        await anyio.lowlevel.checkpoint()
        if self.broken:
            raise BrokenPipeError("gone")
        self.sent.append(message)

    def close(self) -> None:
        self._put.close()
        self._messages.close()


@asynccontextmanager
async def exchange_with(
    server: Server,
    *,
    method: bytes = b"GET",
    headers: Headers = Headers(),
    upgrade: bytes | None = None,
    extensions: tuple[str, ...] = ("websocket.http.response",),
) -> AsyncIterator[GuestExchange]:
    request = Request(method=method, target=b"/", headers=headers, upgrade=upgrade)
    async with anyio.create_task_group() as group:
        yield GuestExchange(
            request,
            peer=Peer(),
            shutdown=ShutdownNotice(),
            extensions=extensions,
            channel=(server.receive, server.send),
            group=group,
        )
        group.cancel_scope.cancel()
    server.close()


def piece(data: bytes = b"", *, more: bool = False) -> object:
    return {"type": "http.request", "body": data, "more_body": more}


def body(data: bytes = b"", *, more: bool = False) -> object:
    return {"type": "http.response.body", "body": data, "more_body": more}


def start(status: int = 200, *headers: tuple[bytes, bytes]) -> object:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


async def test_a_request_and_its_answer() -> None:
    server = Server(piece(b"a", more=True), piece(b"b"))
    async with exchange_with(server) as exchange:
        told = [await exchange.receive() for _ in range(3)]
        started = [exchange.response_started]
        await exchange.respond(203, [(b"a", b"b")], b"abc")
        assert [*started, exchange.response_started] == [False, True]
    assert told == [Data(data=b"a"), Data(data=b"b"), END]
    headers = ((b"a", b"b"), (b"content-length", b"3"))
    assert server.sent == [start(203, *headers), body(b"abc")]


async def test_an_answer_in_pieces() -> None:
    server = Server(piece())
    async with exchange_with(server) as exchange:
        await exchange.send(OK)
        await exchange.send(Data(data=b"a"))
        await exchange.send(Data(data=b"b"), END)
    assert server.sent == [start(), body(more=True), body(b"a", more=True), body(b"b")]


async def test_a_file() -> None:
    server = Server(piece())
    async with exchange_with(server) as exchange:
        await exchange.send(OK)
        await exchange.send_file(BytesIO(b"0123456789"), offset=2, count=3)
        await exchange.send(END)
    assert server.sent[2:] == [body(b"234", more=True), body()]


async def test_no_body_is_sent_for_head() -> None:
    server = Server(piece())
    async with exchange_with(server, method=b"HEAD") as exchange:
        await exchange.respond(200, body=b"abc")
    assert server.sent == [start(200, (b"content-length", b"3")), body()]


async def test_what_may_not_be_sent_is_not() -> None:
    server = Server(piece())
    async with exchange_with(server) as exchange:
        with pytest.raises(LocalProtocolError):
            await exchange.send(Data(data=b"a"))
        with pytest.raises(LocalProtocolError):
            await exchange.send(OK, Response(status=201))
        assert server.sent == []
        await exchange.send(OK, END)
        with pytest.raises(LocalProtocolError):
            await exchange.send(END)
    assert server.sent == [start(), body()]


async def test_a_client_that_leaves() -> None:
    server = Server(piece(), LEFT)
    async with exchange_with(server) as exchange:
        assert [await exchange.receive() for _ in range(3)] == [END, CLOSED, CLOSED]
        with pytest.raises(ClientDisconnected):
            await exchange.send(OK)
    assert server.sent == []


async def test_a_server_that_cannot_send() -> None:
    server = Server(piece())
    server.broken = True
    async with exchange_with(server) as exchange:
        with pytest.raises(ClientDisconnected) as caught:
            await exchange.send(OK)
        assert isinstance(caught.value.__cause__, BrokenPipeError)
        assert await exchange.receive() == CLOSED
        assert exchange.disconnected


async def test_who_looks_is_told_that_the_client_left() -> None:
    server = Server(piece(b"a", more=True))
    async with exchange_with(server) as exchange:
        looked = [exchange.disconnected]
        await anyio.wait_all_tasks_blocked()
        server.put(LEFT)
        await anyio.wait_all_tasks_blocked()
        assert [*looked, exchange.disconnected] == [False, True]
        assert [await exchange.receive() for _ in range(2)] == [Data(data=b"a"), CLOSED]


async def test_who_wants_to_be_is_cancelled_when_the_client_leaves() -> None:
    server = Server(piece())
    async with exchange_with(server) as exchange:
        with exchange.cancelled_on_disconnect():
            await anyio.wait_all_tasks_blocked()
            server.put(LEFT)
            await anyio.sleep_forever()
        with exchange.cancelled_on_disconnect():
            await anyio.sleep_forever()


async def test_messages_of_two_tasks_are_not_torn_apart() -> None:
    server = Server(piece())
    async with exchange_with(server) as exchange:
        await exchange.send(OK)
        async with anyio.create_task_group() as group:
            for letter in (b"a", b"b"):
                group.start_soon(exchange.send, Data(data=letter), Data(data=letter))
    sent = [message["body"] for message in server.sent[2:]]
    assert sent in ([b"a", b"a", b"b", b"b"], [b"b", b"b", b"a", b"a"])


async def test_over_is_over() -> None:
    server = Server(piece(b"a"))
    async with exchange_with(server) as exchange:
        exchange.end()
        assert await exchange.receive() == CLOSED
        assert exchange.response_started
        with pytest.raises(ExchangeOver):
            await exchange.send(OK)


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_beyond_the_limit_is_413(declared: bool) -> None:
    server = Server(piece(b"abc", more=True), piece(b"de"))
    headers = Headers([(b"content-length", b"5")] if declared else ())
    async with exchange_with(server, headers=headers) as exchange:
        exchange.limit_body(4)
        told = [await exchange.receive() for _ in range(3)]
        assert told == ([CLOSED] * 3 if declared else [Data(data=b"abc"), CLOSED, CLOSED])
        with pytest.raises(ClientDisconnected, match="refused"):
            await exchange.send(OK)
    assert [message.get("status") for message in server.sent] == [413, None]


async def test_a_body_beyond_the_limit_behind_the_head_breaks_off() -> None:
    server = Server(piece(b"abc"))
    async with exchange_with(server) as exchange:
        exchange.limit_body(2)
        await exchange.send(OK)
        assert await exchange.receive() == CLOSED
    assert server.sent == [start(), body(more=True)]


async def test_a_body_within_the_limit() -> None:
    server = Server(piece(b"abc"))
    async with exchange_with(server, headers=Headers([(b"content-length", b"3")])) as exchange:
        exchange.limit_body(3)
        assert [await exchange.receive() for _ in range(2)] == [Data(data=b"abc"), END]


WEBSOCKET: dict[str, Any] = {
    "upgrade": b"websocket",
    "headers": Headers([(b"sec-websocket-protocol", b"chat")]),
}


async def test_a_websocket() -> None:
    server = Server(
        {"type": "websocket.receive", "text": "a"},
        {"type": "websocket.receive", "bytes": b"b"},
        {"type": "websocket.disconnect", "code": 4003, "reason": "no"},
    )
    async with exchange_with(server, **WEBSOCKET) as exchange:
        assert await exchange.receive() == END
        await exchange.send(AcceptWebSocket(subprotocol=b"chat"))
        await exchange.send(TextMessage(text="c"))
        assert exchange.open_websocket
        told = [await exchange.receive() for _ in range(4)]
        with pytest.raises(ClientDisconnected):
            await exchange.send(TextMessage(text="d"))
    close = CloseWebSocket(code=4003, reason="no")
    assert told == [TextMessage(text="a"), BytesMessage(data=b"b"), close, CLOSED]
    assert server.sent == [
        {"type": "websocket.accept", "subprotocol": "chat", "headers": []},
        {"type": "websocket.send", "text": "c"},
    ]


async def test_the_end_of_the_handshake_is_not_told_behind_the_acceptance() -> None:
    server = Server({"type": "websocket.receive", "text": "a"})
    async with exchange_with(server, **WEBSOCKET) as exchange:
        await exchange.send(AcceptWebSocket())
        assert await exchange.receive() == TextMessage(text="a")


async def test_parts_of_a_message_are_put_together() -> None:
    server = Server()
    async with exchange_with(server, **WEBSOCKET) as exchange:
        await exchange.send(AcceptWebSocket())
        await exchange.send(TextMessage(text="a", final=False), TextMessage(text="b", final=False))
        await exchange.send(TextMessage(text="c"))
        await exchange.send(BytesMessage(data=b"a", final=False), BytesMessage(data=b"b"))
        await exchange.send(CloseWebSocket(code=1000, reason="bye"))
        assert not exchange.open_websocket
    assert server.sent[1:] == [
        {"type": "websocket.send", "text": "abc"},
        {"type": "websocket.send", "bytes": b"ab"},
        {"type": "websocket.close", "code": 1000, "reason": "bye"},
    ]


@pytest.mark.parametrize("offered", [True, False])
async def test_a_websocket_is_refused_as_the_server_can(offered: bool) -> None:
    server = Server()
    extensions = ("websocket.http.response",) if offered else ()
    async with exchange_with(server, extensions=extensions, **WEBSOCKET) as exchange:
        await exchange.send(Response(status=401))
        await exchange.send(Data(data=b"no"))
        await exchange.send(END)
    kinds = [message["type"] for message in server.sent]
    if offered:
        assert kinds == ["websocket.http.response.start", *["websocket.http.response.body"] * 3]
    else:
        assert kinds == ["websocket.close"]


async def test_a_message_beyond_the_limit_closes_the_websocket() -> None:
    server = Server(
        {"type": "websocket.receive", "text": "four"},
        {"type": "websocket.receive", "text": "fü nf"},
        {"type": "websocket.receive", "text": "on"},
    )
    async with exchange_with(server, **WEBSOCKET) as exchange:
        await exchange.send(AcceptWebSocket(message_limit=4))
        told = [await exchange.receive() for _ in range(3)]
        with pytest.raises(ClientDisconnected):
            await exchange.send(TextMessage(text="too late"))
    close = CloseWebSocket(code=1009, reason="a message that is too large")
    assert told == [TextMessage(text="four"), close, CLOSED]
    [_, sent] = server.sent
    assert sent == {"type": "websocket.close", "code": 1009, "reason": close.reason}
