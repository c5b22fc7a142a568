"""Requests that are served without a step of the connection's task, and those that need it."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

import anyio
import pytest
from anyio.abc import SocketAttribute
from anyio.lowlevel import checkpoint

from tremolo_core import Data, Headers, Response
from tremolo_transport.exchange import Exchange, Handler
from tremolo_transport.settings import ServerSettings, Transport
from tremolo_transport.trio_arrivals import INPUT
from tremolo_transport.trio_stream import TrioStream

from .conversations import GET, Conversation, conversation, reset, settle, tcp_pair

pytestmark = pytest.mark.anyio

HEAD = Response(status=200, headers=Headers.of([(b"content-length", b"2")]))
DEPLOYMENT: ContextVar[str] = ContextVar("DEPLOYMENT")
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"


@asynccontextmanager
async def talking(
    handler: Handler, *, settings: ServerSettings | None = None
) -> AsyncIterator[Conversation]:
    """A conversation whose server waits for the second request: the first has its task anyway."""
    make_pair = tcp_pair(Transport.NATIVE)
    async with conversation(handler, make_pair=make_pair, settings=settings) as talk:
        await talk.client.ask()
        await settle()
        yield talk


async def plain(exchange: Exchange) -> None:
    assert exchange.send_whole(HEAD, b"ok")


async def in_chunks(exchange: Exchange) -> None:
    assert exchange.send_chunks(Response(status=200), [b"o", b"k"])


def reads(talk: Conversation) -> int:
    """How often the connection's task has begun to wait for bytes."""
    return talk.driver._link.reads


@pytest.mark.parametrize("handler", [plain, in_chunks])
async def test_what_needs_no_wait_is_served_without_a_step_of_the_task(handler: Handler) -> None:
    async with talking(handler) as talk:
        before = reads(talk)
        for _ in range(5):
            assert (await talk.client.ask()).body == b"ok"
        await settle()
        assert reads(talk) == before
        assert talk.driver.kept_after == 6
        assert talk.driver.in_flight is None


