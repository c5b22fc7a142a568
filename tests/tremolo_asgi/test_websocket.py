"""One WebSocket: the order of messages, what waits for what, and how it ends."""

from typing import Any

import anyio
import pytest

from tremolo_asgi import IncompleteResponse, MessageError
from tremolo_asgi.websocket import WebSocketCycle
from tremolo_core import (
    AcceptWebSocket,
    BytesMessage,
    CloseWebSocket,
    Data,
    EndOfMessage,
    Event,
    Headers,
    LocalProtocolError,
    PerMessageDeflate,
    Response,
    TextMessage,
)
from tremolo_transport.exchange import ClientDisconnected

from .fake_exchange import FakeExchange

pytestmark = pytest.mark.anyio

END = EndOfMessage()
ACCEPT: Any = {"type": "websocket.accept"}
CLOSE: Any = {"type": "websocket.close"}
CONNECT = {"type": "websocket.connect"}
DENY: Any = {"type": "websocket.http.response.start", "status": 401}
HELLO: Any = {"type": "websocket.send", "text": "hello"}


def changed(message: Any, **members: object) -> Any:
    return {**message, **members}


def disconnect(code: int, reason: str = "") -> object:
    return {"type": "websocket.disconnect", "code": code, "reason": reason}


def denial(body: bytes = b"", *, more: bool = False) -> Any:
    return {"type": "websocket.http.response.body", "body": body, "more_body": more}


class EarlyExchange(FakeExchange):
    """Whose messages are told once the WebSocket is accepted, to who asks after that."""

    def __init__(self, *early: Event) -> None:
        super().__init__()
        self._early = early

    async def send(self, *events: Event) -> None:
        await super().send(*events)
        if isinstance(events[0], AcceptWebSocket):
            self._incoming += self._early


async def accepted(*incoming: Event) -> tuple[FakeExchange, WebSocketCycle]:
    exchange = FakeExchange(END, *incoming)
    cycle = WebSocketCycle(exchange)
    assert await cycle.receive() == CONNECT
    await cycle.send(ACCEPT)
    return exchange, cycle


async def test_messages_come_behind_the_handshake() -> None:
    exchange, cycle = await accepted(TextMessage(text="a"), BytesMessage(data=b"b"))
    assert exchange.sent == [(AcceptWebSocket(),)]
    assert await cycle.receive() == {"type": "websocket.receive", "text": "a"}
    assert await cycle.receive() == {"type": "websocket.receive", "bytes": b"b"}
    cycle.finish()


async def test_messages_are_sent_as_they_come() -> None:
    exchange, cycle = await accepted()
    await cycle.send(HELLO)
    await cycle.send({"type": "websocket.send", "bytes": b""})
    assert exchange.sent[1:] == [(TextMessage(text="hello"),), (BytesMessage(data=b""),)]


async def test_an_acceptance_says_what_was_chosen() -> None:
    exchange = FakeExchange(END)
    deflate = (PerMessageDeflate(threshold=1),)
    cycle = WebSocketCycle(exchange, extensions=deflate)
    await cycle.send(changed(ACCEPT, subprotocol="chat", headers=[(b"A", b"b")]))
    chosen = AcceptWebSocket(
        subprotocol=b"chat", headers=Headers([(b"a", b"b")]), extensions=deflate
    )
    assert exchange.sent == [(chosen,)]


async def test_who_waits_before_the_acceptance_is_told_what_came_early() -> None:
    exchange = EarlyExchange(TextMessage(text="early"))
    cycle = WebSocketCycle(exchange)
    await cycle.receive()
    told = []

    async def listen() -> None:
        told.append(await cycle.receive())

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        await exchange.waiting.wait()
        assert told == []
        await cycle.send(ACCEPT)
    assert told == [{"type": "websocket.receive", "text": "early"}]


async def test_a_refused_acceptance_may_be_replaced() -> None:
    exchange = FakeExchange(END)
    cycle = WebSocketCycle(exchange)
    exchange.refusal = LocalProtocolError("no")
    with pytest.raises(LocalProtocolError):
        await cycle.send(changed(ACCEPT, subprotocol="chat"))
    await cycle.send(ACCEPT)
    assert exchange.sent == [(AcceptWebSocket(),)]


async def test_a_cancelled_receive_has_lost_nothing() -> None:
    exchange, cycle = await accepted()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await cycle.receive()
    assert scope.cancelled_caught
    exchange.leave()
    assert await cycle.receive() == disconnect(1006)


@pytest.mark.parametrize(
    ("event", "code", "reason"),
    [
        (CloseWebSocket(code=4003, reason="no"), 4003, "no"),
        (CloseWebSocket(code=None), 1005, ""),
    ],
)
async def test_the_clients_close_is_told_once(
    event: CloseWebSocket, code: int, reason: str
) -> None:
    _, cycle = await accepted(event)
    assert await cycle.receive() == disconnect(code, reason)
    assert cycle.client_left
    for _ in range(2):
        with pytest.raises(MessageError, match=r"receive\(\) was called after websocket\.disc"):
            await cycle.receive()


async def test_a_client_that_leaves_without_a_word_is_told_once() -> None:
    exchange, cycle = await accepted()
    exchange.leave()
    assert await cycle.receive() == disconnect(1006)
    with pytest.raises(MessageError):
        await cycle.receive()


