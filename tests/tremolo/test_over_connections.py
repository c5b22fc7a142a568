"""An application on real connections, in memory: what the client reads, byte by byte."""

import re
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from typing import Any

import anyio
import pytest

from tests.cases import for_each
from tremolo import BlockingRequest, BlockingResponse, Request, Response, Tremolo
from tremolo.testing import Client

pytestmark = pytest.mark.anyio

LAST = b"Host: a\r\nConnection: close\r\n\r\n"


async def talk(app: Tremolo, *requests: bytes, **options: Any) -> bytes:
    """Everything that `app` answers to `requests`, which it is sent at once."""
    quiet = Client(app, raise_server_exceptions=False, date_header=False, server_name="", **options)
    async with quiet as client, client.connection() as wire:
        await wire.send(b"".join(requests))
        return await wire.receive_to_end()


@pytest.fixture
def app() -> Tremolo:
    app = Tremolo()

    @app.route("/hello")
    async def hello(**server: Any) -> tuple[str, str]:
        return "Hello", "latin-1"

    @app.route("/chunks")
    async def chunks() -> AsyncIterator[str]:
        yield "one"
        yield "two"

    @app.route("/echo")
    async def echo(request: Request) -> bytes:
        return await request.body()

    @app.route("/plain")
    def plain(request: BlockingRequest) -> Iterator[bytes]:
        yield from request.stream()

    return app


async def test_hello(app: Tremolo) -> None:
    assert await talk(app, b"GET /hello HTTP/1.1\r\n" + LAST) == (
        b"HTTP/1.1 200 OK\r\n"
        b"Content-Type: text/html; charset=utf-8\r\n"
        b"Content-Length: 5\r\n"
        b"Connection: close\r\n"
        b"\r\n"
        b"Hello"
    )


async def test_chunks(app: Tremolo) -> None:
    head, _, body = (await talk(app, b"GET /chunks HTTP/1.1\r\n" + LAST)).partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert b"Content-Length" not in head
    assert body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


async def test_chunks_for_http_1_0_end_with_the_connection(app: Tremolo) -> None:
    head, _, body = (await talk(app, b"GET /chunks HTTP/1.0\r\n\r\n")).partition(b"\r\n\r\n")
    assert b"Transfer-Encoding" not in head
    assert b"Connection: close" in head
    assert body == b"onetwo"


@for_each("path", [b"/hello", b"/chunks"])
async def test_head_has_no_body(app: Tremolo, path: bytes) -> None:
    answer = await talk(app, b"HEAD " + path + b" HTTP/1.1\r\n" + LAST)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\n")


@for_each("path", [b"/echo", b"/plain"])
@for_each(
    "body",
    [
        b"Content-Length: 5\r\n\r\nabcde",
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    ],
)
async def test_a_body_comes_back(app: Tremolo, path: bytes, body: bytes) -> None:
    answer = await talk(
        app,
        b"POST " + path + b" HTTP/1.1\r\nHost: a\r\n" + body,
        b"GET /hello HTTP/1.1\r\n" + LAST,
    )
    first, second = answer.split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert b"abc" in first
    assert b"de" in first
    assert second.endswith(b"Hello")


async def test_a_body_beyond_the_limit_is_refused(app: Tremolo) -> None:
    answer = await talk(
        app,
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabcdef",
        client_max_body_size=5,
    )
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"Connection: close" in answer


async def test_a_refusal_stands_whatever_the_handler_makes_of_it(
    app: Tremolo, caplog: pytest.LogCaptureFixture
) -> None:
    @app.route("/stubborn")
    async def stubborn(request: Request) -> str:
        try:
            await request.body()
        except OSError:
            return "never mind"
        return "fine"

    caplog.set_level("ERROR")
    answer = await talk(
        app,
        b"POST /stubborn HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabcdef",
        client_max_body_size=5,
    )
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"never mind" not in answer
    assert caplog.records == []


async def test_a_body_that_is_expected_to_be_refused_is_not_asked_for(app: Tremolo) -> None:
    answer = await talk(
        app,
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n",
        client_max_body_size=5,
    )
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_errors_keep_the_connection(app: Tremolo, caplog: pytest.LogCaptureFixture) -> None:
    @app.route("/fail")
    async def fail() -> None:
        raise ValueError("secret")

    @app.route("/break", methods=["GET"])
    async def line_break(response: Response) -> str:
        response.set_header("x", "a\r\nb")
        return ""

    answer = await talk(
        app,
        b"GET /fail HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /break HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PUT /break HTTP/1.1\r\nHost: a\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://b/hello HTTP/1.1\r\n" + LAST,
    )
    statuses = re.findall(rb"HTTP/1\.1 ([0-9]+) ", answer)
    assert statuses == [b"500", b"500", b"404", b"405", b"204", b"200"]
    assert b"secret" not in answer
    assert answer.count(b"Connection: close") == 1


async def test_an_error_after_the_head_ends_the_connection(
    app: Tremolo, caplog: pytest.LogCaptureFixture
) -> None:
    @app.route("/break")
    async def break_off() -> AsyncIterator[bytes]:
        yield b"abc"
        raise ValueError("late")

    answer = await talk(
        app,
        b"GET /break HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /hello HTTP/1.1\r\n" + LAST,
    )
    assert answer.endswith(b"\r\n\r\n3\r\nabc\r\n")
    assert "late" in caplog.text


