"""One request: the order of messages, what is one write, and how it ends."""

from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from tremolo_asgi import IncompleteResponse, MessageError
from tremolo_asgi.http import HttpCycle
from tremolo_asgi.last_head import read_head
from tremolo_core import (
    Data,
    EndOfMessage,
    Event,
    Headers,
    InformationalResponse,
    LocalProtocolError,
    Request,
    Response,
)
from tremolo_transport.exchange import ClientDisconnected

from .fake_exchange import FakeExchange, request

pytestmark = pytest.mark.anyio

END = EndOfMessage()
OK = Response(status=200)
START: Any = {"type": "http.response.start", "status": 200}
DISCONNECT = {"type": "http.disconnect"}


def body(data: bytes = b"", *, more: bool = False) -> Any:
    return {"type": "http.response.body", "body": data, "more_body": more}


def piece(data: bytes = b"", *, more: bool = False) -> object:
    return {"type": "http.request", "body": data, "more_body": more}


def measured(length: int) -> Response:
    return Response(status=200, headers=Headers([(b"content-length", b"%d" % length)]))


async def test_the_body_of_a_request_comes_in_pieces() -> None:
    cycle = HttpCycle(FakeExchange(Data(data=b"a"), Data(data=b"b"), END))
    assert await cycle.receive() == piece(b"a", more=True)
    assert await cycle.receive() == piece(b"b", more=True)
    assert await cycle.receive() == piece()


async def test_what_is_known_is_told_in_a_cancelled_scope() -> None:
    exchange = FakeExchange(Data(data=b"a"), END)
    cycle = HttpCycle(exchange)
    told = []
    with anyio.CancelScope() as scope:
        scope.cancel()
        told.append(await cycle.receive())
        told.append(await cycle.receive())
        exchange.leave()
        told.append(await cycle.receive())
        told.append(await cycle.receive())
    assert told == [piece(b"a", more=True), piece(), DISCONNECT, DISCONNECT]
    assert not scope.cancelled_caught


async def test_a_cancelled_receive_has_lost_nothing() -> None:
    exchange = FakeExchange(END)
    cycle = HttpCycle(exchange)
    assert await cycle.receive() == piece()
    for _ in range(3):
        with anyio.CancelScope() as scope:
            scope.cancel()
            await cycle.receive()
        assert scope.cancelled_caught
    exchange.leave()
    assert await cycle.receive() == DISCONNECT


async def test_a_client_that_leaves_is_told_again_and_again() -> None:
    exchange = FakeExchange(Data(data=b"a"))
    cycle = HttpCycle(exchange)
    await cycle.receive()
    assert not cycle.client_left
    exchange.leave()
    assert [await cycle.receive() for _ in range(3)] == [DISCONNECT] * 3
    assert cycle.client_left


async def test_who_waits_for_the_client_to_leave_is_told() -> None:
    exchange = FakeExchange(END)
    cycle = HttpCycle(exchange)
    await cycle.receive()
    told = []

    async def listen() -> None:
        told.append(await cycle.receive())

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        group.start_soon(listen)
        await exchange.waiting.wait()
        exchange.leave()
    assert told == [DISCONNECT, DISCONNECT]


async def test_the_end_of_the_answer_ends_all_waiting() -> None:
    exchange = FakeExchange(END)
    cycle = HttpCycle(exchange)
    await cycle.receive()
    told = []

    async def listen() -> None:
        told.append(await cycle.receive())

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        group.start_soon(listen)
        await exchange.waiting.wait()
        await cycle.send(START)
        await cycle.send(body(b"a", more=True))
        await anyio.wait_all_tasks_blocked()
        assert told == []
        await cycle.send(body())
    assert told == [DISCONNECT, DISCONNECT]
    assert not cycle.client_left


async def test_nothing_is_received_after_the_answer() -> None:
    cycle = HttpCycle(FakeExchange(Data(data=b"a"), END))
    await cycle.send(START)
    await cycle.send(body())
    assert [await cycle.receive() for _ in range(2)] == [DISCONNECT] * 2


async def test_a_simple_answer_is_one_write() -> None:
    exchange = FakeExchange(END)
    cycle = HttpCycle(exchange)
    await cycle.send(START)
    assert exchange.sent == []
    await cycle.send(body(b"abc"))
    assert exchange.sent == [(measured(3), Data(data=b"abc"), END)]
    assert cycle.answered
    cycle.finish()