async def test_it_is_in_the_connections_task_nevertheless() -> None:
    tasks: list[int] = []

    async def handler(exchange: Exchange) -> None:
        tasks.append(anyio.get_current_task().id)
        with anyio.CancelScope():
            if exchange.request.target == b"/wait":
                await checkpoint()
            tasks.append(anyio.get_current_task().id)
        await plain(exchange)

    async with talking(handler) as talk:
        await talk.client.ask()
        await talk.client.ask(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        await talk.client.ask()
        await settle()
        assert anyio.get_current_task().id not in tasks
    assert len(tasks) == 8
    assert len(set(tasks)) == 1


async def wait_a_turn(exchange: Exchange) -> None:
    await checkpoint()
    await plain(exchange)


async def read_all(exchange: Exchange) -> None:
    body = b"".join([event.data async for event in exchange if isinstance(event, Data)])
    assert body in (b"", b"body")
    await plain(exchange)


async def respond(exchange: Exchange) -> None:
    await exchange.respond(200, body=b"ok")


@pytest.mark.parametrize("handler", [plain, in_chunks, wait_a_turn, read_all, respond])
@pytest.mark.parametrize(
    "requests",
    [
        [GET],
        [GET[:20], GET[20:]],
        [GET + GET],
        [GET + GET[:9], GET[9:]],
        [POST + b"body"],
        [POST, b"body"],
        [POST + b"bo", b"dy" + GET],
    ],
)
async def test_what_needs_the_task_goes_on_in_it(handler: Handler, requests: list[bytes]) -> None:
    async with talking(handler) as talk:
        for _ in range(3):
            for piece in requests:
                await talk.client.send(piece)
                await settle()
            for _ in range(b"".join(requests).count(b"HTTP/1.1")):
                assert (await talk.client.answer()).body == b"ok"
            # One that needs nothing comes behind them.
            await talk.client.ask()


async def test_of_more_than_is_read_at_once_nothing_is_lost() -> None:
    sizes: list[int] = []

    async def handler(exchange: Exchange) -> None:
        sizes.append(sum([len(event.data) async for event in exchange if isinstance(event, Data)]))
        await plain(exchange)

    async with talking(handler) as talk:
        upload = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" + bytes(300_000)
        for _ in range(2):
            assert (await talk.client.ask(upload)).body == b"ok"
            assert (await talk.client.ask()).body == b"ok"
    assert sizes == [0, 300_000, 0, 300_000, 0]


@pytest.mark.parametrize("in_tasks", [False, True])
async def test_a_failure_before_the_first_wait_is_a_500(
    caplog: pytest.LogCaptureFixture, in_tasks: bool
) -> None:
    async def handler(exchange: Exchange) -> None:
        if exchange.request.target == b"/fail":
            raise LookupError("fail")
        await plain(exchange)

    caplog.set_level(logging.ERROR)
    async with talking(handler, settings=ServerSettings(task_per_request=in_tasks)) as talk:
        answer = await talk.client.ask(b"GET /fail HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer.status == 500
        assert (await talk.client.ask()).status == 200
    assert [record.getMessage() for record in caplog.records] == ["the handler of GET /fail failed"]


async def test_an_error_of_the_server_itself_ends_the_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One in what is done without the task as well: the access log's handlers are anybody's."""
    due: list[bool] = []

    def refuse(record: logging.LogRecord) -> bool:
        if due:
            raise ArithmeticError("a filter with a bug")
        return True

    access = logging.getLogger("tremolo.access")
    access.addFilter(refuse)
    try:
        with caplog.at_level(logging.INFO, access.name):
            async with talking(plain) as talk:
                due.append(True)
                assert (await talk.client.ask()).body == b"ok"
                await talk.ended.wait()
    finally:
        access.removeFilter(refuse)
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.exc_info and record.exc_info[0] for record in errors] == [ArithmeticError]


async def test_the_access_log_is_written_in_the_context_of_the_server(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[str] = []

    def note(record: logging.LogRecord) -> bool:
        seen.append(DEPLOYMENT.get())
        return True

    access = logging.getLogger("tremolo.access")
    access.addFilter(note)
    DEPLOYMENT.set("blue")
    try:
        with caplog.at_level(logging.INFO, access.name):
            async with talking(plain) as talk:
                await talk.client.ask()
                await talk.client.ask()
    finally:
        access.removeFilter(note)
    assert seen == ["blue"] * 3


async def test_a_handler_that_cancels_its_own_task_hears_of_it_where_it_waits(
    anyio_backend_name: str,
) -> None:
    if anyio_backend_name != "asyncio":
        pytest.skip("only on asyncio is a task itself cancelled")
    seen: list[object] = []

    async def handler(exchange: Exchange) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel("enough")
        seen.append("before")
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError as error:
            seen.append(error.args)
            assert task.cancelling() == 1
            task.uncancel()
        await plain(exchange)

    async with talking(handler) as talk:
        assert (await talk.client.ask()).body == b"ok"
        assert (await talk.client.ask()).body == b"ok"
    assert seen == ["before", ("enough",)] * 3


async def test_what_a_handler_leaves_behind_ends_with_its_exchange(
    anyio_backend_name: str,
) -> None:
    """A task that it has started is told that the exchange is over, and reads nothing."""
    if anyio_backend_name != "asyncio":
        pytest.skip("on trio a task belongs to a nursery, which its handler waits for")
    left: list[asyncio.Task[object]] = []

    async def handler(exchange: Exchange) -> None:
        left.append(asyncio.ensure_future(exchange.receive()))
        await plain(exchange)

    async with talking(handler) as talk:
        await talk.client.ask()
        await talk.client.ask()
        await settle()
        assert all(task.done() for task in left)
    assert len(left) == 3


def make_tasks_eager() -> None:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        pytest.skip("only asyncio has eager tasks")
    if not isinstance(loop, asyncio.BaseEventLoop):
        pytest.skip("uvloop tells the factory what that of Python 3.13.0 does not take")
    loop.set_task_factory(getattr(asyncio, "eager_task_factory", None))


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there are no eager tasks")
async def test_an_eager_task_takes_its_first_steps_inside_the_handlers() -> None:
    seen: list[bool] = []

    async def look() -> None:
        seen.append(asyncio.current_task() is not None)
        await checkpoint()
        seen.append(asyncio.current_task() is not None)

    async def handler(exchange: Exchange) -> None:
        this = asyncio.current_task()
        tasks = [asyncio.ensure_future(look()) for _ in range(2)]
        seen.append(asyncio.current_task() is this)
        await plain(exchange)
        kept.extend(tasks)

    kept: list[asyncio.Future[None]] = []
    make_tasks_eager()
    async with talking(handler) as talk:
        await talk.client.ask()
        await asyncio.gather(*kept)
    assert seen == [True] * 10


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there are no eager tasks")
@pytest.mark.parametrize("then", ["awaited", "left", "cancelled"])
async def test_an_eager_task_may_wait_for_the_body_inside_the_handlers(then: str) -> None:
    kept: list[asyncio.Future[bytes]] = []

    async def read(exchange: Exchange) -> bytes:
        return b"".join([event.data async for event in exchange if isinstance(event, Data)])

    async def handler(exchange: Exchange) -> None:
        reading = asyncio.ensure_future(read(exchange))
        kept.append(reading)
        if then == "awaited":
            await exchange.respond(200, body=await reading)
            return
        if then == "cancelled":
            reading.cancel()
            await asyncio.wait([reading])
        await plain(exchange)

    make_tasks_eager()
    async with talking(handler) as talk:
        for count in (2, 3):
            await talk.client.send(POST)
            while len(kept) < count:
                await checkpoint()
            await talk.client.send(b"body")
            assert (await talk.client.answer()).body == (b"body" if then == "awaited" else b"ok")
    assert [reading.cancelled() for reading in kept] == [False, *[then == "cancelled"] * 2]


async def test_a_client_that_is_gone_when_it_is_answered_ends_the_connection() -> None:
    async def handler(exchange: Exchange) -> None:
        if exchange.request.target == b"/gone":
            # Its reset has come, though nobody has looked.
            leaving.start_soon(reset, talk.client.stream)
        await plain(exchange)

    async with anyio.create_task_group() as leaving, talking(handler) as talk:
        await talk.client.send(b"GET /gone HTTP/1.1\r\nHost: a\r\n\r\n")
        await talk.ended.wait()


async def test_the_last_answer_ends_the_connection_though_its_task_had_no_step() -> None:
    async with talking(plain, settings=ServerSettings(requests_per_connection=3)) as talk:
        assert (await talk.client.ask()).get(b"connection") is None
        assert (await talk.client.ask()).get(b"connection") == b"close"
        assert await talk.client.some() == b""


@pytest.mark.parametrize("answer_first", [False, True])
async def test_a_stop_that_begins_in_a_handler_ends_its_connection(answer_first: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        stop = exchange.request.target == b"/stop"
        if stop and not answer_first:
            talk.around.shutdown.begin(None)
        await plain(exchange)
        if stop and answer_first:
            talk.around.shutdown.begin(None)

    async with talking(handler) as talk:
        answer = await talk.client.ask(b"GET /stop HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer.body == b"ok"
        assert await talk.client.some() == b""


@pytest.mark.parametrize("end", ["begin_stop", "cancel"])
async def test_a_connection_that_waits_can_be_ended(end: str) -> None:
    async with talking(plain) as talk:
        await talk.client.ask()
        getattr(talk.driver, end)()
        await talk.ended.wait()


async def test_a_request_that_comes_just_as_the_wait_for_it_is_ended_is_served(
    anyio_backend_name: str,
) -> None:
    if anyio_backend_name != "trio":
        pytest.skip("only on trio is there a time between what wakes a task and its step")
    async with talking(wait_a_turn) as talk:
        # With no wait in which it would be read.
        talk.client.stream.extra(SocketAttribute.raw_socket).send(GET)
        stream = talk.driver._link.quick
        assert isinstance(stream, TrioStream)
        stream.note(INPUT)
        talk.driver.begin_stop()
        assert (await talk.client.answer()).body == b"ok"


@pytest.mark.parametrize("end", ["a stop", "a rest"])
async def test_so_is_the_first_with_all_that_it_asks_the_core(
    end: str, anyio_backend_name: str
) -> None:
    if anyio_backend_name != "trio":
        pytest.skip("only on trio is there a time between what wakes a task and its step")
    async with conversation(read_all, make_pair=tcp_pair(Transport.NATIVE)) as talk:
        talk.driver.may_rest(lambda _: None, from_now=False)
        await settle()
        for _ in range(4):
            talk.sweep()
        talk.client.stream.extra(SocketAttribute.raw_socket).send(GET)
        stream = talk.driver._link.quick
        assert isinstance(stream, TrioStream)
        stream.note(INPUT)
        if end == "a stop":
            talk.driver.begin_stop()
        else:
            talk.sweep()
        assert (await talk.client.answer()).body == b"ok"


async def test_a_busy_client_keeps_its_connection_from_resting() -> None:
    woken: list[object] = []
    async with talking(plain) as talk:
        assert not talk.driver.may_rest(woken.append, from_now=False)
        for _ in range(8):
            await talk.client.ask()
            talk.sweep()
            await settle()
            assert not talk.ended.is_set()
