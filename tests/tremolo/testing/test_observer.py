"""What it makes of misbehaving handlers is in `test_planted_bugs`; here is what it keeps."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import Context, ContextVar, copy_context

import anyio
import pytest

from tremolo.testing.observer import Observer
from tremolo_transport import Peer, serve_connection
from tremolo_transport.exchange import (
    Address,
    ClientDisconnected,
    Exchange,
    Handler,
    ManagedHandler,
)
from tremolo_transport.memory import memory_stream_pair

from .handlers import LAST, hello

pytestmark = pytest.mark.anyio

CLIENT: Address = ("192.0.2.1", 5000)


async def ask(observer: Observer) -> bytes:
    """The answer to one request, served within the observer's lifespan."""
    async with observer.lifespan() as context:
        client, server = memory_stream_pair()
        await client.send(LAST)
        await client.send_eof()
        await serve_connection(server, observer, peer=Peer(client=CLIENT), context=context)
        return await client.receive()


async def test_it_answers_as_the_handler_does() -> None:
    observer = Observer(hello, check_leaks=True)
    assert isinstance(observer, ManagedHandler)
    assert (await ask(observer)).endswith(b"Hello world!")
    run = observer.latest_run(CLIENT)
    assert run is not None
    assert run.over
    assert observer.latest_run(("192.0.2.2", 5000)) is None
    assert observer.running == set()
    assert observer.take_failures() == []
    assert observer.take_misbehaviours() == []


async def test_it_has_the_handlers_lifespan() -> None:
    variable: ContextVar[str] = ContextVar("variable")
    order: list[str] = []

    class Managed:
        async def __call__(self, exchange: Exchange, /) -> None:
            order.append(variable.get())
            await exchange.respond(200)

        @asynccontextmanager
        async def lifespan(self) -> AsyncIterator[Context]:
            order.append("start")
            variable.set("set by start-up")
            yield copy_context()
            order.append("stop")

    await ask(Observer(Managed(), check_leaks=True))
    assert order == ["start", "set by start-up", "stop"]


def failing(error: BaseException) -> Handler:
    async def handler(exchange: Exchange) -> None:
        raise error

    return handler


async def test_what_a_handler_raises_is_kept_and_told_once() -> None:
    error = ValueError("as it should")
    observer = Observer(failing(error), check_leaks=True)
    await ask(observer)
    run = observer.latest_run(CLIENT)
    assert observer.take_failures(run) == [error]
    assert observer.take_failures() == []


@pytest.mark.parametrize(
    "error",
    [
        ClientDisconnected(),
        ExceptionGroup("", [ClientDisconnected(), ExceptionGroup("", [ClientDisconnected()])]),
    ],
)
async def test_that_the_client_has_left_is_no_failure(error: Exception) -> None:
    observer = Observer(failing(error), check_leaks=True)
    await ask(observer)
    assert observer.take_failures() == []


async def test_more_than_that_is_one() -> None:
    error = ExceptionGroup("", [ClientDisconnected(), ValueError()])
    observer = Observer(failing(error), check_leaks=True)
    await ask(observer)
    assert observer.take_failures() == [error]


async def test_what_is_logged_counts_for_the_run_in_which_it_is() -> None:
    logged = ValueError()

    async def handler(exchange: Exchange) -> None:
        observer.note_failure(logged)
        observer.note_failure(logged)
        await exchange.respond(200)

    observer = Observer(handler, check_leaks=True)
    await ask(observer)
    assert observer.take_failures(observer.latest_run(CLIENT)) == [logged]


async def test_what_is_logged_elsewhere_does_not_count() -> None:
    observer = Observer(hello, check_leaks=True)
    observer.note_failure(ValueError())
    assert observer.take_failures() == []
    observer.claim_context()
    observer.note_failure(error := ValueError())
    assert observer.take_failures() == [error]


async def test_runs_are_known_while_they_run() -> None:
    inside, go_on = anyio.Event(), anyio.Event()

    async def handler(exchange: Exchange) -> None:
        inside.set()
        await go_on.wait()
        await exchange.respond(200)

    observer = Observer(handler, check_leaks=True)
    async with anyio.create_task_group() as group:
        group.start_soon(ask, observer)
        await inside.wait()
        assert [str(run) for run in observer.running] == ["GET /"]
        go_on.set()
    assert observer.running == set()