async def test_a_streamed_answer_is_a_write_for_each_piece() -> None:
    exchange = FakeExchange(END)
    cycle = HttpCycle(exchange)
    await cycle.send(START)
    await cycle.send(body(b"a", more=True))
    await cycle.send(body(b"b", more=True))
    await cycle.send(body(b"c"))
    assert exchange.sent == [(OK, Data(data=b"a")), (Data(data=b"b"),), (Data(data=b"c"), END)]
    cycle.finish()


async def test_an_empty_first_piece_sends_the_head() -> None:
    exchange = FakeExchange(END)
    cycle = HttpCycle(exchange)
    await cycle.send(START)
    await cycle.send(body(more=True))
    assert exchange.sent == [(OK,)]
    await cycle.send(body())
    assert exchange.sent == [(OK,), (END,)]
    cycle.finish()


async def test_an_empty_piece_still_notices_that_the_client_has_left() -> None:
    exchange = FakeExchange(END)
    cycle = HttpCycle(exchange)
    await cycle.send(START)
    await cycle.send(body(b"a", more=True))
    exchange.leave()
    with pytest.raises(ClientDisconnected):
        await cycle.send(body(more=True))


async def test_a_body_for_head_is_left_to_the_core() -> None:
    exchange = FakeExchange(END, asked=request(b"HEAD"))
    cycle = HttpCycle(exchange)
    await cycle.send(START)
    await cycle.send(body(b"abc"))
    assert exchange.sent == [(measured(3), Data(data=b"abc"), END)]


@pytest.mark.parametrize(
    ("before", "wrong", "text"),
    [
        ([], body(), "'http.response.body' was sent before http.response.start"),
        ([START], START, "'http.response.start' was sent after http.response.start"),
        (
            [START, body(b"a", more=True)],
            START,
            "'http.response.start' was sent within the response's body",
        ),
        ([START, body()], body(), "'http.response.body' was sent after the complete response"),
        ([START], {"type": "http.response.zap"}, "'http.response.zap' was sent after"),
        ([], {"type": "http.response.start"}, "'status' of 'http.response.start'"),
        ([START], {"type": "http.response.body", "body": "a"}, "must be bytes, not str"),
    ],
)
async def test_a_wrong_message_sends_nothing_and_spoils_nothing(
    before: list[Any], wrong: Any, text: str
) -> None:
    exchange = FakeExchange(END)
    cycle = HttpCycle(exchange)
    for message in before:
        await cycle.send(message)
    sent = list(exchange.sent)
    with pytest.raises(MessageError, match=text):
        await cycle.send(wrong)
    assert exchange.sent == sent
    for message in [START, body(b"abc")][len(before) :]:
        await cycle.send(message)
    if len(before) == 2 and not cycle.answered:
        await cycle.send(body())
    cycle.finish()


async def test_answers_that_begin_alike_are_the_same() -> None:
    fields = [(b"A", b"1"), (b"b", b"2")]
    whole = (Response(status=201, headers=Headers([(b"a", b"1"), (b"b", b"2")])), Data(data=b"x"))
    for _ in range(3):
        exchange = FakeExchange(END)
        cycle = HttpCycle(exchange)
        await cycle.send({"type": "http.response.start", "status": 201, "headers": [*fields]})
        await cycle.send(body(b"x", more=True))
        assert exchange.sent == [whole]
    fields[1] = (b"b", b"3")
    exchange = FakeExchange(END)
    cycle = HttpCycle(exchange)
    await cycle.send({"type": "http.response.start", "status": 201, "headers": fields})
    await cycle.send(body(b"x", more=True))
    assert exchange.sent[0][0] == Response(
        status=201, headers=Headers([(b"a", b"1"), (b"b", b"3")])
    )


async def test_a_head_is_its_messages_whatever_another_thread_keeps_meanwhile() -> None:
    class Message(dict[str, Any]):
        def __eq__(self, other: object) -> bool:
            equal = dict.__eq__(self, other)
            read_head({"type": "http.response.start", "status": 200, "headers": [(b"b", b"2")]})
            return equal

    start: Any = {"type": "http.response.start", "status": 200, "headers": [(b"a", b"1")]}
    read_head(start)
    exchange = FakeExchange(END)
    cycle = HttpCycle(exchange)
    await cycle.send(Message(start))
    await cycle.send(body())
    head = exchange.sent[0][0]
    assert isinstance(head, Response)
    assert (b"a", b"1") in head.headers


async def test_the_head_of_a_denial_does_not_begin_an_answer_of_another_kind() -> None:
    start: Any = {"type": "websocket.http.response.start", "status": 200, "headers": [(b"a", b"1")]}
    read_head(start)
    with pytest.raises(MessageError):
        await HttpCycle(FakeExchange(END)).send(start)