async def test_of_two_who_listen_one_is_told_of_the_end() -> None:
    exchange, cycle = await accepted()
    told: list[object] = []

    async def listen() -> None:
        try:
            told.append(await cycle.receive())
        except MessageError:
            told.append("nothing follows")

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        group.start_soon(listen)
        await exchange.waiting.wait()
        exchange.leave()
    assert disconnect(1006) in told
    assert "nothing follows" in told


async def test_a_client_that_leaves_before_the_acceptance() -> None:
    exchange = FakeExchange(END)
    cycle = WebSocketCycle(exchange)
    await cycle.receive()
    exchange.leave()
    assert await cycle.receive() == disconnect(1006)
    with pytest.raises(ClientDisconnected):
        await cycle.send(ACCEPT)
    cycle.finish()


async def test_who_knows_that_the_client_left_may_return_without_an_answer() -> None:
    exchange = FakeExchange(END)
    cycle = WebSocketCycle(exchange)
    await cycle.receive()
    exchange.leave()
    await cycle.receive()
    with pytest.raises(ClientDisconnected):
        cycle.finish()


async def test_a_close_before_the_acceptance_is_403_and_a_disconnect() -> None:
    exchange = FakeExchange(END)
    cycle = WebSocketCycle(exchange)
    await cycle.receive()
    await cycle.send(changed(CLOSE, code=4001, reason="no"))
    head = Response(status=403, headers=Headers([(b"content-length", b"0")]))
    assert exchange.sent == [(head, END)]
    assert await cycle.receive() == disconnect(1006)
    assert cycle.answered
    assert not cycle.client_left
    cycle.finish()


async def test_a_refusal_ends_the_waiting() -> None:
    exchange = FakeExchange(END)
    cycle = WebSocketCycle(exchange)
    await cycle.receive()
    told = []

    async def listen() -> None:
        told.append(await cycle.receive())

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        await exchange.waiting.wait()
        await cycle.send(DENY)
        await cycle.send(denial(b"a", more=True))
        await anyio.wait_all_tasks_blocked()
        assert told == []
        await cycle.send(denial())
    assert told == [disconnect(1006)]


async def test_an_answer_that_refuses_is_one_write() -> None:
    exchange = FakeExchange(END)
    cycle = WebSocketCycle(exchange)
    await cycle.send(changed(DENY, headers=[(b"A", b"b")]))
    assert exchange.sent == []
    await cycle.send(denial(b"no"))
    head = Response(status=401, headers=Headers([(b"a", b"b"), (b"content-length", b"2")]))
    assert exchange.sent == [(head, Data(data=b"no"), END)]
    cycle.finish()


async def test_an_answer_that_refuses_is_streamed() -> None:
    exchange = FakeExchange(END)
    cycle = WebSocketCycle(exchange)
    await cycle.send(DENY)
    await cycle.send(denial(b"a", more=True))
    await cycle.send(denial(b"b", more=True))
    await cycle.send(denial())
    head = Response(status=401)
    assert exchange.sent == [(head, Data(data=b"a")), (Data(data=b"b"),), (END,)]
    assert await cycle.receive() == CONNECT
    assert await cycle.receive() == disconnect(1006)


async def test_a_refused_answer_may_begin_anew() -> None:
    exchange = FakeExchange(END)
    cycle = WebSocketCycle(exchange)
    await cycle.send(DENY)
    exchange.refusal = LocalProtocolError("no")
    with pytest.raises(LocalProtocolError):
        await cycle.send(denial(b"a"))
    await cycle.send(ACCEPT)
    assert exchange.sent == [(AcceptWebSocket(),)]


async def test_the_applications_close_is_followed_by_the_clients() -> None:
    exchange, cycle = await accepted(TextMessage(text="late"), CloseWebSocket(code=1000))
    await cycle.send(changed(CLOSE, code=1000, reason="bye"))
    assert exchange.sent[1:] == [(CloseWebSocket(code=1000, reason="bye"),)]
    assert cycle.answered
    assert await cycle.receive() == disconnect(1000)
    cycle.finish()


async def test_a_refused_close_may_be_replaced() -> None:
    exchange, cycle = await accepted()
    exchange.refusal = LocalProtocolError("no")
    with pytest.raises(LocalProtocolError):
        await cycle.send(changed(CLOSE, code=1005))
    await cycle.send(HELLO)
    await cycle.send(CLOSE)
    assert exchange.sent[1:] == [(TextMessage(text="hello"),), (CloseWebSocket(code=1000),)]


async def test_sending_to_a_client_that_has_left_is_an_os_error() -> None:
    exchange, cycle = await accepted()
    exchange.leave()
    with pytest.raises(OSError, match="left"):
        await cycle.send(HELLO)
    assert cycle.client_left


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([], "returned before websocket.accept"),
        ([DENY], "returned after websocket.http.response.start"),
        ([DENY, denial(b"a", more=True)], "returned within the response's body"),
    ],
)
async def test_an_application_that_returns_too_early_is_told(
    messages: list[Any], text: str
) -> None:
    cycle = WebSocketCycle(FakeExchange(END))
    for message in messages:
        await cycle.send(message)
    assert not cycle.answered
    with pytest.raises(IncompleteResponse, match=text):
        cycle.finish()


async def test_an_open_websocket_is_left_to_the_server() -> None:
    _, cycle = await accepted()
    assert not cycle.answered
    cycle.finish()
