"""What every exchange can do on top of `receive` and `send`."""

import io
from contextlib import AbstractContextManager, nullcontext

import pytest

from tremolo_core import (
    BytesMessage,
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    Headers,
    LocalProtocolError,
    Request,
    Response,
)
from tremolo_transport.exchange import ClientDisconnected, Exchange, Handler, ManagedHandler

from .conversations import Answer, conversation, settle

pytestmark = pytest.mark.anyio

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"


class Script(Exchange):
    """Gives out `incoming` and keeps each call's events in `sent`."""

    def __init__(self, *incoming: Event) -> None:
        self.request = Request(method=b"GET", target=b"/", headers=Headers())
        self.incoming = list(incoming)
        self.sent: list[tuple[Event, ...]] = []

    async def receive(self) -> Event:
        return self.incoming.pop(0)

    async def send(self, *events: Event) -> None:
        self.sent.append(events)

    def limit_body(self, size: int | None) -> None: ...

    def limit_time(self, seconds: float | None) -> None: ...

    @property
    def disconnected(self) -> bool:
        return False

    @property
    def response_started(self) -> bool:
        return False

    def cancelled_on_disconnect(self) -> AbstractContextManager[None]:
        return nullcontext()


async def answer_of(handler: Handler, request: bytes = GET) -> Answer:
    async with conversation(handler) as talk:
        answer = await talk.client.ask(request)
        assert (await talk.client.ask(GET)).complete, "the connection is kept"
    return answer


# respond()


async def test_a_response_is_one_write_with_its_length() -> None:
    exchange = Script()
    await exchange.respond(201, [(b"X-Name", b"value")], b"body")
    fields = Headers([(b"x-name", b"value"), (b"content-length", b"4")])
    assert exchange.sent == [
        (Response(status=201, headers=fields), Data(data=b"body"), EndOfMessage())
    ]


async def test_a_response_frames_itself_whatever_the_caller_says() -> None:
    exchange = Script()
    wrong = [(b"Content-Length", b"99"), (b"Transfer-Encoding", b"chunked"), (b"a", b"b")]
    await exchange.respond(200, iter(wrong), b"body")
    ((head, *_),) = exchange.sent
    assert isinstance(head, Response)
    assert head.headers == Headers([(b"a", b"b"), (b"content-length", b"4")])


@pytest.mark.parametrize(
    ("request_bytes", "status", "length", "body"),
    [
        (GET, 200, b"4", b"body"),
        (HEAD, 200, b"4", b""),
        (GET, 204, None, b""),
        (GET, 304, None, b""),
    ],
)
async def test_a_response_says_its_length_where_it_has_one(
    request_bytes: bytes, status: int, length: bytes | None, body: bytes
) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.respond(status, body=b"body" if status == 200 else b"")

    answer = await answer_of(handler, request_bytes)
    assert (answer.status, answer.body) == (status, body)
    # RFC 9110 8.6: a 304 with the length of another answer would be a lie.
    assert answer.get(b"content-length") == length


async def test_a_304_may_tell_the_length_of_what_was_not_modified() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.respond(304, [(b"Content-Length", b"99")])

    assert (await answer_of(handler)).get(b"content-length") == b"99"


async def test_a_response_raises_as_send_does() -> None:
    async def handler(exchange: Exchange) -> None:
        with pytest.raises(LocalProtocolError):
            await exchange.respond(99)
        with pytest.raises(LocalProtocolError):
            await exchange.respond(204, body=b"none may be")
        await exchange.respond(200)
        with pytest.raises(LocalProtocolError):
            await exchange.respond(200)

    assert (await answer_of(handler)).status == 200


# send_file()


CONTENT = bytes(range(256)) * 1_000


@pytest.mark.parametrize(
    ("offset", "count", "expected"),
    [
        (0, None, CONTENT),
        (10, None, CONTENT[10:]),
        (0, 0, b""),
        (5, 1, CONTENT[5:6]),
        (0, 65_536, CONTENT[:65_536]),
        (1, 200_000, CONTENT[1:200_001]),
        (len(CONTENT), None, b""),
        (len(CONTENT) + 1, None, b""),
    ],
)
async def test_a_part_of_a_file_is_sent(offset: int, count: int | None, expected: bytes) -> None:
    file = io.BytesIO(CONTENT)
    file.seek(77)

    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200))
        await exchange.send_file(file, offset=offset, count=count)
        await exchange.send(EndOfMessage())

    assert (await answer_of(handler)).body == expected
    assert not file.closed