@pytest.mark.parametrize("status", [True, 1.0])
async def test_a_status_that_only_equals_the_last_is_refused(status: object) -> None:
    start: Any = {"type": "http.response.start", "status": 1, "headers": [(b"a", b"1")]}
    await HttpCycle(FakeExchange(END)).send(start)
    cycle = HttpCycle(FakeExchange(END))
    with pytest.raises(MessageError, match="must be an int"):
        await cycle.send({**start, "status": status})
    await cycle.send(START)


async def test_trailers_are_announced_behind_a_head_like_the_last() -> None:
    start: Any = {"type": "http.response.start", "status": 200, "headers": [(b"a", b"1")]}
    await HttpCycle(FakeExchange(END)).send(start)
    with pytest.raises(MessageError, match="'trailers' were announced"):
        await HttpCycle(FakeExchange(END)).send({**start, "trailers": True})


async def test_a_refused_head_may_be_replaced() -> None:
    exchange = FakeExchange(END)
    cycle = HttpCycle(exchange)
    await cycle.send(START)
    exchange.refusal = LocalProtocolError("no")
    with pytest.raises(LocalProtocolError):
        await cycle.send(body(b"a"))
    assert not cycle.answered
    await cycle.send({"type": "http.response.start", "status": 500})
    await cycle.send(body(b"a", more=True))
    assert exchange.sent == [(Response(status=500), Data(data=b"a"))]


async def test_a_refused_piece_may_be_replaced() -> None:
    exchange = FakeExchange(END)
    cycle = HttpCycle(exchange)
    await cycle.send(START)
    await cycle.send(body(b"a", more=True))
    exchange.refusal = LocalProtocolError("no")
    with pytest.raises(LocalProtocolError):
        await cycle.send(body(b"too much"))
    assert not cycle.answered
    await cycle.send(body())
    assert exchange.sent[1:] == [(END,)]
    cycle.finish()


async def test_a_refused_answer_does_not_end_the_waiting() -> None:
    exchange = FakeExchange(END)
    cycle = HttpCycle(exchange)
    await cycle.receive()
    told = []

    async def listen() -> None:
        told.append(await cycle.receive())

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        await exchange.waiting.wait()
        await cycle.send(START)
        exchange.refusal = LocalProtocolError("no")
        with pytest.raises(LocalProtocolError):
            await cycle.send(body())
        await anyio.wait_all_tasks_blocked()
        assert told == []
        exchange.leave()
    assert told == [DISCONNECT]


async def test_sending_to_a_client_that_has_left_is_an_os_error() -> None:
    exchange = FakeExchange(END)
    cycle = HttpCycle(exchange)
    await cycle.send(START)
    exchange.leave()
    with pytest.raises(OSError, match="left") as caught:
        await cycle.send(body(b"a", more=True))
    assert isinstance(caught.value, ClientDisconnected)
    assert await cycle.receive() == DISCONNECT


class SlowExchange(FakeExchange):
    """Whose client takes nothing."""

    async def send(self, *events: Any) -> None:
        self.sent.append(events)
        await anyio.sleep_forever()


async def test_a_cancelled_send_counts_as_sent() -> None:
    exchange = SlowExchange(END)
    cycle = HttpCycle(exchange)
    await cycle.send(START)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await cycle.send(body(b"a"))
    assert cycle.answered
    with pytest.raises(MessageError, match="after the complete response"):
        await cycle.send(body())


async def test_a_second_send_meanwhile_is_judged_as_the_second() -> None:
    exchange = SlowExchange(END)
    cycle = HttpCycle(exchange)
    await cycle.send(START)
    async with anyio.create_task_group() as group:
        group.start_soon(cycle.send, body(b"a"))
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(MessageError, match="after the complete response"):
            await cycle.send(body(b"b"))
        group.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([], "returned before http.response.start"),
        ([START], "returned after http.response.start"),
        ([START, body(b"a", more=True)], "returned within the response's body"),
    ],
)
async def test_an_application_that_returns_too_early_is_told(
    messages: list[Any], text: str
) -> None:
    cycle = HttpCycle(FakeExchange(END))
    for message in messages:
        await cycle.send(message)
    with pytest.raises(IncompleteResponse, match=text):
        cycle.finish()


