"""The server's own life: where it listens, whom it serves, and how it stops."""

import asyncio
import gc
import logging
import os
import resource
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
)
from contextvars import Context, ContextVar, copy_context

import anyio
import anyio.abc
import pytest
from anyio.lowlevel import checkpoint

from tremolo_core import Data, EndOfMessage, Headers, Limits, Response
from tremolo_transport import (
    Bind,
    Exchange,
    Listener,
    Server,
    ServerSettings,
    UnixBind,
    serve,
)
from tremolo_transport import open_sockets as open_listening
from tremolo_transport.acceptor import accept_queued
from tremolo_transport.ceilings import ConnectionCeiling
from tremolo_transport.driver import Driver
from tremolo_transport.parting import Parting
from tremolo_transport.streams import Transport

from .conversations import Client, settle
from .over_sockets import LAST, PATIENCE, address, ask, connected, open_sockets, until_sockets

pytestmark = pytest.mark.anyio

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def hello(exchange: Exchange) -> None:
    await exchange.respond(200, body=b"hello")


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


class Held:
    """A handler whose answers the test gives free."""

    def __init__(self) -> None:
        self.begun = anyio.Event()
        self.free = anyio.Event()
        self.ended: list[str] = []

    async def __call__(self, exchange: Exchange) -> None:
        self.begun.set()
        try:
            await self.free.wait()
        except anyio.get_cancelled_exc_class():
            self.ended.append("cancelled")
            raise
        await hello(exchange)
        self.ended.append("answered")


# Where it listens.


async def test_it_listens_on_every_address_and_says_which() -> None:
    binds = [Bind(port=0), Bind(port=0), Bind(host="127.0.0.2", port=0)]
    async with serve(hello, binds=binds) as server:
        assert [host for host, _ in server.addresses] == ["127.0.0.1", "127.0.0.1", "127.0.0.2"]
        assert len(set(server.addresses)) == 3
        for host, port in server.addresses:
            assert port is not None
            async with await anyio.connect_tcp(host, port) as stream:
                assert (await Client(stream).ask(GET)).body == b"hello"


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback address")
async def test_it_listens_on_ipv6() -> None:
    async def whose(exchange: Exchange) -> None:
        await exchange.respond(200, body=f"{exchange.peer} {exchange.peer.server}".encode())

    async with serve(whose, binds=[Bind(host="::1", port=0)]) as server:
        [(host, port)] = server.addresses
        assert host == "::1"
        assert port is not None
        async with await anyio.connect_tcp(host, port) as stream:
            ours = stream.extra(anyio.abc.SocketAttribute.local_port)
            answer = await Client(stream).ask(GET)
            assert answer.body.decode() == f"[::1]:{ours} ('::1', {port})"


async def test_each_listener_has_its_own_limits_and_the_servers_else() -> None:
    settings = ServerSettings(limits=Limits(head=100))
    binds: list[Bind | Listener] = [Listener(endpoint=Bind(port=0), limits=Limits()), Bind(port=0)]
    longer = GET[:-2] + b"X: " + b"x" * 100 + b"\r\n\r\n"
    async with serve(hello, binds=binds, settings=settings) as server:
        statuses = []
        for host, port in server.addresses:
            assert port is not None
            async with await anyio.connect_tcp(host, port) as stream:
                statuses.append((await Client(stream).ask(longer)).status)
    assert statuses == [200, 431]


@pytest.mark.parametrize("transport", Transport)
async def test_it_listens_at_a_path_beside_a_port(transport: Transport) -> None:
    ends = []

    async def note(exchange: Exchange) -> None:
        ends.append((exchange.peer.client, exchange.peer.server))
        await hello(exchange)

    folder = tempfile.mkdtemp(prefix="tremolo")
    path = f"{folder}/socket"
    settings = ServerSettings(transport=transport)
    async with serve(note, binds=[UnixBind(path=path), Bind(port=0)], settings=settings) as server:
        assert server.urls == (f"unix:{path}", f"http://127.0.0.1:{server.addresses[1][1]}")
        for _ in range(2):
            # Also with a peer that leaves in the middle.
            async with await anyio.connect_unix(path) as stream:
                client = Client(stream)
                assert (await client.ask(GET)).body == b"hello"
                await client.send(b"GET / HTT")
        assert ends == [(None, (path, None))] * 2
    assert os.listdir(folder) == []
    os.rmdir(folder)