async def test_a_file_that_ends_too_early_is_told() -> None:
    exchange = Script()
    with pytest.raises(EOFError, match="5 bytes before its announced end"):
        await exchange.send_file(io.BytesIO(b"0123456789"), offset=2, count=13)
    assert exchange.sent == [(Data(data=b"23456789"),)]


async def test_a_file_is_read_in_pieces() -> None:
    exchange = Script()
    await exchange.send_file(io.BytesIO(bytes(150_000)))
    sizes = [len(event.data) for (event,) in exchange.sent if isinstance(event, Data)]
    assert sizes == [65_536, 65_536, 18_928]


async def test_a_file_waits_for_a_slow_client_and_stops_when_it_leaves() -> None:
    file = io.BytesIO(bytes(10_000_000))
    errors: list[BaseException] = []

    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200))
        try:
            await exchange.send_file(file)
        except ClientDisconnected as error:
            errors.append(error)
            raise

    async with conversation(handler) as talk:
        await talk.client.send(GET)
        await talk.client.until(b"\r\n\r\n")
        while not (before := file.tell()):
            await settle()
        await settle()
        assert before < 1_000_000
        await talk.client.stream.aclose()
        await talk.ended.wait()
    assert len(errors) == 1
    assert file.tell() < 1_000_000


async def test_of_a_file_in_answer_to_head_nothing_is_read() -> None:
    exchange = Script()
    exchange.request = Request(method=b"HEAD", target=b"/", headers=Headers())
    file = io.BytesIO(b"0123456789")
    await exchange.send_file(file, offset=2)
    assert file.tell() == 0
    assert exchange.sent == [(Data(data=b""),)]


@pytest.mark.parametrize(("offset", "count"), [(-1, None), (0, -1)])
async def test_nothing_is_negative(offset: int, count: int | None) -> None:
    exchange = Script()
    with pytest.raises(ValueError, match="negative"):
        await exchange.send_file(io.BytesIO(b"0123456789"), offset=offset, count=count)
    assert exchange.sent == []


async def test_an_error_of_the_file_is_raised() -> None:
    file = io.BytesIO()
    file.close()
    with pytest.raises(ValueError, match="closed"):
        await Script().send_file(file)


def test_bytes_that_somebody_else_moves_have_no_rate() -> None:
    with pytest.raises(NotImplementedError):
        Script().pace(download=1)


# Iteration.


async def test_iteration_ends_with_the_end_of_the_message() -> None:
    data, end, closed = Data(data=b"x"), EndOfMessage(), ConnectionClosed()
    exchange = Script(data, data, end, closed)
    events = aiter(exchange)
    assert [event async for event in events] == [data, data, end]
    assert [event async for event in events] == [], "an iterator that has ended stays so"
    assert exchange.incoming == [closed]
    assert [event async for event in exchange] == [closed]


async def test_an_iteration_may_be_broken_off_and_another_goes_on() -> None:
    received: list[Event] = []

    async def handler(exchange: Exchange) -> None:
        async for event in exchange:
            received.append(event)
            break
        received.extend([event async for event in exchange])
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.send(POST + b"01234")
        await settle()
        await talk.client.send(b"56789")
        assert (await talk.client.answer("POST")).status == 200
    assert received == [Data(data=b"01234"), Data(data=b"56789"), EndOfMessage()]


# Kinds of handlers.


async def plain(exchange: Exchange) -> None: ...


def test_a_handler_with_a_lifespan_is_told_from_one_without() -> None:
    class Managed:
        def __call__(self, exchange: Exchange) -> object: ...

        def lifespan(self) -> object: ...

    assert isinstance(Managed(), ManagedHandler)
    assert not isinstance(plain, ManagedHandler)


def test_an_exchange_cannot_be_made_without_its_abstract_parts() -> None:
    assert Exchange.__abstractmethods__ == {
        *("receive", "send", "limit_body", "limit_time", "disconnected", "cancelled_on_disconnect"),
        "response_started",
    }


def test_where_nothing_is_written_later_each_call_has_to_send() -> None:
    exchange = Script()
    assert not exchange.queues
    with pytest.raises(NotImplementedError):
        exchange.queue(Data(data=b"a"))
    exchange.write_queued()
    assert exchange.sent == []


async def test_nothing_is_sent_at_once_where_nobody_says_how() -> None:
    exchange = Script()
    assert not exchange.send_whole(Response(status=204), b"")
    assert not exchange.send_chunks(Response(status=200), [b"x"])
    assert not exchange.send_piece(b"x")
    assert not exchange.send_message(BytesMessage(data=b"x"))
    assert exchange.sent == []