async def test_a_length_that_is_not_kept_to_ends_the_connection(
    app: Tremolo, caplog: pytest.LogCaptureFixture
) -> None:
    @app.route("/short")
    async def short(response: Response) -> AsyncIterator[bytes]:
        response.set_header("Content-Length", "5")
        yield b"abc"

    answer = await talk(
        app,
        b"GET /short HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /hello HTTP/1.1\r\n" + LAST,
    )
    assert answer.endswith(b"\r\n\r\nabc")


async def test_no_context_variable_gets_from_one_request_to_the_next(app: Tremolo) -> None:
    colour: ContextVar[str] = ContextVar("colour", default="none")

    @app.route("/colour")
    async def handler() -> str:
        before = colour.get()
        colour.set("red")
        return before

    request = b"GET /colour HTTP/1.1\r\n"
    answer = await talk(app, request + b"Host: a\r\n\r\n", request + LAST)
    assert answer.count(b"none") == 2


async def test_the_context_of_a_connection_is_for_all_its_requests(app: Tremolo) -> None:
    @app.route("/count")
    async def count(context: Any) -> str:
        context["count"] = context.get("count", 0) + 1
        return f"count {context.count}"

    request = b"GET /count HTTP/1.1\r\n"
    answer = await talk(app, request + b"Host: a\r\n\r\n", request + LAST)
    assert b"count 1" in answer
    assert b"count 2" in answer
    assert b"count 1" in await talk(app, request + LAST)


async def test_a_client_that_leaves_ends_an_endless_generator(app: Tremolo) -> None:
    closed = anyio.Event()

    @app.route("/endless")
    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 1000
        finally:
            closed.set()

    async with Client(app) as client, client.connection() as wire:
        await wire.send(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
        await wire.receive_bytes()
        await wire.aclose()
        await closed.wait()


async def test_hints_and_trailers_on_the_wire(app: Tremolo) -> None:
    @app.route("/whole")
    async def whole(response: Response) -> AsyncIterator[str]:
        await response.early_hints("</a.css>; rel=preload")
        response.set_header("Trailer", "x-sum")
        yield "one"
        response.set_trailer("X-Sum", "5")

    answer = await talk(app, b"GET /whole HTTP/1.1\r\n" + LAST)
    hints, head, body = answer.split(b"\r\n\r\n", 2)
    assert hints == b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload"
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == b"3\r\none\r\n0\r\nX-Sum: 5\r\n\r\n"
    assert b"103" not in (old := await talk(app, b"GET /whole HTTP/1.0\r\n\r\n"))
    assert old.endswith(b"\r\n\r\none")


@pytest.mark.parametrize("begun", [True, False])
async def test_the_last_answer_of_a_connection(app: Tremolo, begun: bool) -> None:
    @app.route("/last")
    async def last(response: Response) -> None:
        if begun:
            response.set_header("content-length", "4")
            await response.write(b"last")
        response.close()

    request = b"GET /last HTTP/1.1\r\nHost: a\r\n\r\n"
    answer = await talk(app, request, request)
    assert answer.count(b"HTTP/1.1") == 1
    assert answer.endswith(b"\r\n\r\nlast" if begun else b"\r\n\r\n")
    assert (b"Connection: close" in answer) is not begun


async def test_what_nobody_waits_for_comes_all_the_same(app: Tremolo) -> None:
    @app.route("/nowait")
    async def nowait(response: Response) -> None:
        for piece in ("a", "b", "c"):
            response.send_nowait(piece)

    @app.route("/nowait-plain")
    def plain(response: BlockingResponse) -> None:
        for piece in ("a", "b", "c"):
            response.send_nowait(piece)

    for path in (b"/nowait", b"/nowait-plain"):
        answer = await talk(app, b"GET " + path + b" HTTP/1.0\r\n\r\n")
        assert answer.endswith(b"\r\n\r\nabc")


async def chunks_to_the_end() -> AsyncIterator[str]:
    yield "one"
    yield "two"


async def written_to_the_end(response: Response) -> None:
    await response.write(b"one", chunked=False)
    await response.write(b"two")


def written_by_a_plain_function(response: BlockingResponse) -> None:
    response.set_chunked(False)
    assert not response.http_chunked
    response.write(b"one")
    response.write(b"two")


@for_each("method", [b"GET", b"POST", b"HEAD"])
@for_each(
    ("handler", "options"),
    [
        (chunks_to_the_end, {"chunked": False}),
        (written_to_the_end, {}),
        (written_by_a_plain_function, {}),
    ],
)
async def test_a_body_that_is_not_to_be_chunked_ends_with_the_connection(
    handler: Any, options: dict[str, Any], method: bytes
) -> None:
    app = Tremolo()
    app.add_route(handler, "/", **options)
    # A body makes it no request of the fast path's, nor does HEAD.
    length = b"Transfer-Encoding: chunked\r\n" if method == b"POST" else b""
    body = b"0\r\n\r\n" if method == b"POST" else b""
    request = method + b" / HTTP/1.1\r\nHost: a\r\n" + length + b"\r\n" + body
    assert await talk(app, request) == (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n\r\n"
    ) + (b"" if method == b"HEAD" else b"onetwo")


async def test_a_body_of_known_length_has_no_need_of_chunks() -> None:
    app = Tremolo()

    @app.route("/", chunked=False)
    async def hello() -> str:
        return "hello"

    answer = await talk(app, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HTTP/1.1\r\n" + LAST)
    assert answer.count(b"Content-Length: 5") == 2
