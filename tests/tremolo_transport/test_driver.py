"""A connection from its first byte to its last, as its client and its handlers see it."""

import asyncio
import contextvars
import logging
import re
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from functools import partial

import anyio
import pytest
from anyio import BrokenResourceError, CancelScope, EndOfStream
from anyio.abc import ByteStream, SocketAttribute
from anyio.lowlevel import checkpoint

from tremolo_core import ConnectionClosed, Data, EndOfMessage, Headers, Response, Timeouts
from tremolo_transport import farewell
from tremolo_transport.driver import Driver
from tremolo_transport.exchange import (
    ClientDisconnected,
    ConnectionInfo,
    ConnectionState,
    Exchange,
    Handler,
)
from tremolo_transport.memory import MemoryStream, memory_stream_pair
from tremolo_transport.native_stream import NativeStream
from tremolo_transport.peer import Peer
from tremolo_transport.settings import ServerSettings, Transport

from .conversations import (
    GET,
    PATIENCE,
    Client,
    Conversation,
    MakePair,
    conversation,
    over_every_stream,
    settle,
    surroundings,
    tcp_pair,
)
from .striking import by_scope_and_by_task, strike_everywhere

pytestmark = pytest.mark.anyio

END = EndOfMessage()
POST = b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
CHUNKED = b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


