"""`serve` as a context manager: how it is entered and left, and by what."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import Context, copy_context
from functools import partial
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from tremolo_transport import Bind, Exchange, Server, ServerSettings, serve, serve_forever

from .over_sockets import address, ask, connected, open_sockets, until_sockets

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

ON_ASYNCIO = pytest.mark.parametrize(
    "anyio_backend",
    [
        pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio"),
        pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop"),
    ],
)


async def hello(exchange: Exchange) -> None:
    await exchange.respond(200, body=b"hello")


class Managed:
    """A handler whose life the test writes."""

    def __init__(self, life: Any) -> None:
        self._life = asynccontextmanager(life)

    async def __call__(self, exchange: Exchange) -> None:
        await hello(exchange)

    def lifespan(self) -> AbstractAsyncContextManager[Context]:
        context: AbstractAsyncContextManager[Context] = self._life()
        return context


def fail(error: BaseException) -> None:
    raise error


def assert_nobody_listens(server: Server) -> None:
    with pytest.raises(ConnectionRefusedError), socket.create_connection(address(server)):
        pass


@pytest.mark.anyio
async def test_a_server_runs_while_the_context_is_entered() -> None:
    async with serve(hello) as server:
        assert address(server)[0] == "127.0.0.1"
        assert (await ask(server)).endswith(b"hello")
        stopping = server.shutdown.begun
    assert (stopping, server.shutdown.begun) == (False, True)
    await server.wait_stopped()
    assert_nobody_listens(server)


@pytest.mark.anyio
async def test_nothing_happens_before_the_context_is_entered() -> None:
    before = open_sockets()
    serve(hello, binds=[Bind(host="no.such.name.invalid", port=0)])
    assert open_sockets() == before


@pytest.mark.anyio
async def test_a_busy_port_is_an_os_error_that_names_the_address() -> None:
    async with serve(hello) as server:
        host, port = address(server)
        before = open_sockets()
        binds = [Bind(port=0), Bind(host=host, port=port)]
        with pytest.raises(OSError, match=f"^.*cannot listen on 127.0.0.1:{port}: Address"):
            await serve(hello, binds=binds).__aenter__()
        assert open_sockets() == before
        assert (await ask(server)).endswith(b"hello")


@pytest.mark.anyio
@pytest.mark.parametrize(
    "error", [ValueError("x"), OSError("y"), ExceptionGroup("z", [KeyError()])]
)
async def test_what_start_up_raises_is_raised_as_it_is(error: Exception) -> None:
    async def life() -> AsyncIterator[Context]:
        await checkpoint()
        fail(error)
        yield copy_context()

    before = open_sockets()
    with pytest.raises(type(error)) as caught:
        await serve(Managed(life)).__aenter__()
    assert caught.value is error
    assert open_sockets() == before


@pytest.mark.anyio
async def test_what_shutdown_raises_is_raised_as_it_is() -> None:
    error = ValueError("still busy")

    async def life() -> AsyncIterator[Context]:
        yield copy_context()
        raise error

    with pytest.raises(ValueError, match="still busy") as caught:
        async with serve(Managed(life)) as server:
            pass
    assert caught.value is error
    assert_nobody_listens(server)


@pytest.mark.anyio
@pytest.mark.parametrize("error", [ValueError("x"), ExceptionGroup("z", [KeyError()])])
async def test_what_the_body_raises_is_raised_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        async with serve(hello) as server:
            raise error
    assert caught.value is error
    assert_nobody_listens(server)


@pytest.mark.anyio
async def test_the_bodys_error_waits_for_requests_in_flight() -> None:
    begun = anyio.Event()
    told: list[bytes] = []

    async def slow(exchange: Exchange) -> None:
        begun.set()
        await exchange.shutdown.wait()
        told.append(b"stopping")
        await hello(exchange)

    async def client() -> None:
        told.append(await ask(server, REQUEST))

    async with anyio.create_task_group() as clients:
        with pytest.raises(ValueError, match="on purpose"):
            async with serve(slow) as server:
                clients.start_soon(client)
                await begun.wait()
                raise ValueError("on purpose")
    assert told[0] == b"stopping"
    assert told[1].endswith(b"hello")


@pytest.mark.anyio
async def test_a_cancelled_body_stops_the_server_at_once() -> None:
    cancelled = anyio.Event()
    begun = anyio.Event()

    async def stuck(exchange: Exchange) -> None:
        begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.set()

    before = open_sockets()
    settings = ServerSettings(shutdown=None)
    with anyio.CancelScope() as scope:
        async with serve(stuck, settings=settings) as server, connected(server) as client:
            await client.send(REQUEST)
            await begun.wait()
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert cancelled.is_set()
    await server.wait_stopped()
    assert_nobody_listens(server)
    await until_sockets(before)


@pytest.mark.anyio
async def test_a_cancellation_while_leaving_stops_the_server_at_once() -> None:
    begun = anyio.Event()

    async def stuck(exchange: Exchange) -> None:
        begun.set()
        await exchange.shutdown.wait()
        scope.cancel()
        await anyio.sleep_forever()

    async with anyio.create_task_group() as clients:
        with anyio.CancelScope() as scope:
            async with serve(stuck, settings=ServerSettings(shutdown=None)) as server:
                clients.start_soon(ask, server, REQUEST)
                await begun.wait()
    assert scope.cancelled_caught
    await server.wait_stopped()


@pytest.mark.anyio
async def test_a_cancelled_start_up_leaves_nothing_behind() -> None:
    left: list[str] = []

    async def life() -> AsyncIterator[Context]:
        try:
            scope.cancel()
            await anyio.sleep_forever()
            yield copy_context()
        finally:
            left.append("cleaned up")

    before = open_sockets()
    with anyio.CancelScope() as scope:
        await serve(Managed(life)).__aenter__()
    assert scope.cancelled_caught
    assert left == ["cleaned up"]
    assert open_sockets() == before


@pytest.mark.anyio
async def test_entered_in_a_cancelled_scope_it_leaves_nothing_behind() -> None:
    before = open_sockets()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await serve(hello).__aenter__()
    assert scope.cancelled_caught
    assert open_sockets() == before


@pytest.mark.anyio
async def test_a_timeout_around_it_is_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        with anyio.fail_after(0):
            async with serve(hello):
                await anyio.sleep_forever()


@pytest.mark.anyio
async def test_servers_can_be_nested_and_cancelled_together() -> None:
    with anyio.CancelScope() as scope:
        async with serve(hello) as outer, serve(hello) as inner:
            assert (await ask(outer)).endswith(b"hello")
            assert (await ask(inner)).endswith(b"hello")
            scope.cancel()
            await anyio.sleep_forever()
    assert_nobody_listens(outer)
    assert_nobody_listens(inner)


@pytest.mark.anyio
async def test_the_same_context_manager_serves_again() -> None:
    again = serve(hello)
    for _ in range(2):
        async with again as server:
            assert (await ask(server)).endswith(b"hello")
        assert_nobody_listens(server)


@pytest.mark.anyio
async def test_a_server_that_was_stopped_in_the_body_is_left_as_any() -> None:
    async with serve(hello) as server:
        await server.stop()
        assert_nobody_listens(server)


@pytest.mark.anyio
@ON_ASYNCIO
async def test_on_asyncio_it_is_entered_and_left_in_different_tasks() -> None:
    context = serve(hello)
    server = await asyncio.create_task(context.__aenter__())
    assert (await ask(server)).endswith(b"hello")
    await asyncio.create_task(context.__aexit__(None, None, None))
    assert_nobody_listens(server)


@pytest.mark.anyio
@ON_ASYNCIO
async def test_on_asyncio_the_task_that_entered_may_be_gone() -> None:
    # A task group of the caller would otherwise own the server's tasks.
    context = serve(hello)
    async with asyncio.TaskGroup() as group:
        entering = group.create_task(context.__aenter__())
    server = entering.result()
    async with connected(server) as client:
        for _ in range(2):
            assert (await client.ask(REQUEST)).body == b"hello"
    await context.__aexit__(None, None, None)


@pytest.mark.anyio
@ON_ASYNCIO
async def test_on_asyncio_a_task_cancelled_by_hand_stops_the_server_at_once() -> None:
    begun = anyio.Event()
    servers = []

    async def stuck(exchange: Exchange) -> None:
        begun.set()
        await anyio.sleep_forever()

    async def body() -> None:
        async with serve(stuck, settings=ServerSettings(shutdown=None)) as server:
            servers.append(server)
            async with connected(server) as client:
                await client.send(REQUEST)
                await anyio.sleep_forever()

    task = asyncio.create_task(body())
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert_nobody_listens(servers[0])


@pytest.mark.anyio
@ON_ASYNCIO
async def test_on_asyncio_a_start_up_that_raises_cancelled_error_does_not_serve() -> None:
    async def life() -> AsyncIterator[Context]:
        fail(asyncio.CancelledError("nobody cancelled us"))
        yield copy_context()

    with pytest.raises(asyncio.CancelledError, match="nobody cancelled us"):
        await serve(Managed(life)).__aenter__()


@pytest.mark.anyio
async def test_in_a_task_group_it_tells_its_addresses_and_serves_until_cancelled() -> None:
    before = open_sockets()
    async with anyio.create_task_group() as group:
        binds = [Bind(port=0), Bind(host="127.0.0.2", port=0)]
        addresses = await group.start(partial(serve_forever, hello, binds=binds))
        assert [host for host, _ in addresses] == ["127.0.0.1", "127.0.0.2"]
        for host, port in addresses:
            async with await anyio.connect_tcp(host, port) as client:
                await client.send(REQUEST)
                assert (await client.receive()).endswith(b"hello")
        group.cancel_scope.cancel()
    await until_sockets(before)


@pytest.mark.anyio
async def test_in_a_task_group_what_start_up_raises_is_raised_by_start() -> None:
    async def life() -> AsyncIterator[Context]:
        await checkpoint()
        fail(ValueError("no database"))
        yield copy_context()

    async with anyio.create_task_group() as group:
        with pytest.raises(ValueError, match="no database"):
            await group.start(serve_forever, Managed(life))


@pytest.mark.anyio
async def test_in_a_task_group_others_that_fail_end_it() -> None:
    before = open_sockets()
    with pytest.raises(ExceptionGroup) as caught:
        async with anyio.create_task_group() as group:
            await group.start(serve_forever, hello)
            raise ValueError("on purpose")
    assert caught.group_contains(ValueError, match="on purpose", depth=1)
    await until_sockets(before)


def test_in_a_nursery_of_trios() -> None:
    trio = pytest.importorskip("trio")

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            [(host, port)] = await nursery.start(serve_forever, hello)
            stream = await trio.open_tcp_stream(host, port)
            async with stream:
                await stream.send_all(REQUEST)
                answers.append(await stream.receive_some())
            nursery.cancel_scope.cancel()

    answers: list[bytes] = []
    trio.run(main)
    assert answers[0].endswith(b"hello")