async def test_it_may_return_too_early_once_it_knows_that_the_client_left() -> None:
    exchange = FakeExchange()
    cycle = HttpCycle(exchange)
    exchange.leave()
    with pytest.raises(IncompleteResponse):
        cycle.finish()
    await cycle.receive()
    with pytest.raises(ClientDisconnected):
        cycle.finish()


async def test_it_knows_that_of_a_failed_send_too() -> None:
    exchange = FakeExchange()
    cycle = HttpCycle(exchange)
    exchange.leave()
    await cycle.send(START)
    with pytest.raises(ClientDisconnected):
        await cycle.send(body(more=True))
    with pytest.raises(ClientDisconnected):
        cycle.finish()


HINT: Any = {"type": "http.response.early_hint", "links": [b"</a>"]}
TRAILERS: Any = {"type": "http.response.trailers", "headers": [(b"A", b"1")]}
WITH_TRAILERS: Any = {**START, "trailers": True}


def wants_trailers(method: bytes = b"GET") -> Request:
    headers = Headers([(b"host", b"example.org"), (b"te", b"trailers")])
    return Request(method=method, target=b"/", headers=headers)


async def test_hints_come_before_the_answer() -> None:
    exchange = FakeExchange(END)
    cycle = HttpCycle(exchange)
    await cycle.send(HINT)
    await cycle.send(HINT)
    hint = InformationalResponse(status=103, headers=Headers([(b"link", b"</a>")]))
    assert exchange.sent == [(hint,), (hint,)]
    await cycle.send(START)
    with pytest.raises(MessageError, match="early_hint' was sent after http"):
        await cycle.send(HINT)
    await cycle.send(body(b"abc"))
    assert exchange.sent[2:] == [(measured(3), Data(data=b"abc"), END)]
    cycle.finish()


async def test_a_client_of_http_1_0_is_offered_no_hints() -> None:
    asked = Request(method=b"GET", target=b"/", headers=Headers(), http_version=b"1.0")
    cycle = HttpCycle(FakeExchange(END, asked=asked))
    with pytest.raises(MessageError, match="which this scope's extensions do not offer"):
        await cycle.send(HINT)


async def test_trailers_follow_the_body() -> None:
    exchange = FakeExchange(END, asked=wants_trailers())
    cycle = HttpCycle(exchange)
    await cycle.send(WITH_TRAILERS)
    await cycle.send(body(b"abc"))
    assert exchange.sent == [(OK, Data(data=b"abc"))]
    assert not cycle.answered
    with pytest.raises(MessageError, match=r"where 'http\.response\.trailers' is due"):
        await cycle.send(body())
    more: Any = {**TRAILERS, "more_trailers": True}
    await cycle.send(more)
    last: Any = {**TRAILERS, "headers": [(b"b", b"2")]}
    await cycle.send(last)
    fields = Headers([(b"a", b"1"), (b"b", b"2")])
    assert exchange.sent[1:] == [(EndOfMessage(trailers=fields),)]
    cycle.finish()


async def test_trailers_that_were_announced_are_due() -> None:
    cycle = HttpCycle(FakeExchange(END, asked=wants_trailers()))
    await cycle.send(WITH_TRAILERS)
    await cycle.send(body(b"abc"))
    with pytest.raises(IncompleteResponse, match="returned after the response's body"):
        cycle.finish()