async def hello(exchange: Exchange) -> None:
    await exchange.respond(200, body=exchange.request.target)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged at WARNING or above."""
    return [record.getMessage() for record in caplog.records if record.levelno > logging.INFO]


# Exchange after exchange.


@over_every_stream
async def test_requests_are_answered_in_order_on_one_connection(make_pair: MakePair) -> None:
    async with conversation(hello, make_pair=make_pair) as talk:
        for number in range(5):
            answer = await talk.client.ask(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number)
            assert answer.body == b"/%d" % number
        await talk.client.send(
            b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(20))
        )
        for number in range(20):
            assert (await talk.client.answer()).body == b"/%d" % number


@over_every_stream
async def test_a_request_may_come_byte_by_byte(make_pair: MakePair) -> None:
    async with conversation(hello, make_pair=make_pair) as talk:
        for byte in GET:
            await talk.client.send(bytes([byte]))
        assert (await talk.client.answer()).status == 200


@over_every_stream
@pytest.mark.parametrize("request_bytes", [LAST, b"GET /last HTTP/1.0\r\n\r\n"], ids=["1.1", "1.0"])
async def test_the_connection_ends_after_the_last_request(
    make_pair: MakePair, request_bytes: bytes
) -> None:
    async with conversation(hello, make_pair=make_pair) as talk:
        answer = await talk.client.ask(request_bytes)
        assert (answer.body, answer.get(b"connection")) == (b"/last", b"close")
        assert await talk.client.some() == b""
        await talk.ended.wait()


@over_every_stream
async def test_a_client_that_says_nothing_and_leaves_is_let_go(
    make_pair: MakePair, caplog: pytest.LogCaptureFixture
) -> None:
    async with conversation(hello, make_pair=make_pair) as talk:
        await settle()
        await talk.client.stream.aclose()
        await talk.ended.wait()
    assert caplog.records == []


async def test_what_is_sent_behind_the_last_request_is_never_handled() -> None:
    targets: list[bytes] = []

    async def handler(exchange: Exchange) -> None:
        targets.append(exchange.request.target)
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.send(LAST + GET)
        await talk.client.answer()
        assert await talk.client.some() == b""
    assert targets == [b"/last"]


async def test_an_exchange_knows_its_connection_and_its_peer() -> None:
    seen: list[tuple[int, ConnectionState, Peer]] = []
    info: list[ConnectionInfo] = []

    async def handler(exchange: Exchange) -> None:
        info.append(exchange.connection)
        seen.append((exchange.connection.id, exchange.connection.state, exchange.peer))
        assert not exchange.shutdown.begun
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.ask()
        await talk.client.ask()
        await settle()
        assert info[0].state is ConnectionState.IDLE
    assert info[-1].state is ConnectionState.CLOSED
    assert seen[0] == seen[1]
    assert seen[0][1:] == (ConnectionState.BUSY, Peer())
    async with conversation(handler) as talk:
        await talk.client.ask()
    assert seen[2][0] != seen[0][0]


# The context of a request.


VISITED: ContextVar[str] = ContextVar("VISITED")


@pytest.mark.parametrize("pipelined", [True, False], ids=["pipelined", "one by one"])
async def test_a_context_variable_of_one_request_is_unset_in_the_next(pipelined: bool) -> None:
    seen: list[str] = []

    async def handler(exchange: Exchange) -> None:
        seen.append(VISITED.get("nothing"))
        VISITED.set("set before the first await")
        await checkpoint()
        assert VISITED.get() == "set before the first await"
        VISITED.set("set between")
        await exchange.respond(200)
        assert VISITED.get() == "set between"
        VISITED.set("set after the answer")

    async with conversation(handler) as talk:
        if pipelined:
            await talk.client.send(GET * 3)
            for _ in range(3):
                await talk.client.answer()
        else:
            for _ in range(3):
                await talk.client.ask()
    assert seen == ["nothing"] * 3


async def test_what_is_set_before_the_handlers_first_step_stays_in_its_request() -> None:
    seen: list[str] = []

    def handler(exchange: Exchange) -> Awaitable[None]:
        seen.append(VISITED.get("nothing"))
        VISITED.set("set by the call itself")
        return hello(exchange)

    async with conversation(handler) as talk:
        await talk.client.ask()
        await talk.client.ask()
    assert seen == ["nothing"] * 2


async def test_a_context_variable_of_a_cancelled_request_is_unset_in_the_next() -> None:
    seen: list[str] = []

    async def handler(exchange: Exchange) -> None:
        seen.append(VISITED.get("nothing"))
        VISITED.set("set")
        with CancelScope() as scope:
            scope.cancel()
            try:
                await checkpoint()
            finally:
                VISITED.set("set while it was cancelled")
        if exchange.request.method == b"POST":
            with exchange.cancelled_on_disconnect():
                await anyio.sleep_forever()
            raise RuntimeError("and it failed")
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.ask(GET)
        await talk.client.ask(GET)
        await talk.client.send(POST + b"0123456789" + GET)
        await settle()
        await talk.client.stream.send_eof()
        for _ in range(2):
            talk.sweep()
        assert (await talk.client.answer("POST")).status == 500
        assert (await talk.client.answer()).status == 200
    assert seen == ["nothing"] * 4


async def test_the_context_that_start_up_left_is_visible() -> None:
    seen: list[str] = []

    async def handler(exchange: Exchange) -> None:
        seen.append(VISITED.get("nothing"))
        VISITED.set("by a request")
        await exchange.respond(200)

    context = contextvars.Context()
    context.run(VISITED.set, "by start-up")
    async with conversation(handler, context=context) as talk:
        await talk.client.ask()
        await talk.client.ask()
    assert seen == ["by start-up"] * 2
    assert context[VISITED] == "by start-up"


async def test_tasks_of_a_handler_inherit_its_context() -> None:
    seen: list[str] = []

    async def child() -> None:
        seen.append(VISITED.get("nothing"))

    async def handler(exchange: Exchange) -> None:
        VISITED.set("set")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(child)
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.ask()
    assert seen == ["set"]


# Handlers that fail.


def spurious_cancellation() -> BaseException:
    return asyncio.CancelledError("raised by somebody who may not")


@pytest.mark.parametrize(
    "make_error",
    [
        lambda: ValueError("wrong"),
        lambda: SystemExit(3),
        lambda: BaseException("base"),
        lambda: ExceptionGroup("group", [ValueError("one"), ValueError("other")]),
        lambda: BaseExceptionGroup("group", [SystemExit(3)]),
        lambda: ExceptionGroup("group", [ClientDisconnected("left"), ValueError("also")]),
        spurious_cancellation,
        lambda: StopAsyncIteration(),
        lambda: OSError("a broken disk"),
    ],
    ids=[
        *("error", "exit", "base", "group", "exit in group", "left in group", "cancelled"),
        *("stop", "os"),
    ],
)
async def test_a_handler_that_raises_is_a_500_and_the_connection_is_kept(
    make_error: Callable[[], BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(exchange: Exchange) -> None:
        if exchange.request.method == b"POST":
            await checkpoint()
            raise make_error()
        await exchange.respond(200)

    async with conversation(handler) as talk:
        answer = await talk.client.ask(POST + b"0123456789")
        assert (answer.status, answer.body) == (500, b"500 Internal Server Error\n")
        assert answer.get(b"connection") is None
        assert (await talk.client.ask()).status == 200
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert record.getMessage() == "the handler of POST /upload failed"
    assert record.exc_info is not None
    assert type(record.exc_info[1]) is type(make_error())


async def test_a_cancelled_task_that_a_handler_waits_for_is_no_cancellation_of_the_handler(
    anyio_backend_name: str,
) -> None:
    if anyio_backend_name != "asyncio":
        pytest.skip("only on asyncio is a task itself cancelled")

    async def handler(exchange: Exchange) -> None:
        if exchange.request.method == b"POST":
            task = asyncio.ensure_future(anyio.sleep_forever())
            asyncio.get_running_loop().call_soon(task.cancel)
            await task
        await exchange.respond(200)

    async with conversation(handler) as talk:
        assert (await talk.client.ask(POST + b"0123456789")).status == 500
        assert (await talk.client.ask()).status == 200


async def test_what_a_handler_raises_before_its_first_step_is_a_500() -> None:
    def handler(exchange: Exchange) -> Awaitable[None]:
        raise SystemExit(3)

    async with conversation(handler) as talk:
        assert (await talk.client.ask()).status == 500
        assert (await talk.client.ask()).status == 500


@pytest.mark.parametrize("wrapped", [False, True], ids=["bare", "in groups"])
async def test_a_client_that_left_is_no_failure_of_the_handler(
    wrapped: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200))
        await checkpoint()
        await exchange.receive()
        while True:
            try:
                await exchange.send(Data(data=b"x" * 1_000))
            except ClientDisconnected as error:
                if wrapped:
                    inner = ExceptionGroup("inner", [error])
                    raise ExceptionGroup("outer", [inner, error]) from error
                raise

    async with conversation(handler) as talk:
        await talk.client.send(GET)
        await settle()
        await talk.client.stream.aclose()
        await talk.ended.wait()
    assert errors(caplog) == []


async def test_a_handler_that_gives_up_on_a_client_still_there_gets_it_a_500_quietly(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def handler(exchange: Exchange) -> None:
        raise ClientDisconnected

    async with conversation(handler) as talk:
        assert (await talk.client.ask()).status == 500
    assert errors(caplog) == []


@pytest.mark.parametrize(
    ("headers", "seen"),
    [([], b"some"), ([(b"content-length", b"10")], b"some")],
    ids=["chunked", "length"],
)
@pytest.mark.parametrize("raises", [True, False], ids=["raises", "returns"])
@over_every_stream
async def test_an_answer_that_is_not_complete_looks_so(
    make_pair: MakePair,
    headers: list[tuple[bytes, bytes]],
    seen: bytes,
    raises: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200, headers=Headers(headers)), Data(data=b"some"))
        if raises:
            raise ValueError("in the middle")

    async with conversation(handler, make_pair=make_pair) as talk:
        answer = await talk.client.ask()
        assert (answer.status, answer.body, answer.complete) == (200, seen, False)
        await talk.ended.wait()
    expected = "failed" if raises else "returned too early"
    assert errors(caplog) == [f"the handler of GET / {expected}"]


async def test_a_handler_that_gives_up_as_its_client_has_left_is_no_fault(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def handler(exchange: Exchange) -> None:
        async for _ in exchange:
            pass
        assert await exchange.receive() == ConnectionClosed()

    async with conversation(handler) as talk:
        await talk.client.send(GET)
        await settle()
        await talk.client.stream.aclose()
        await talk.ended.wait()
    assert errors(caplog) == []


async def test_a_handler_that_does_not_answer_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.receive()

    async with conversation(handler) as talk:
        assert (await talk.client.ask()).status == 500
        assert (await talk.client.ask()).status == 500
    assert errors(caplog) == ["the handler of GET / returned too early"] * 2


@pytest.mark.parametrize("body", [b"a", b"abc"], ids=["too little", "too much"])
async def test_a_wrong_length_in_one_shot_is_a_clean_500(
    body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(exchange: Exchange) -> None:
        head = Response(status=200, headers=Headers([(b"content-length", b"2")]))
        await exchange.send(head, Data(data=body), END)

    async with conversation(handler) as talk:
        answer = await talk.client.ask()
        assert (answer.status, answer.body) == (500, b"500 Internal Server Error\n")
        assert (await talk.client.ask()).status == 500
    assert len(errors(caplog)) == 2


async def test_a_handler_that_fails_after_its_answer_has_still_answered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.respond(200)
        raise ValueError("too late to matter")

    async with conversation(handler) as talk:
        assert (await talk.client.ask()).status == 200
        assert (await talk.client.ask()).status == 200
    assert len(errors(caplog)) == 2


async def test_a_long_target_is_cut_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def handler(exchange: Exchange) -> None:
        raise ValueError

    async with conversation(handler) as talk:
        await talk.client.ask(b"GET /" + b"x" * 5_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert len(errors(caplog)[0]) < 300


@pytest.mark.parametrize("make_error", [KeyboardInterrupt, GeneratorExit])
async def test_an_interrupt_is_not_the_connections_to_keep(
    make_error: type[BaseException],
) -> None:
    # In this very task, as an event loop of asyncio would take it for its own.
    async def handler(exchange: Exchange) -> None:
        raise make_error

    client, server = memory_stream_pair()
    await client.send(GET)
    async with anyio.create_task_group() as group:
        around = surroundings(handler, group)
        with pytest.raises(make_error):
            await Driver(server, Peer(), around).run()
    with pytest.raises(EndOfStream):
        await client.receive()


# Bodies that nobody read.


async def ignore(exchange: Exchange) -> None:
    await exchange.respond(200)


@over_every_stream
@pytest.mark.parametrize("size", [10, 65_536])
async def test_a_little_of_an_unread_body_is_drained_and_the_connection_kept(
    make_pair: MakePair, size: int
) -> None:
    async with conversation(ignore, make_pair=make_pair) as talk:
        await talk.client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
        assert (await talk.client.answer()).status == 200
        await talk.client.send(bytes(size))
        assert (await talk.client.ask()).status == 200


@over_every_stream
async def test_a_client_with_much_more_to_send_can_read_its_answer(make_pair: MakePair) -> None:
    size = 5_000_000

    async def refuse(exchange: Exchange) -> None:
        await exchange.respond(413, body=b"too much")

    async with conversation(refuse, make_pair=make_pair) as talk:
        await talk.client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(50):
            await talk.client.send(bytes(size // 50))
        answer = await talk.client.answer("POST")
        assert (answer.status, answer.body) == (413, b"too much")
        assert await talk.client.some() == b""
        await talk.client.stream.aclose()
        await talk.ended.wait()


@pytest.mark.parametrize(
    ("rest", "kept"), [(b"3\r\nabc\r\n0\r\n\r\n", True), (b"3\r\nab", False)], ids=["all", "part"]
)
async def test_an_unread_chunked_body_is_drained_only_if_it_is_there(
    rest: bytes, kept: bool
) -> None:
    async with conversation(ignore) as talk:
        await talk.client.send(CHUNKED + rest)
        assert (await talk.client.answer("POST")).status == 200
        if kept:
            assert (await talk.client.ask()).status == 200
        else:
            await talk.client.send(b"c\r\n0\r\n\r\n" + GET)
            assert await talk.client.some() == b""


async def test_a_client_that_was_never_told_to_go_on_learns_that_it_is_the_end() -> None:
    async with conversation(ignore) as talk:
        await talk.client.send(POST.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        answer = await talk.client.answer("POST")
        assert (answer.status, answer.interim) == (200, ())
        assert answer.get(b"connection") == b"close"
        # Whether the body comes all the same is the client's choice.
        await talk.client.send(b"0123456789" + GET)
        assert await talk.client.some() == b""


async def test_a_malformed_body_that_nobody_read_ends_the_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with conversation(ignore) as talk:
        await talk.client.send(CHUNKED + b"no size\r\n" + GET)
        assert (await talk.client.answer("POST")).status == 200
        assert await talk.client.some() == b""
    assert errors(caplog) == []


# Malformed requests.


@over_every_stream
async def test_a_malformed_request_is_refused_and_what_follows_is_never_handled(
    make_pair: MakePair, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    targets: list[bytes] = []

    async def handler(exchange: Exchange) -> None:
        targets.append(exchange.request.target)
        await exchange.respond(200)

    async with conversation(handler, make_pair=make_pair) as talk:
        bad = b"GET /second HTTP/1.1\r\nHost : a\r\n\r\n"
        await talk.client.send(GET + bad + b"GET /third HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await talk.client.answer()).status == 200
        refusal = await talk.client.answer()
        assert (refusal.status, refusal.get(b"connection")) == (400, b"close")
        assert refusal.body == b"400 a malformed field line\n"
        assert await talk.client.some() == b""
    assert targets == [b"/"]
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert record.exc_info is None
    who, what = record.getMessage().split(": ")
    assert re.fullmatch(r"refused (127\.0\.0\.1:\d+|a client without an address)", who)
    assert what == "a malformed field line; answered 400"


@pytest.mark.parametrize("made_of", [b"GET / HTTP/1.1\r\nHo", POST + b"01234"])
async def test_a_client_that_leaves_in_the_middle_leaves_no_trace(
    made_of: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def handler(exchange: Exchange) -> None:
        async for _ in exchange:
            pass
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.send(made_of)
        await settle()
        await talk.client.stream.send_eof()
        assert await talk.client.some() == b""
    assert caplog.records == []


async def test_a_body_that_breaks_the_rules_while_nobody_looks_is_refused_at_the_end() -> None:
    answer = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        await answer.wait()
        raise ValueError("before any answer")

    settings = ServerSettings(timeouts=Timeouts(body_idle=5))
    async with conversation(handler, settings=settings) as talk:
        await talk.client.send(CHUNKED)
        await settle()
        answer.set()
        assert (await talk.client.answer("POST")).status == 500


# The end.


async def test_callbacks_for_the_end_run_in_order_and_whatever_they_raise(
    caplog: pytest.LogCaptureFixture,
) -> None:
    called: list[str] = []
    connections: list[ConnectionInfo] = []

    def late() -> None:
        called.append(f"late {connections[0].state.name}")

    def failing() -> None:
        called.append("failing")
        raise SystemExit(3) if len(called) > 2 else ValueError("in a callback")

    async def handler(exchange: Exchange) -> None:
        connection = exchange.connection
        connections.append(connection)
        connection.on_close(lambda: called.append("first"))
        connection.on_close(failing)
        connection.on_close(failing)
        connection.on_close(lambda: connection.on_close(late))
        connection.on_close(lambda: called.append("last"))
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.ask()
        await settle()
        assert called == []
    assert called == ["first", "failing", "failing", "late CLOSED", "last"]
    connections[0].on_close(lambda: called.append("after the end"))
    assert called[-1] == "after the end"
    assert errors(caplog) == ["a callback for the end of a connection failed"] * 2


async def test_what_a_callback_sets_is_gone_with_the_connection() -> None:
    # The task that has served one connection may serve another.
    seen: list[str] = []

    def note() -> None:
        seen.append(VISITED.get("nothing"))
        VISITED.set("the end")

    async def handler(exchange: Exchange) -> None:
        exchange.connection.on_close(note)
        await exchange.respond(200)

    context = contextvars.Context()
    context.run(VISITED.set, "the start-up")
    async with anyio.create_task_group() as group:
        for _ in range(2):
            client, server = memory_stream_pair()
            await client.send(GET)
            await client.send_eof()
            around = surroundings(handler, group, context=context)
            await Driver(server, Peer(), around).run()
    assert seen == ["the start-up"] * 2
    assert VISITED.get("nothing") == "nothing"


async def test_a_stream_that_cannot_be_closed_ends_the_connection_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Stubborn(MemoryStream):
        async def aclose(self) -> None:
            await super().aclose()
            raise OSError("no")

    client, server = memory_stream_pair()
    stubborn = Stubborn(server._incoming, server._outgoing)
    async with conversation(hello, make_pair=given(client, stubborn)) as talk:
        await talk.client.ask(LAST)
        await talk.ended.wait()
    assert errors(caplog) == []


async def test_an_error_of_the_server_itself_is_logged_and_ends_only_its_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Odd(MemoryStream):
        async def receive(self, max_bytes: int = 65_536) -> bytes:
            await super().receive(max_bytes)
            raise ArithmeticError("a stream with a bug")

    client, server = memory_stream_pair()
    odd = Odd(server._incoming, server._outgoing)
    async with conversation(hello, make_pair=given(client, odd)) as talk:
        await talk.client.send(GET)
        assert await talk.client.some() == b""
    (message,) = errors(caplog)
    assert message.endswith("ended by an error of the server itself")


def given(client: ByteStream, server: ByteStream) -> MakePair:
    @asynccontextmanager
    async def make() -> AsyncIterator[tuple[ByteStream, ByteStream]]:
        yield client, server

    return make


@pytest.mark.parametrize("limit", ["_LINGER_SECONDS", "_LINGER_BYTES"])
async def test_a_client_that_goes_on_for_ever_is_not_listened_to_for_ever(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(farewell, limit, 0)
    async with conversation(ignore) as talk:
        await talk.client.send(POST.replace(b"10\r\n", b"1000000\r\n"))
        assert (await talk.client.answer("POST")).status == 200
        await talk.ended.wait()


async def test_the_server_half_closes_before_it_lingers() -> None:
    async with conversation(ignore) as talk:
        await talk.client.send(POST.replace(b"10\r\n", b"1000000\r\n"))
        assert (await talk.client.answer("POST")).status == 200
        assert await talk.client.some() == b""
        assert not talk.ended.is_set()
        await talk.client.send(bytes(1_000))
        await talk.client.stream.send_eof()
        await talk.ended.wait()


# Stopping.


async def test_answers_tell_that_they_are_the_last_once_the_server_stops() -> None:
    answer = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        await exchange.shutdown.wait()
        await answer.wait()
        await exchange.respond(200)

    async with conversation(handler) as talk:
        await talk.client.send(GET + GET)
        await settle()
        talk.around.shutdown.begin(None)
        talk.driver.begin_stop()
        await settle()
        assert not talk.ended.is_set(), "a handler that runs is left alone"
        answer.set()
        assert (await talk.client.answer()).get(b"connection") == b"close"
        assert await talk.client.some() == b""


@over_every_stream
async def test_a_connection_that_is_idle_is_closed_when_the_server_stops(
    make_pair: MakePair,
) -> None:
    async with conversation(hello, make_pair=make_pair) as talk:
        await talk.client.ask()
        await settle()
        talk.around.shutdown.begin(None)
        talk.driver.begin_stop()
        assert await talk.client.some() == b""
        await talk.ended.wait()


async def test_a_connection_whose_answer_began_before_the_stop_is_closed_behind_it() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200))
        await exchange.shutdown.wait()
        await exchange.send(END)

    async with conversation(handler) as talk:
        await talk.client.send(GET)
        await settle()
        talk.around.shutdown.begin(None)
        talk.driver.begin_stop()
        assert (await talk.client.answer()).complete
        assert await talk.client.some() == b""


async def test_a_peer_that_is_listened_to_for_the_last_time_does_not_delay_a_stop() -> None:
    async with conversation(ignore) as talk:
        await talk.client.send(POST.replace(b"10\r\n", b"1000000\r\n"))
        assert (await talk.client.answer("POST")).status == 200
        assert await talk.client.some() == b""
        assert not talk.ended.is_set()
        talk.driver.begin_stop()
        await talk.ended.wait()


async def test_a_handler_that_the_stop_cancels_is_named(caplog: pytest.LogCaptureFixture) -> None:
    begun = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        begun.set()
        await anyio.sleep_forever()

    client, server = memory_stream_pair()
    async with anyio.create_task_group() as group:
        around = surroundings(handler, group)
        await client.send(GET)
        with CancelScope() as scope:
            async with anyio.create_task_group() as connections:
                connections.start_soon(Driver(server, Peer(), around).run)
                await begun.wait()
                around.shutdown.begin(0.0)
                scope.cancel()
        with pytest.raises(EndOfStream):
            await client.receive()
    assert errors(caplog) == ["the handler of GET / was cancelled as the server stops"]


# Fairness.


async def read_for_ever(stream: ByteStream) -> None:
    with suppress(BrokenResourceError):
        async for _ in stream:
            # On uvloop a read whose bytes come in each turn of the loop cannot be cancelled.
            await checkpoint()


@over_every_stream
async def test_a_handler_that_sends_for_ever_leaves_others_their_turn(
    make_pair: MakePair,
) -> None:
    pieces = 0

    async def handler(exchange: Exchange) -> None:
        nonlocal pieces
        if exchange.request.method == b"POST":
            await exchange.send(Response(status=200))
            while True:
                await exchange.send(Data(data=bytes(100)))
                pieces += 1
        await exchange.respond(200)

    async with conversation(handler, make_pair=make_pair) as endless:
        await endless.client.send(POST)
        async with anyio.create_task_group() as readers:
            readers.start_soon(read_for_ever, endless.client.stream)
            await settle()
            async with conversation(handler, make_pair=make_pair) as other:
                before = pieces
                assert (await other.client.ask()).status == 200
                # So many pieces in each of a few turns of the event loop.
                assert pieces - before < 2_000
            readers.cancel_scope.cancel()
    assert pieces > 0


async def send_for_ever(exchange: Exchange, size: int) -> None:
    await exchange.send(Response(status=200))
    while True:
        await exchange.send(Data(data=bytes(size)))


async def receive_for_ever(exchange: Exchange) -> None:
    async for _ in exchange:
        pass


@over_every_stream
@pytest.mark.parametrize(
    "handler",
    [
        partial(send_for_ever, size=100),
        partial(send_for_ever, size=100_000),
        partial(send_for_ever, size=1_000_000),
        receive_for_ever,
    ],
    ids=["small", "large", "huge", "receive"],
)
async def test_a_handler_that_never_stops_can_be_cancelled(
    handler: Handler, make_pair: MakePair
) -> None:
    async def send(stream: ByteStream) -> None:
        with suppress(BrokenResourceError):
            await stream.send(CHUNKED)
            while True:
                await stream.send(b"10000\r\n" + bytes(65_536) + b"\r\n")

    with anyio.fail_after(PATIENCE):
        async with make_pair() as (client, server), anyio.create_task_group() as clients:
            clients.start_soon(send, client)
            clients.start_soon(read_for_ever, client)
            with CancelScope() as scope:
                async with anyio.create_task_group() as group:
                    around = surroundings(handler, group)
                    group.start_soon(Driver(server, Peer(), around).run)
                    for _ in range(10):
                        await settle()
                    scope.cancel()
            assert scope.cancelled_caught
            clients.cancel_scope.cancel()


@over_every_stream
async def test_a_client_that_pipelines_for_ever_leaves_others_their_turn(
    make_pair: MakePair,
) -> None:
    answers = 0

    async def handler(exchange: Exchange) -> None:
        nonlocal answers
        answers += 1
        await exchange.respond(200)

    async def pipeline(talk: Conversation) -> None:
        while True:
            await talk.client.send(GET * 100)

    async with (
        conversation(handler, make_pair=make_pair) as endless,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(pipeline, endless)
        tasks.start_soon(read_for_ever, endless.client.stream)
        await settle()
        async with conversation(handler, make_pair=make_pair) as other:
            before = answers
            assert (await other.client.ask()).status == 200
            assert answers - before < 2_000
        tasks.cancel_scope.cancel()
    assert answers > 0


@over_every_stream
async def test_requests_that_come_together_leave_others_their_turn(make_pair: MakePair) -> None:
    turns = 0
    answered_in: list[int] = []

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await checkpoint()

    async def handler(exchange: Exchange) -> None:
        answered_in.append(turns)
        head = Response(status=200, headers=Headers([(b"content-length", b"1")]))
        if not exchange.send_whole(head, b"1"):
            await exchange.send(head, Data(data=b"1"), EndOfMessage())

    async with (
        conversation(handler, make_pair=make_pair) as talk,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(count)
        tasks.start_soon(talk.client.send, GET * 500 + LAST)
        assert (await talk.client.rest()).count(b"200 OK") == 501
        tasks.cancel_scope.cancel()
    assert max(Counter(answered_in).values()) <= 64


# Cancellation at every await.


async def converse_about_everything(client: Client) -> None:
    """Have the driver wait for all that it can wait for, as far as it gets."""
    try:
        expecting = POST.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
        await client.send(expecting)
        await client.until(b"\r\n\r\n")
        await client.send(b"01234")
        await settle()
        await client.send(b"56789")
        await client.until(b"0\r\n\r\n")
        # A body that is drained behind its answer, with a next request behind it.
        await client.send(b"PUT" + POST[4:] + b"0")
        await client.until(b"0\r\n\r\n")
        await client.send(b"123456789" + CHUNKED + b"3\r\nabc\r\n0\r\n\r\n")
        await client.until(b"0\r\n\r\n")
        await settle()
        # One that is refused, after which the client has still something to send.
        await client.send(CHUNKED + b"no size\r\n")
        await client.send(b"x" * 30)
        await client.rest()
    except (AssertionError, BrokenResourceError):
        # The server was cancelled.
        pass
    await client.stream.aclose()


@by_scope_and_by_task
async def test_whatever_it_waits_for_a_connection_can_be_cancelled(
    by_task: bool, anyio_backend_name: str, caplog: pytest.LogCaptureFixture
) -> None:
    if by_task and anyio_backend_name != "asyncio":
        pytest.skip("only on asyncio is a task itself cancelled")
    closed: list[Exchange] = []

    async def echo(exchange: Exchange) -> None:
        exchange.connection.on_close(lambda: closed.append(exchange))
        event = await exchange.receive()
        await exchange.send(Response(status=200))
        while isinstance(event, Data) and exchange.request.method != b"PUT":
            await exchange.send(Data(data=event.data * 10))
            event = await exchange.receive()
        await exchange.send(END)

    places = await strike_everywhere(echo, converse_about_everything, by_task=by_task)
    assert places > 30
    assert len(closed) > places
    assert errors(caplog) == []


@by_scope_and_by_task
async def test_so_can_one_whose_handlers_have_tasks_of_their_own(
    by_task: bool, anyio_backend_name: str, caplog: pytest.LogCaptureFixture
) -> None:
    if by_task and anyio_backend_name != "asyncio":
        pytest.skip("only on asyncio is a task itself cancelled")

    async def echo(exchange: Exchange) -> None:
        exchange.connection.start_soon(anyio.sleep_forever)
        await exchange.send(Response(status=200))
        async for event in exchange:
            await exchange.send(event)

    settings = ServerSettings(task_per_request=True, requests_in_flight=1)
    places = await strike_everywhere(
        echo, converse_about_everything, by_task=by_task, settings=settings
    )
    # What the handlers wait for, the connection waits for in one place.
    assert places > 5
    assert errors(caplog) == []


async def test_whoever_cancels_does_not_wait_for_a_client_that_does_not_read() -> None:
    async def wait_and_see(exchange: Exchange) -> None:
        await anyio.sleep_forever()

    pair = tcp_pair(Transport.NATIVE)
    async with conversation(wait_and_see, make_pair=pair) as talk:
        stream = talk.driver.stream
        assert isinstance(stream, NativeStream)
        await talk.client.send(GET)
        await settle()
        stream.extra(SocketAttribute.raw_socket).setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        # More than the two kernels take; nobody has waited for it.
        stream.send_parts_at_once([bytes(20_000_000)])
        assert stream.unwritten
        talk.driver.cancel()
        await settle()
        assert talk.ended.is_set()