async def test_it_serves_on_what_was_opened_before() -> None:
    sockets = open_listening([Bind(port=0)])
    async with serve(hello, binds=sockets) as server:
        assert server.addresses == (sockets[0].address,)
        assert b"hello" in await ask(server)
    assert sockets[0].socket.fileno() == -1


async def test_handlers_know_both_ends() -> None:
    ends = []

    async def note(exchange: Exchange) -> None:
        ends.append((exchange.peer.client, exchange.peer.server))
        await hello(exchange)

    async with serve(note) as server, connected(server) as client:
        await client.ask(GET)
        [(ours, theirs)] = ends
        assert ours == client.stream.extra(anyio.abc.SocketAttribute.local_address)
        assert theirs == address(server)


# Start-up and shutdown of the handler.

started = ContextVar("started", default="nothing")
visited = ContextVar("visited", default="nobody")


class Managed:
    """A handler with a life, that tells what happened in which order."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.server: Server | None = None
        self.held = Held()

    async def __call__(self, exchange: Exchange) -> None:
        seen = f"{started.get()} {visited.get()}"
        visited.set(exchange.request.target.decode())
        started.set("something else")
        if exchange.request.target == b"/slow":
            self.held.begun.set()
            await self.held.free.wait()
        self.told.append(exchange.request.target.decode())
        await exchange.respond(200, body=seen.encode())

    def lifespan(self) -> AbstractAsyncContextManager[Context]:
        return self._live()

    @asynccontextmanager
    async def _live(self) -> AsyncIterator[Context]:
        started.set("a pool")
        self.told.append("up")
        yield copy_context()
        self.told.append("down")


async def test_a_handlers_life_is_around_all_of_its_requests() -> None:
    handler = Managed()
    async with anyio.create_task_group() as clients, serve(handler) as server:
        assert handler.told == ["up"]
        await ask(server)
        clients.start_soon(ask, server, GET.replace(b"/", b"/slow", 1))
        await handler.held.begun.wait()
        server.begin_stop()
        assert handler.told == ["up", "/last"]
        handler.held.free.set()
        await server.wait_stopped()
        assert handler.told == ["up", "/last", "/slow", "down"]


async def test_requests_see_what_start_up_set_and_nothing_of_each_other() -> None:
    visited.set("the one who called serve")
    handler = Managed()
    async with serve(handler) as server, connected(server) as client:
        for _ in range(2):
            assert (await client.ask(GET)).body == b"a pool the one who called serve"
        assert (await ask(server, GET + GET + LAST)).count(b"a pool the one who called serve") == 3
    assert (started.get(), visited.get()) == ("nothing", "the one who called serve")


async def test_without_a_life_requests_see_what_the_caller_set() -> None:
    async def look(exchange: Exchange) -> None:
        seen = visited.get()
        visited.set("a request")
        await exchange.respond(200, body=seen.encode())

    visited.set("the caller")
    async with serve(look) as server, connected(server) as client:
        visited.set("too late")
        for _ in range(2):
            assert (await client.ask(GET)).body == b"the caller"


async def test_nobody_is_served_before_start_up_is_complete() -> None:
    up, order = anyio.Event(), []

    class SlowToStart(Managed):
        @asynccontextmanager
        async def _live(self) -> AsyncIterator[Context]:
            entering.set()
            await up.wait()
            order.append("up")
            yield copy_context()

        async def __call__(self, exchange: Exchange) -> None:
            order.append("request")
            await hello(exchange)

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    entering = anyio.Event()
    context = serve(SlowToStart(), binds=[Bind(port=port)])

    async def client() -> None:
        await entering.wait()
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(GET)
            up.set()
            assert (await Client(stream).answer()).status == 200
        done.set()

    done = anyio.Event()
    async with anyio.create_task_group() as clients:
        clients.start_soon(client)
        async with context:
            await done.wait()
    assert order == ["up", "request"]


# Stopping.


async def test_stopping_closes_idle_connections() -> None:
    async with serve(hello) as server, connected(server) as used, connected(server) as fresh:
        assert (await used.ask(GET)).body == b"hello"
        # Else the second might be refused, which would prove nothing.
        assert (await fresh.ask(GET)).body == b"hello"
        await server.stop()
        assert await used.rest() == b""
        assert await fresh.rest() == b""


async def test_stopping_closes_connections_that_never_asked() -> None:
    async with serve(hello) as server, connected(server) as silent:
        await ask(server)
        await server.stop()
        assert await silent.rest() == b""


async def test_no_connection_is_accepted_after_the_stop() -> None:
    handler = Held()
    async with anyio.create_task_group() as clients, serve(handler) as server:
        clients.start_soon(ask, server, GET)
        await handler.begun.wait()
        server.begin_stop()
        assert server.shutdown.begun
        while not refused(server):
            await checkpoint()
        handler.free.set()
    assert handler.ended == ["answered"]


def refused(server: Server) -> bool:
    try:
        with socket.create_connection(address(server)):
            return False
    except ConnectionRefusedError:
        return True


async def test_a_request_in_flight_is_answered_and_told_that_it_was_the_last() -> None:
    handler = Held()
    async with serve(handler) as server, connected(server) as client:
        await client.send(GET + GET)
        await handler.begun.wait()
        server.begin_stop()
        handler.free.set()
        answer = await client.answer()
        assert (answer.status, answer.body) == (200, b"hello")
        assert answer.get(b"connection") == b"close"
        # The client may ask the second elsewhere: it was told.
        assert await client.rest() == b""
    assert handler.ended == ["answered"]


async def test_an_answer_that_has_begun_is_completed() -> None:
    begun, free = anyio.Event(), anyio.Event()

    async def stream(exchange: Exchange) -> None:
        await exchange.send(Response(status=200, headers=Headers()), Data(data=b"one "))
        begun.set()
        await free.wait()
        await exchange.send(Data(data=b"two"), EndOfMessage())

    async with serve(stream) as server, connected(server) as client:
        await client.send(GET)
        await begun.wait()
        server.begin_stop()
        free.set()
        answer = await client.answer()
        assert (answer.complete, answer.body) == (True, b"one two")
        assert await client.rest() == b""


async def test_an_upload_in_flight_is_received_to_its_end() -> None:
    begun = anyio.Event()

    async def count(exchange: Exchange) -> None:
        begun.set()
        size = 0
        async for event in exchange:
            size += len(event.data) if isinstance(event, Data) else 0
        await exchange.respond(200, body=b"%d" % size)

    async with serve(count) as server, connected(server) as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
        await begun.wait()
        server.begin_stop()
        await server.shutdown.wait()
        await client.send(b"def")
        assert (await client.answer()).body == b"6"


async def test_handlers_hear_of_the_stop_and_of_its_deadline() -> None:
    begun = anyio.Event()

    async def patient(exchange: Exchange) -> None:
        assert (exchange.shutdown.begun, exchange.shutdown.deadline) == (False, None)
        begun.set()
        await exchange.shutdown.wait()
        assert exchange.shutdown.deadline is not None
        left = exchange.shutdown.deadline - anyio.current_time()
        await exchange.respond(200, body=b"%d" % (99 < left <= 100))

    async with serve(patient) as server, connected(server) as client:
        await client.send(GET)
        await begun.wait()
        server.begin_stop(grace=100)
        assert (await client.answer()).body == b"1"


async def test_at_the_deadline_handlers_are_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    handler = Held()
    async with serve(handler) as server, connected(server) as client:
        await client.send(GET)
        await handler.begun.wait()
        await server.stop(grace=0.01)
        assert handler.ended == ["cancelled"]
        assert await client.rest() == b""
    assert [
        record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING
    ] == ["the handler of GET / was cancelled as the server stops"]


async def test_the_deadline_is_the_settings_where_none_is_given() -> None:
    handler = Held()
    settings = ServerSettings(shutdown=0.01)
    async with serve(handler, settings=settings) as server, connected(server) as client:
        await client.send(GET)
        await handler.begun.wait()
        await server.stop()
    assert handler.ended == ["cancelled"]


async def test_a_second_stop_can_shorten_the_first() -> None:
    handler = Held()
    async with (
        serve(handler, settings=ServerSettings(shutdown=None)) as server,
        connected(server) as client,
        anyio.create_task_group() as stops,
    ):
        await client.send(GET)
        await handler.begun.wait()
        stops.start_soon(server.stop)
        await server.shutdown.wait()
        assert server.shutdown.deadline is None
        await server.stop(grace=0)
        assert handler.ended == ["cancelled"]


async def test_a_second_stop_cannot_lengthen_the_first() -> None:
    handler = Held()
    async with serve(handler) as server, connected(server) as client:
        await client.send(GET)
        await handler.begun.wait()
        server.begin_stop(grace=0.01)
        deadline = server.shutdown.deadline
        server.begin_stop(grace=1_000)
        server.begin_stop()
        assert server.shutdown.deadline == deadline
        await server.wait_stopped()
    assert handler.ended == ["cancelled"]


async def test_during_the_delay_connections_are_accepted_and_told_to_go() -> None:
    settings = ServerSettings(shutdown_delay=PATIENCE)
    async with serve(hello, settings=settings) as server, connected(server) as kept:
        assert (await kept.ask(GET)).body == b"hello"
        server.begin_stop()
        answer = await kept.ask(GET)
        assert (answer.status, answer.get(b"connection")) == (200, b"close")
        async with connected(server) as late:
            answer = await late.ask(GET)
            assert (answer.status, answer.get(b"connection")) == (200, b"close")
        # The test need not wait for the delay's end.
        server.abort()


async def test_the_delay_is_not_taken_from_the_requests_time() -> None:
    async with serve(hello, settings=ServerSettings(shutdown_delay=0.01)) as server:
        server.begin_stop(grace=100)
        assert server.shutdown.deadline is not None
        assert server.shutdown.deadline - anyio.current_time() > 100 - 0.01
        await server.wait_stopped()


async def test_an_idle_client_has_a_last_call() -> None:
    async with serve(hello) as server, connected(server) as client:
        assert (await client.ask(GET)).body == b"hello"
        server.begin_stop(parting=Parting(last_call=PATIENCE))
        while not server.shutdown.draining:
            await checkpoint()
        await settle()
        answer = await client.ask(GET)
        assert (answer.body, answer.get(b"connection")) == (b"hello", b"close")
        await server.wait_stopped()


async def test_a_cancelled_stop_goes_on() -> None:
    handler = Held()
    async with serve(handler) as server, connected(server) as client:
        await client.send(GET)
        await handler.begun.wait()
        with anyio.CancelScope() as scope:
            scope.cancel()
            await server.stop()
        assert scope.cancelled_caught
        assert server.shutdown.begun
        handler.free.set()
        assert (await client.answer()).status == 200
    assert handler.ended == ["answered"]


async def test_a_server_that_has_stopped_can_be_told_so_again() -> None:
    async with serve(hello) as server:
        await server.stop()
        await server.stop(grace=0)
        server.begin_stop()
        await server.wait_stopped()


async def test_whoever_waits_in_the_queue_when_the_stop_begins_is_answered() -> None:
    async with serve(hello) as server, AsyncExitStack() as clients:
        queued = []
        for _ in range(50):
            # Without an await: the server has had no turn to accept.
            client = socket.create_connection(address(server))
            client.sendall(GET)
            client.setblocking(False)
            queued.append(client)
        server.begin_stop()
        streams = [
            await clients.enter_async_context(await anyio.abc.SocketStream.from_socket(client))
            for client in queued
        ]
        for stream in streams:
            answer = await Client(stream).answer()
            assert (answer.status, answer.get(b"connection")) == (200, b"close")
            await stream.aclose()


async def test_a_request_that_has_come_in_part_when_the_stop_begins_is_answered() -> None:
    async with serve(hello) as server, connected(server) as first, connected(server) as second:
        assert (await first.ask(GET)).body == b"hello"
        await first.send(GET[:20])
        await second.send(GET[:20])
        # Behind them, so they have arrived; whether they were read does not matter.
        await ask(server)
        server.begin_stop()
        await server.shutdown.wait()
        for client in (first, second):
            await client.send(GET[20:])
            answer = await client.answer()
            assert (answer.status, answer.get(b"connection")) == (200, b"close")


# What peers can do to it.


async def test_a_peer_that_resets_before_it_is_accepted_is_passed_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serve(hello) as server:
        before = open_sockets()
        for _ in range(20):
            reset(server)
        assert (await ask(server)).endswith(b"hello")
        await until_sockets(before)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def reset(server: Server, request: bytes = b"") -> None:
    """Connect, ask and reset, before the server gets a turn."""
    with closing(socket.create_connection(address(server))) as client:
        client.sendall(request)
        # With no time to linger, close() sends a reset.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


async def test_a_peer_that_asks_and_resets_is_nothing_to_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serve(hello) as server:
        before = open_sockets()
        for _ in range(20):
            reset(server, GET)
        assert (await ask(server)).endswith(b"hello")
        await until_sockets(before)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@contextmanager
def no_more_files() -> Iterator[None]:
    """As when this process has as many files open as it may."""
    lowest = os.dup(0)
    os.close(lowest)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


async def test_out_of_files_it_goes_on_and_accepts_when_there_are_some(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serve(hello) as server, connected(server) as old:
        assert (await old.ask(GET)).body == b"hello"
        waiting = socket.create_connection(address(server))
        with no_more_files():
            with anyio.fail_after(PATIENCE):
                while not caplog.records:
                    await checkpoint()
            # Those that are connected already notice nothing.
            assert (await old.ask(GET)).body == b"hello"
        waiting.setblocking(False)
        async with await anyio.abc.SocketStream.from_socket(waiting) as stream:
            assert (await Client(stream).ask(GET)).body == b"hello"
    [record] = caplog.records
    assert record.getMessage().startswith("cannot accept connections, will go on trying: ")


async def test_what_handlers_raise_does_not_reach_the_server() -> None:
    async def wild(exchange: Exchange) -> None:
        match exchange.request.target:
            case b"/exit":
                raise SystemExit(1)
            case b"/group":
                raise ExceptionGroup("several", [ValueError(), KeyError()])
            case b"/cancelled":
                raise anyio.get_cancelled_exc_class()("not us")
            case _:
                await hello(exchange)

    targets = [b"/exit", b"/group"]
    if anyio.get_cancelled_exc_class() is asyncio.CancelledError:
        # Trio's cannot be raised by just anybody.
        targets.append(b"/cancelled")
    async with serve(wild) as server, connected(server) as client:
        for target in targets:
            answer = await client.ask(GET.replace(b"/", target, 1))
            assert answer.status == 500, target
        assert (await client.ask(GET)).body == b"hello"


async def test_a_handler_that_cancels_its_own_task_harms_nobody_else(
    anyio_backend_name: str, caplog: pytest.LogCaptureFixture
) -> None:
    if anyio_backend_name != "asyncio":
        pytest.skip("only on asyncio is a task itself cancelled")

    async def handler(exchange: Exchange) -> None:
        task = asyncio.current_task()
        assert task is not None
        if exchange.request.target == b"/last":
            task.cancel()
            await anyio.sleep_forever()
        await hello(exchange)

    async with serve(handler) as server, connected(server) as other:
        assert (await other.ask(GET)).body == b"hello"
        assert await ask(server) == b""
        assert (await other.ask(GET)).body == b"hello"
    [record] = caplog.records
    assert record.getMessage().endswith("was closed, as its task was cancelled")


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Without the collector of garbage: what holds itself stays."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
async def test_connections_that_have_ended_are_forgotten_and_hold_nothing_together() -> None:
    def drivers() -> int:
        return sum(type(thing) is Driver for thing in gc.get_objects())

    before = drivers()
    async with serve(hello) as server:
        sockets = open_sockets()
        for _ in range(10):
            await ask(server)
        await until_sockets(sockets)
        await settle()
        assert drivers() == before


@pytest.mark.filterwarnings("ignore:coroutine 'Reception._serve_socket' was never awaited")
async def test_on_asyncio_a_loop_that_ends_leaves_no_connection_open(
    anyio_backend_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if anyio_backend_name != "asyncio":
        pytest.skip("only asyncio can end a task before it has begun")

    async def accept_and_end(
        listener: socket.socket, start: Callable[..., object], ceiling: ConnectionCeiling
    ) -> None:
        await anyio.wait_readable(listener)
        accept_queued(listener, start, most=1)
        # As `asyncio.run` does when its function returns.
        for task in asyncio.all_tasks() - not_ours:
            task.cancel()

    not_ours = asyncio.all_tasks()
    monkeypatch.setattr("tremolo_transport.server.accept_forever", accept_and_end)
    before = open_sockets()
    context = serve(hello)
    server = await context.__aenter__()
    with socket.create_connection(address(server)):
        await server.wait_stopped()
        await until_sockets(before + 1)
    await context.__aexit__(None, None, None)
    # What was never awaited is to be found in this test, which expects it.
    gc.collect()


async def test_nothing_is_left_behind() -> None:
    before = open_sockets()
    async with serve(hello) as server:
        async with connected(server) as client:
            await client.ask(GET)
        await ask(server)
        async with connected(server):
            await server.stop()
    await until_sockets(before)
    # A socket or coroutine that nobody closed would be a warning, and so an error, here.
    gc.collect()