async def test_trailers_that_were_not_announced_are_not_due() -> None:
    cycle = HttpCycle(FakeExchange(END, asked=wants_trailers()))
    await cycle.send(START)
    await cycle.send(body(b"abc", more=True))
    with pytest.raises(MessageError, match="trailers' was sent within the response's body"):
        await cycle.send(TRAILERS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    return path


def pathsend(path: Path) -> Any:
    return {"type": "http.response.pathsend", "path": str(path)}


async def test_a_file_by_its_path_is_the_whole_body(path: Path) -> None:
    exchange = FakeExchange(END)
    cycle = HttpCycle(exchange)
    await cycle.send(START)
    await cycle.send(pathsend(path))
    assert exchange.sent == [(measured(10),), (Data(data=b"0123456789"),), (END,)]
    assert cycle.answered
    with pytest.raises(MessageError, match="after the complete response"):
        await cycle.send(body())


async def test_no_file_is_read_for_head(path: Path) -> None:
    exchange = FakeExchange(END, asked=request(b"HEAD"))
    cycle = HttpCycle(exchange)
    await cycle.send(START)
    await cycle.send(pathsend(path))
    assert exchange.sent == [(measured(10),), (END,)]


async def test_a_file_that_is_missing_leaves_the_answer_open(path: Path) -> None:
    exchange = FakeExchange(END)
    cycle = HttpCycle(exchange)
    await cycle.send(START)
    with pytest.raises(FileNotFoundError):
        await cycle.send(pathsend(path.with_name("missing")))
    assert exchange.sent == []
    await cycle.send(body(b"abc"))
    assert exchange.sent == [(measured(3), Data(data=b"abc"), END)]


async def test_a_file_of_another_length_than_was_declared_is_not_sent(path: Path) -> None:
    exchange = FakeExchange(END)
    cycle = HttpCycle(exchange)
    start: Any = {**START, "headers": [(b"content-length", b"5")]}
    await cycle.send(start)
    with pytest.raises(MessageError, match="has 10 bytes to send, where Content-Length is 5"):
        await cycle.send(pathsend(path))
    assert exchange.sent == []


def part(**members: object) -> Any:
    return {"type": "http.response.zerocopysend", **members}


async def test_parts_of_files_are_pieces_of_a_body(path: Path) -> None:
    exchange = FakeExchange(END)
    cycle = HttpCycle(exchange)
    await cycle.send(START)
    with path.open("rb") as file:
        await cycle.send(part(file=file, offset=7, count=2, more_body=True))
        await cycle.send(body(b"-", more=True))
        await cycle.send(part(file=file, count=3, more_body=True))
        await cycle.send(part(file=file.fileno(), offset=9))
    sent = [event.data for events in exchange.sent for event in events if isinstance(event, Data)]
    assert b"".join(sent) == b"78-0129"
    assert exchange.sent[0] == (OK,)
    assert exchange.sent[-1] == (END,)
    cycle.finish()


async def test_a_part_that_is_the_whole_body_is_measured(path: Path) -> None:
    exchange = FakeExchange(END)
    cycle = HttpCycle(exchange)
    await cycle.send(START)
    with path.open("rb") as file:
        file.seek(6)
        await cycle.send(part(file=file))
        assert file.tell() == 10
    assert exchange.sent == [(measured(4),), (Data(data=b"6789"),), (END,)]


async def test_a_client_that_leaves_in_the_middle_of_a_file(path: Path) -> None:
    exchange = FakeExchange(END)
    cycle = HttpCycle(exchange)
    await cycle.send(START)
    await cycle.send(body(b"a", more=True))
    exchange.leave()
    with path.open("rb") as file, pytest.raises(ClientDisconnected):
        await cycle.send(part(file=file))
    assert cycle.client_left


def sized(length: bytes) -> Request:
    headers = Headers([(b"host", b"example.org"), (b"content-length", length)])
    return Request(method=b"POST", target=b"/", headers=headers)


async def test_the_last_piece_of_a_declared_length_says_so() -> None:
    exchange = FakeExchange(Data(data=b"ab"), Data(data=b"c"), END, asked=sized(b"3"))
    cycle = HttpCycle(exchange)
    assert await cycle.receive() == piece(b"ab", more=True)
    assert await cycle.receive() == piece(b"c")
    exchange.leave()
    assert await cycle.receive() == DISCONNECT


async def test_a_body_of_another_length_ends_when_it_ends() -> None:
    # As it could only come from an exchange that is not ours.
    exchange = FakeExchange(Data(data=b"abc"), END, asked=sized(b"2"))
    cycle = HttpCycle(exchange)
    assert [await cycle.receive() for _ in range(2)] == [piece(b"abc", more=True), piece()]


async def test_a_client_that_leaves_with_its_last_byte_is_told_behind_it() -> None:
    exchange = FakeExchange(Data(data=b"ab"), asked=sized(b"2"))
    exchange.leave()
    cycle = HttpCycle(exchange)
    assert await cycle.receive() == piece(b"ab"), "its length was declared"
    assert await cycle.receive() == DISCONNECT


async def test_a_last_piece_is_told_before_the_end_is_there() -> None:
    class SlowAtTheEnd(FakeExchange):
        """Whose end is not there at once, as that of an exchange of ours would be."""

        async def receive(self) -> Event:
            if self._incoming == [END]:
                await anyio.lowlevel.checkpoint()
            return await super().receive()

    exchange = SlowAtTheEnd(Data(data=b"ab"), END, asked=sized(b"2"))
    cycle = HttpCycle(exchange)
    with anyio.CancelScope() as scope:
        scope.cancel()
        assert await cycle.receive() == piece(b"ab")
    assert not scope.cancelled_caught
    exchange.leave()
    # Behind the end, which nobody is told of twice.
    assert await cycle.receive() == DISCONNECT
