"""What a connection answers: stamped, refused once, and never after its end."""

import logging

import anyio
import pytest
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from tremolo_core import Connection, EndOfMessage, Event, Headers, RemoteProtocolError, Response
from tremolo_transport.answers import Answers
from tremolo_transport.errors import ClientDisconnected
from tremolo_transport.link import Link
from tremolo_transport.memory import MemoryStream, memory_stream_pair
from tremolo_transport.peer import Peer

from .conversations import GET, Client, settle, surroundings
from .test_exchange import plain

pytestmark = pytest.mark.anyio

OK = Response(status=200, headers=Headers([(b"content-length", b"0")]))
END = EndOfMessage()


class Answering:
    """Answers on a connection that has received `request`, with the client's end."""

    def __init__(self, request: bytes, group: TaskGroup, capacity: int = 65_536) -> None:
        client, server = memory_stream_pair(capacity)
        self.stream: MemoryStream = client
        self.client = Client(client)
        self.connection = Connection()
        self.link = Link(server, self.connection)
        self.around = surroundings(plain, group)
        self.answers = Answers(self.link, Peer(client=("192.0.2.1", 1)), self.around)
        self.connection.receive_data(request)
        self.error: RemoteProtocolError | None = None
        try:
            self.event: object = self.connection.next_event()
        except RemoteProtocolError as error:
            self.error = error


async def test_an_answer_is_stamped_and_written() -> None:
    async with anyio.create_task_group() as group:
        on = Answering(GET, group)
        await on.answers.send(OK, END)
        answer = await on.client.answer()
        assert answer.get(b"server") == b"Tremolo"
        assert answer.get(b"date") is not None
        assert answer.get(b"connection") is None


async def test_the_last_answer_says_so() -> None:
    async with anyio.create_task_group() as group:
        on = Answering(GET, group)
        on.around.shutdown.begin(None)
        await on.answers.send(OK, END)
        assert (await on.client.answer()).get(b"connection") == b"close"


async def test_nothing_is_sent_to_nobody() -> None:
    async with anyio.create_task_group() as group:
        on = Answering(GET, group)
        on.link.break_off()
        with pytest.raises(ClientDisconnected, match="left"):
            await on.answers.send(OK, END)
        with pytest.raises(ClientDisconnected):
            on.answers.send_soon(OK, END)
        await on.answers.send_plain(500, "dropped without a word")


async def test_what_is_sent_soon_is_written_by_a_task_of_the_server() -> None:
    async with anyio.create_task_group() as group:
        on = Answering(GET, group)
        with anyio.CancelScope() as scope:
            scope.cancel()
            on.answers.send_soon(OK, END)
            await checkpoint()
        assert scope.cancelled_caught
        assert (await on.client.answer()).status == 200


async def test_a_plain_answer_is_one_line_of_text() -> None:
    async with anyio.create_task_group() as group:
        on = Answering(GET, group)
        await on.answers.send_plain(503, "Service Unavailable")
        answer = await on.client.answer()
    assert (answer.status, answer.body) == (503, b"503 Service Unavailable\n")
    assert answer.get(b"content-type") == b"text/plain; charset=utf-8"
    assert answer.get(b"content-length") == b"24"


async def test_a_peer_that_broke_the_rules_is_refused_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with anyio.create_task_group() as group:
        on = Answering(b"GET / HTTP/9.9\r\n\r\n", group)
        assert on.error is not None
        for _ in range(2):
            on.answers.refuse(on.error)
        answer = await on.client.answer()
        assert answer.status == 505
        assert answer.get(b"connection") == b"close"
        assert answer.get(b"server") == b"Tremolo"
        with pytest.raises(ClientDisconnected, match="refused"):
            await on.answers.send(OK, END)
        await settle()
        await on.link.stream.send_eof()
        assert await on.client.some() == b""
    (record,) = caplog.records
    assert record.getMessage().startswith("refused 192.0.2.1:1: ")


async def test_a_peer_that_cannot_be_answered_is_given_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with anyio.create_task_group() as group:
        on = Answering(b"GET / HT", group)
        on.connection.receive_eof()
        with pytest.raises(RemoteProtocolError) as caught:
            on.connection.next_event()
        on.answers.refuse(caught.value)
        assert on.link.broken
    assert caplog.records == []


async def test_a_refusal_that_comes_too_late_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    chunked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n"
    async with anyio.create_task_group() as group:
        on = Answering(chunked, group)
        await on.answers.send(Response(status=200))
        with pytest.raises(RemoteProtocolError) as caught:
            on.connection.next_event()
        on.answers.refuse(caught.value)
        await on.answers.send(END)
        assert (await on.client.answer("POST")).status == 200
    assert caplog.records == []


async def test_all_that_is_illegal_in_one_call_is_left_out() -> None:
    events: list[Event] = [OK, OK]
    async with anyio.create_task_group() as group:
        on = Answering(GET, group)
        with pytest.raises(Exception, match="cannot be sent"):
            await on.answers.send(*events)
        await on.answers.send(OK, END)
        assert (await on.client.answer()).complete
