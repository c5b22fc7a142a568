"""One application called for one exchange, and what becomes of what it raises."""

import asyncio
import logging
from typing import Any

import anyio
import pytest

from tremolo_asgi import AsgiHandler, IncompleteResponse, MessageError
from tremolo_asgi.causes import NEEDS_ASYNCIO
from tremolo_core import Data, EndOfMessage, Headers, Response
from tremolo_transport.exchange import ClientDisconnected, ManagedHandler

from .fake_exchange import FakeExchange, request

pytestmark = pytest.mark.anyio

END = EndOfMessage()


async def hello(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"Hello world!"})


async def test_an_application_answers() -> None:
    exchange = FakeExchange(END)
    await AsgiHandler(hello)(exchange)
    head = Response(status=200, headers=Headers([(b"content-length", b"12")]))
    assert exchange.sent == [(head, Data(data=b"Hello world!"), END)]


async def test_it_is_a_managed_handler() -> None:
    assert isinstance(AsgiHandler(hello), ManagedHandler)


async def test_the_scope_is_of_the_exchange() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)
        await hello(scope, receive, send)

    exchange = FakeExchange(END, asked=request(target=b"/a%20b?c"))
    await AsgiHandler(app, root_path="/api")(exchange)
    [scope] = seen
    assert (scope["path"], scope["query_string"]) == ("/api/a b", b"c")
    assert (scope["root_path"], scope["state"]) == ("/api", {})
    assert scope["client"] == ("192.0.2.1", 50_000)


async def test_the_state_of_start_up_is_copied_for_each_request() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            scope["state"]["pool"] = "a pool"
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        seen.append(dict(scope["state"]))
        scope["state"]["mine"] = True
        await hello(scope, receive, send)

    handler = AsgiHandler(app)
    for _ in range(2):
        async with handler.lifespan():
            await handler(FakeExchange(END))
            await handler(FakeExchange(END))
    assert seen == [{"pool": "a pool"}] * 4


async def test_the_mode_is_passed_on() -> None:
    async with AsgiHandler(hello, lifespan="off").lifespan():
        pass
    async with AsgiHandler(hello, lifespan="auto").lifespan():
        pass
    with pytest.raises(Exception, match="AssertionError"):
        await AsgiHandler(hello, lifespan="on").lifespan().__aenter__()


@pytest.mark.parametrize("started", [False, True])
async def test_an_error_goes_on_to_the_server(started: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if started:
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"a", "more_body": True})
        raise ValueError("oops")

    exchange = FakeExchange(END)
    with pytest.raises(ValueError, match="oops"):
        await AsgiHandler(app)(exchange)
    assert exchange.response_started is started


async def test_an_application_that_sends_nothing_is_an_error() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None: ...

    with pytest.raises(IncompleteResponse, match=r"before http\.response\.start"):
        await AsgiHandler(app)(FakeExchange(END))


async def test_a_wrong_message_is_an_error() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.body", "body": b"a"})

    with pytest.raises(MessageError):
        await AsgiHandler(app)(FakeExchange(END))


class GaveUp(Exception):
    """What a framework raises in place of the server's error."""


async def until_the_client_leaves(send: Any, exchange: FakeExchange) -> None:
    await send({"type": "http.response.start", "status": 200})
    exchange.leave()
    while True:
        await send({"type": "http.response.body", "body": b"a", "more_body": True})


async def lets_it_go(send: Any, exchange: FakeExchange) -> None:
    await until_the_client_leaves(send, exchange)


async def renames_it(send: Any, exchange: FakeExchange) -> None:
    try:
        await until_the_client_leaves(send, exchange)
    except OSError:
        raise GaveUp  # noqa: B904 - as Starlette has it


async def groups_it(send: Any, exchange: FakeExchange) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(renames_it, send, exchange)


async def returns(send: Any, exchange: FakeExchange) -> None:
    try:
        await until_the_client_leaves(send, exchange)
    except OSError:
        return


@pytest.mark.parametrize("body", [lets_it_go, renames_it, groups_it, returns])
async def test_a_client_that_leaves_is_no_error(
    body: Any, caplog: pytest.LogCaptureFixture
) -> None:
    exchange = FakeExchange(END)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await body(send, exchange)

    with caplog.at_level(logging.INFO), pytest.raises(ClientDisconnected):
        await AsgiHandler(app)(exchange)
    assert caplog.records == []


async def test_an_error_of_who_was_told_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    exchange = FakeExchange(Data(data=b"a"))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        exchange.leave()
        if (await receive())["type"] == "http.disconnect":
            raise GaveUp("no body")

    with caplog.at_level(logging.INFO), pytest.raises(ClientDisconnected) as caught:
        await AsgiHandler(app)(exchange)
    assert isinstance(caught.value.__cause__, GaveUp)
    [record] = caplog.records
    assert record.getMessage() == "the application raised GaveUp after the client had left: no body"
    assert (record.levelname, record.exc_info) == ("INFO", None)


async def test_an_error_of_who_was_not_told_is_a_real_one() -> None:
    exchange = FakeExchange(END)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        exchange.leave()
        raise ValueError("oops")

    with pytest.raises(ValueError, match="oops"):
        await AsgiHandler(app)(exchange)


async def test_an_error_behind_the_answer_is_a_real_one() -> None:
    exchange = FakeExchange()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await hello(scope, receive, send)
        exchange.leave()
        assert (await receive())["type"] == "http.disconnect"
        raise ValueError("a background task failed")

    with pytest.raises(ValueError, match="a background task"):
        await AsgiHandler(app)(exchange)


async def test_what_needs_asyncio_says_so_in_one_line(
    caplog: pytest.LogCaptureFixture, anyio_backend: Any
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        asyncio.get_running_loop()
        await hello(scope, receive, send)

    exchange = FakeExchange(END)
    with caplog.at_level(logging.INFO, "tremolo"):
        await AsgiHandler(app)(exchange)
    [(head, *_)] = exchange.sent
    assert isinstance(head, Response)
    if anyio_backend[0] == "trio":
        assert head.status == 500
        [record] = caplog.records
        assert record.message == NEEDS_ASYNCIO
        assert record.exc_info is None
    else:
        assert (head.status, caplog.records) == (200, [])
