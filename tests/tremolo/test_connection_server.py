"""What a handler may do with its connection."""

import socket
from typing import Any

import anyio
import pytest

from tremolo import BlockingRequest, Request, Tremolo
from tremolo.background import BackgroundTask
from tremolo.connection_server import ConnectionServer, descriptor_of, socket_of, stream_of
from tremolo.testing import Client
from tremolo_asgi.guest_connection import GuestConnection
from tremolo_transport.exchange import ConnectionInfo

pytestmark = pytest.mark.anyio

CLOSE = {"connection": "close"}
"""What a request says after which the connection ends."""


async def test_a_task_outlives_the_request_and_ends_with_the_connection() -> None:
    app = Tremolo()
    kept: list[BackgroundTask] = []

    @app.route("/")
    async def handler(request: Request) -> str:
        kept.append(request.server.create_task(anyio.sleep_forever()))
        return "started"

    @app.route("/done")
    async def done() -> str:
        return str(kept[0].done())

    async with Client(app) as client:
        assert (await client.get("/")).text == "started"
        assert (await client.get("/done", headers=CLOSE)).text == "False"
        await kept[0].wait()


async def test_the_contexts_know_the_tasks_that_have_not_ended() -> None:
    app = Tremolo()
    end = anyio.Event()
    kept: dict[str, BackgroundTask] = {}

    @app.route("/")
    async def handler(request: Request, context: Any, globals: Any) -> str:
        kept["connection's"] = request.server.create_task(end.wait())
        kept["worker's"] = app.create_task(end.wait())
        return str([context.tasks, globals.tasks] == [{kept["connection's"]}, {kept["worker's"]}])

    @app.route("/end")
    async def ended(context: Any, globals: Any) -> str:
        end.set()
        for task in kept.values():
            await task.wait()
        await anyio.lowlevel.checkpoint()
        return str((len(context.tasks), len(globals.tasks)))

    async with Client(app) as client:
        assert (await client.get("/")).text == "True"
        assert (await client.get("/end")).text == "(0, 0)"


async def test_the_tasks_of_a_connection_are_forgotten_with_it() -> None:
    app = Tremolo()
    contexts: list[Any] = []

    @app.route("/")
    async def handler(request: Request, context: Any) -> str:
        contexts.append(context)
        request.server.create_task(anyio.sleep_forever()).done()
        return str(len(context.tasks))

    async with Client(app) as client:
        assert (await client.get("/", headers=CLOSE)).text == "1"
        with anyio.fail_after(5):
            while contexts[0].tasks:
                await anyio.lowlevel.checkpoint()


async def test_a_task_that_fails_ends_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    app = Tremolo()
    fail = anyio.Event()

    async def failing() -> None:
        await fail.wait()
        raise ValueError("in a task")

    @app.route("/")
    async def handler(request: Request) -> str:
        request.protocol.create_task(failing()).done()
        return "started"

    ours = Client(app, raise_server_exceptions=False)
    async with ours as client, client.connection() as wire:
        await wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await wire.receive_response()).body == b"started"
        fail.set()
        await wire.receive_to_end()
    assert "a task of a connection failed" in caplog.text


async def test_a_callback_is_called_when_the_connection_has_ended() -> None:
    app, ended = Tremolo(), anyio.Event()

    @app.route("/")
    async def handler(request: Request) -> str:
        request.server.add_close_callback(ended.set)
        return str(ended.is_set())

    async with Client(app) as client:
        assert (await client.get("/", headers=CLOSE)).text == "False"
        await ended.wait()


async def test_in_memory_there_is_no_socket_and_no_server_after_the_end() -> None:
    app, ended = Tremolo(), anyio.Event()
    kept: list[ConnectionInfo] = []

    @app.route("/")
    async def handler(request: Request) -> str:
        kept.append(request.exchange.connection)
        request.server.add_close_callback(ended.set)
        return str((socket_of(kept[0]), descriptor_of(kept[0])))

    async with Client(app) as client:
        assert (await client.get("/", headers=CLOSE)).text == "(None, -1)"
        await ended.wait()
    with pytest.raises(RuntimeError, match="has ended"):
        ConnectionServer(kept[0])


async def test_the_socket_and_the_stream() -> None:
    app = Tremolo()
    seen: dict[str, Any] = {}

    @app.route("/")
    async def handler(request: Request, fileno: int, context: Any) -> None:
        assert request.socket is not None
        seen.update(
            same=request.transport is context.transport,
            family=request.socket.family,
            number=request.socket.fileno() == fileno,
        )

    @app.route("/plain")
    def plain(request: BlockingRequest) -> str:
        return str(request.socket is not None)

    async with Client(app, tcp=True) as client:
        await client.get("/")
        assert (await client.get("/plain")).text == "True"
    assert seen == {"same": True, "family": socket.AF_INET, "number": True}


async def test_the_stream_may_be_another_servers() -> None:
    async with anyio.create_task_group() as group:
        assert stream_of(GuestConnection(group)) is None
