"""The client, in memory and over a real socket: the same tests, the same answers."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from tests.tremolo_transport.over_sockets import open_sockets
from tremolo import Application
from tremolo.testing import Client, Clock, Misbehaviour
from tremolo_asgi import LifespanFailed
from tremolo_core import Data, EndOfMessage, Headers, Response
from tremolo_transport.exchange import Exchange

from .handlers import CHUNKED, GET, echo, hello, read_body, show

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["memory", "tcp"])
def tcp(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        scope["state"]["greeting"] = b"Hello state!"
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["state"]["greeting"]})


# What can be asked.


async def test_a_handler(tcp: bool) -> None:
    async with Client(hello, tcp=tcp) as client:
        response = await client.get("/hello")
    assert (response.status_code, response.text) == (200, "Hello world!")
    assert response.headers["content-type"] == "text/plain"
    assert response.http_version == "HTTP/1.1"
    assert response.reason_phrase == "OK"


async def test_an_application_of_the_framework(tcp: bool) -> None:
    app = Application()

    @app.route("/hello")
    async def greet() -> str:
        return "Hello routes!"

    @app.route("/thread")
    def in_thread() -> str:
        return "Hello thread!"

    async with Client(app, tcp=tcp) as client:
        assert (await client.get("/hello")).text == "Hello routes!"
        assert (await client.get("/thread")).text == "Hello thread!"
        assert (await client.get("/missing")).status_code == 404


async def test_an_asgi_application_with_its_lifespan(tcp: bool) -> None:
    async with Client(asgi_app, tcp=tcp) as client:
        assert (await client.get("/")).text == "Hello state!"


async def test_the_options_are_those_of_serve(tcp: bool) -> None:
    async with Client(show, tcp=tcp, client_max_body_size=4, server_name="x") as client:
        assert (await client.post("/", content=b"12345")).status_code == 413
        assert (await client.get("/")).headers["server"] == "x"


async def test_an_option_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="there is no such option"):
        Client(hello, keepalive_timeuot=1)


async def test_what_is_no_application() -> None:
    with pytest.raises(TypeError, match="no application"):
        Client(print_nothing)  # type: ignore[arg-type]  # what a user may get wrong


def print_nothing() -> None: ...


# What httpx has.


async def test_the_host_is_the_urls_and_the_way_leads_to_the_application(tcp: bool) -> None:
    async with Client(show, tcp=tcp) as client:
        assert "\nhost: testserver\n" in (await client.get("/")).text
        assert "\nhost: example.com:81\n" in (await client.get("http://example.com:81/")).text


async def test_a_target_can_be_sent_as_it_is(tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.respond(200, body=exchange.request.target)

    async with Client(handler, tcp=tcp) as client:
        for target in (b"//a/../%2e?b", b"http://a/../b"):
            response = await client.get("/", extensions={"target": target})
            assert response.content == target


async def test_cookies_are_kept(tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        if exchange.request.target == b"/login":
            await exchange.respond(200, [(b"set-cookie", b"session=42; Path=/")])
        else:
            await exchange.respond(200, (), exchange.request.headers.get(b"cookie") or b"")

    async with Client(handler, tcp=tcp, cookies={"theme": "dark"}) as client:
        await client.get("/login")
        assert sorted((await client.get("/")).text.split("; ")) == ["session=42", "theme=dark"]


async def test_redirects_are_followed_if_wanted(tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        if exchange.request.target == b"/old":
            await exchange.respond(302, [(b"location", b"/new")])
        else:
            await exchange.respond(200, (), exchange.request.target)

    async with Client(handler, tcp=tcp) as client:
        assert (await client.get("/old")).status_code == 302
        response = await client.get("/old", follow_redirects=True)
        assert response.text == "/new"
        assert [each.status_code for each in response.history] == [302]


async def test_forms_with_files_are_sent(tcp: bool) -> None:
    async with Client(show, tcp=tcp) as client:
        response = await client.post("/", data={"a": "b"}, files={"file": b"content"})
    assert "\ncontent-type: multipart/form-data" in response.text
    assert "content" in response.text


async def test_headers_parameters_and_credentials_of_the_client_are_sent(tcp: bool) -> None:
    async with Client(
        show,
        tcp=tcp,
        headers={"x-kind": "test"},
        params={"page": 2},
        auth=("user", "secret"),
        base_url="http://example.com/api",
    ) as client:
        text = (await client.get("/items")).text
    assert text.startswith("GET /api/items?page=2\n")
    assert "\nx-kind: test\n" in text
    assert "\nauthorization: Basic dXNlcjpzZWNyZXQ=\n" in text
    assert "\nhost: example.com\n" in text


# Streaming.


async def test_pieces_come_while_the_answer_is_made(tcp: bool) -> None:
    more = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200, headers=CHUNKED), Data(data=b"first"))
        await more.wait()
        await exchange.send(Data(data=b"second"), EndOfMessage())

    async with Client(handler, tcp=tcp) as client, client.stream("GET", "/") as response:
        pieces = response.aiter_raw()
        assert await anext(pieces) == b"first"
        more.set()
        assert await anext(pieces) == b"second"
        with pytest.raises(StopAsyncIteration):
            await anext(pieces)


async def test_a_body_is_sent_while_its_answer_comes(tcp: bool) -> None:
    echoed: list[bytes] = []
    moved = anyio.Event()

    async def body() -> AsyncIterator[bytes]:
        nonlocal moved
        for number in range(3):
            yield b"%d" % number
            # Each piece is sent when the one before it has come back.
            await moved.wait()
            moved = anyio.Event()

    async with (
        Client(echo, tcp=tcp) as client,
        client.stream("POST", "/", content=body()) as response,
    ):
        async for piece in response.aiter_raw():
            echoed.append(piece)
            moved.set()
    assert echoed == [b"0", b"1", b"2"]


async def test_a_large_body_goes_through_a_handler_that_sends_it_back(tcp: bool) -> None:
    data = bytes(range(256)) * 4_000
    async with Client(echo, tcp=tcp) as client:
        assert (await client.post("/", content=data)).content == data


@pytest.mark.parametrize("size", [10, 1_000_000])
async def test_a_file_is_sent(tmp_path: Path, size: int, tcp: bool) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)

    async def handler(exchange: Exchange) -> None:
        headers = Headers(((b"content-length", b"%d" % size),))
        with path.open("rb") as file:
            await exchange.send(Response(status=200, headers=headers))
            await exchange.send_file(file)
            await exchange.send(EndOfMessage())

    async with Client(handler, tcp=tcp) as client:
        assert (await client.get("/")).content == b"x" * size


async def test_a_large_body_that_nobody_reads(tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.respond(413, (), b"too much")

    async with Client(handler, tcp=tcp) as client:
        response = await client.post("/", content=bytes(1_000_000))
        assert (response.status_code, response.text) == (413, "too much")
        assert (await client.post("/", content=b"")).status_code == 413


async def test_what_making_the_body_raises_comes_back(tcp: bool) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"some"
        raise ValueError("as it should")

    async with Client(echo, tcp=tcp) as client:
        with pytest.raises(ValueError, match="as it should"):
            await client.post("/", content=body())


async def test_leaving_a_stream_early_is_leaving(tcp: bool) -> None:
    left = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200, headers=CHUNKED), Data(data=b"first"))
        with exchange.cancelled_on_disconnect():
            await anyio.sleep_forever()
        left.set()
        await exchange.send(EndOfMessage())

    async with Client(handler, tcp=tcp) as client:
        async with client.stream("GET", "/") as response:
            assert response.status_code == 200
        with anyio.fail_after(60):
            await left.wait()


# Connections.


async def test_requests_follow_one_another_on_a_connection(tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.respond(200, (), b"%d" % exchange.connection.id)

    async with Client(handler, tcp=tcp) as client:
        assert len({(await client.get("/")).text for _ in range(3)}) == 1
        closing = await client.get("/", headers={"connection": "close"})
        assert closing.headers["connection"] == "close"
        assert (await client.get("/")).text != closing.text


async def test_requests_at_the_same_time_have_connections_of_their_own(tcp: bool) -> None:
    inside = 0
    both = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        nonlocal inside
        inside += 1
        if inside == 2:
            both.set()
        await both.wait()
        await exchange.respond(200)

    async with Client(handler, tcp=tcp) as client:

        async def get() -> None:
            await client.get("/")

        async with anyio.create_task_group() as group:
            group.start_soon(get)
            group.start_soon(get)


async def test_a_handler_may_ask_its_own_application(tcp: bool) -> None:
    asked: list[tuple[bytes, bool]] = []
    clients: list[Client] = []

    async def handler(exchange: Exchange) -> None:
        me = anyio.get_current_task()
        level = int(exchange.request.target[1:])
        inner = b"" if level == 3 else (await clients[0].get(f"/{level + 1}")).content
        asked.append((exchange.request.target, anyio.get_current_task() == me))
        await exchange.respond(200, (), exchange.request.target + inner)

    async with Client(handler, tcp=tcp) as client:
        clients.append(client)
        for _ in range(2):
            assert (await client.get("/1")).content == b"/1/2/3"
    assert asked == [(b"/3", True), (b"/2", True), (b"/1", True)] * 2


async def test_a_kept_connection_that_the_server_has_closed(tremolo_clock: Clock) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.respond(200, (), b"%d" % exchange.connection.id)

    async with Client(handler, keepalive_timeout=5) as client:
        first = await client.post("/", content=b"x")
        await anyio.sleep_until(tremolo_clock.time() + 60)
        second = await client.post("/", content=b"x")
    assert first.text != second.text


async def test_the_application_sees_client_and_server(tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        assert exchange.peer.client is not None
        assert exchange.peer.server is not None
        await exchange.respond(200, (), exchange.peer.scheme.encode())

    async with Client(handler, tcp=tcp) as client:
        assert (await client.get("/")).text == "http"


async def test_in_memory_no_socket_is_opened(tcp: bool) -> None:
    inside: list[int] = []

    async def handler(exchange: Exchange) -> None:
        inside.append(open_sockets())
        await exchange.respond(200)

    before = open_sockets()
    async with Client(handler, tcp=tcp) as client:
        await client.get("/")
        await client.get("/")
    assert (max(inside) > before) is tcp


async def test_https_is_known_to_the_application_and_has_no_socket() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.respond(200, (), exchange.peer.scheme.encode())

    async with Client(handler, base_url="https://testserver") as client:
        assert (await client.get("/")).text == "https"
    async with Client(handler, tcp=True, base_url="https://testserver") as client:
        with pytest.raises(ValueError, match="not https"):
            await client.get("/")


# Errors.


async def test_what_a_handler_raises_is_raised_as_it_is(tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        try:
            raise KeyError("context")
        except KeyError:
            raise ValueError("as it should") from OSError("cause")

    async with Client(handler, tcp=tcp) as client:
        with pytest.raises(ValueError, match="as it should") as caught:
            await client.get("/")
        assert isinstance(caught.value.__cause__, OSError)
        assert isinstance(caught.value.__context__, KeyError)
        assert caught.traceback[-1].name == "handler"


async def test_also_in_the_middle_of_an_answer(tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200, headers=CHUNKED), Data(data=b"first"))
        raise ValueError("as it should")

    async with Client(handler, tcp=tcp) as client:
        with pytest.raises(ValueError, match="as it should"):
            await client.get("/")


async def test_a_time_out_of_the_handler_is_not_one_of_the_client(tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        raise TimeoutError("of the handler")

    async with Client(handler, tcp=tcp) as client:
        with pytest.raises(TimeoutError, match="of the handler"):
            await client.get("/")


async def test_or_the_answer_is_looked_at(tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        raise ValueError("as it should")

    async with Client(handler, tcp=tcp, raise_server_exceptions=False) as client:
        assert (await client.get("/")).status_code == 500


async def test_an_answer_that_breaks_off(tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200, headers=CHUNKED), Data(data=b"first"))
        raise ValueError("as it should")

    async with Client(handler, tcp=tcp, raise_server_exceptions=False) as client:
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await client.get("/")


async def test_what_cannot_be_a_request_is_not_sent(tcp: bool) -> None:
    async with Client(hello, tcp=tcp) as client:
        with pytest.raises(httpx.LocalProtocolError, match="line break"):
            await client.get("/", headers={"x": "a\r\nb: c"})


async def test_a_handler_that_lets_its_client_wait(tremolo_clock: Clock) -> None:
    async def handler(exchange: Exchange) -> None:
        with exchange.cancelled_on_disconnect():
            await anyio.sleep_until(anyio.current_time() + 100)
        await exchange.respond(200)

    async with Client(handler, timeout=50, raise_server_exceptions=False) as client:
        began = tremolo_clock.time()
        with pytest.raises(httpx.ReadTimeout, match="the server sent nothing for 50 s"):
            await client.get("/")
        assert tremolo_clock.time() - began == pytest.approx(50)
        with pytest.raises(httpx.ReadTimeout, match="for 20 s"):
            await client.get("/", timeout=20)
        assert (await client.get("/", timeout=200)).status_code == 200


async def test_a_handler_that_goes_on_behind_its_answer_is_waited_for(tcp: bool) -> None:
    order: list[str] = []

    async def handler(exchange: Exchange) -> None:
        await exchange.respond(200)
        for _ in range(30):
            await anyio.lowlevel.checkpoint()
        order.append("handler")

    async with Client(handler, tcp=tcp) as client:
        await client.get("/")
        order.append("test")
    assert order == ["handler", "test"]


async def test_but_not_for_ever(tremolo_clock: Clock) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.respond(200)
        with exchange.cancelled_on_disconnect():
            await anyio.sleep_forever()

    async with Client(handler, timeout=50) as client:
        with pytest.raises(httpx.ReadTimeout, match="has answered, but still runs after 50 s"):
            await client.get("/")


# The life of the application.


async def test_a_start_up_that_fails_is_raised_as_it_is(tcp: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    with pytest.raises(LifespanFailed, match="no database"):
        async with Client(app, tcp=tcp):
            pytest.fail("it is open")  # pragma: no cover


async def test_a_shutdown_that_fails_is_too(tcp: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.failed", "message": "no disk"})

    with pytest.raises(LifespanFailed, match="no disk"):
        async with Client(app, tcp=tcp):
            pass


async def test_requests_see_what_start_up_has_set(tcp: bool) -> None:
    variable: ContextVar[bytes] = ContextVar("variable")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            variable.set(b"set")
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": variable.get()})

    async with Client(app, tcp=tcp) as client:
        assert (await client.get("/")).text == "set"


async def test_a_client_that_is_not_open_says_how_it_is_opened() -> None:
    with pytest.raises(RuntimeError, match="async with Client"):
        await Client(hello).get("/")


async def test_a_test_that_fails_fails_as_it_does(tcp: bool) -> None:
    with pytest.raises(ZeroDivisionError):
        async with Client(hello, tcp=tcp) as client:
            await client.get("/")
            raise ZeroDivisionError


async def test_a_test_that_is_cancelled_leaves_nothing_behind(tcp: bool) -> None:
    ended = anyio.Event()

    async def handler(exchange: Exchange) -> None:
        try:
            with exchange.cancelled_on_disconnect():
                await anyio.sleep_forever()
        finally:
            ended.set()
        await exchange.respond(200)

    asked = anyio.Event()

    async def run() -> None:
        async with Client(handler, tcp=tcp) as client, client.connection() as wire:
            await wire.send(GET)
            asked.set()
            await anyio.sleep_forever()

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await asked.wait()
        group.cancel_scope.cancel()


async def test_two_clients_do_not_hear_of_each_others_errors(tcp: bool) -> None:
    async def broken(exchange: Exchange) -> None:
        raise ValueError("as it should")

    async with Client(hello, tcp=tcp) as healthy, Client(broken, tcp=tcp) as ill:
        with pytest.raises(ValueError, match="as it should"):
            await ill.get("/")
        assert (await healthy.get("/")).status_code == 200


async def test_over_a_socket_time_is_real(tremolo_clock: Clock) -> None:
    with pytest.raises(RuntimeError, match="time cannot be the test's"):
        async with Client(hello, tcp=True):
            pytest.fail("it is open")  # pragma: no cover


async def test_leaks_are_looked_for_unless_they_are_not(tcp: bool) -> None:
    kept = []

    async def numbers() -> AsyncGenerator[int, None]:
        yield 1
        yield 2

    async def handler(exchange: Exchange) -> None:
        kept.append(numbers())
        await anext(kept[-1])
        await exchange.respond(200)

    async with Client(handler, tcp=tcp, check_leaks=False) as client:
        await client.get("/")
    with pytest.raises(Misbehaviour, match="generator"):
        async with Client(handler, tcp=tcp) as client:
            await client.get("/")
    await kept[0].aclose()


# A fixture, which is entered and left by hand.


@asynccontextmanager
async def opened(tcp: bool) -> AsyncIterator[Client]:
    async with Client(show, tcp=tcp) as client:
        yield client


@pytest.fixture
async def client(tcp: bool) -> AsyncIterator[Client]:
    async with opened(tcp) as client:
        yield client


async def test_a_fixture_can_open_it(client: Client) -> None:
    assert (await client.post("/", content=b"from a fixture")).text.endswith("from a fixture")


async def test_a_body_that_is_read_in_pieces(tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.respond(200, (), b"%d" % len(await read_body(exchange)))

    async with Client(handler, tcp=tcp) as client:
        assert (await client.post("/", content=b"x" * 100_000)).text == "100000"
