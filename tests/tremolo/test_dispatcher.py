"""A request's way to its handler and back."""

import asyncio
import functools
import inspect
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from tests.cases import for_each
from tremolo import BlockingRequest, BlockingResponse, Request, Response, Tremolo
from tremolo.contexts import ConnectionContext, WorkerContext
from tremolo.exceptions import ClientDisconnected, Forbidden, HTTPRedirect
from tremolo.testing import Client, Clock
from tremolo_transport.exchange import Exchange, ManagedHandler

from .asking import ask, ask_all

pytestmark = pytest.mark.anyio

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def app() -> Tremolo:
    return Tremolo("the app")


async def test_answers_come_in_one_piece_or_in_several(app: Tremolo) -> None:
    @app.route("/hello")
    async def hello_world(**server: Any) -> tuple[str, str]:
        return "Hello world!", "latin-1"

    @app.route("/my/url/big.data")
    async def my_big_data(
        content_type: str = "application/octet-stream", **server: Any
    ) -> AsyncIterator[bytes]:
        yield b"x" * server["context"].options["buffer_size"]

    @app.route("/collected")
    async def collected(stream: bool = False, buffer_size: int = 8) -> AsyncIterator[bytes]:
        for _ in range(6):
            yield b"x"

    async with Client(app) as client:
        hello = await client.get("/hello")
        big = await client.get("/my/url/big.data")
        async with client.stream("GET", "/collected") as response:
            assert [piece async for piece in response.aiter_raw()] == [b"xxxx", b"xx"]
    assert (hello.status_code, hello.content) == (200, b"Hello world!")
    assert hello.headers["content-length"] == "12"
    assert big.content == b"x" * 16384
    assert big.headers["content-type"] == "application/octet-stream"
    assert "content-length" not in big.headers


async def test_what_is_injected(app: Tremolo) -> None:
    seen: dict[str, Any] = {}

    @app.route("/")
    async def handler(**server: Any) -> None:
        seen.update(server)

    await ask(app)
    assert set(seen) == {
        "app",
        "context",
        "fileno",
        "globals",
        "lock",
        "logger",
        "loop",
        "prefix",
        "request",
        "response",
    }
    assert seen["prefix"] == ()
    assert seen["fileno"] == -1
    assert seen["app"] is app
    assert isinstance(seen["context"], ConnectionContext)
    assert seen["context"].client == ("127.0.0.1", 49_152)
    assert seen["globals"] is app.context
    assert seen["logger"] is logging.getLogger("the app") is app.logger
    assert isinstance(seen["request"], Request)
    assert isinstance(seen["response"], Response)


async def test_what_is_not_for_all_requests_of_a_connection_is_each_ones_own(app: Tremolo) -> None:
    seen = list[dict[str, Any]]()

    async def look(prefix: tuple[bytes, ...]) -> None:
        assert prefix == (b"below",)

    app.add_middleware(look, "request", prefix=(b"below",))

    @app.route("/")
    @app.route("/below")
    async def handler(**server: Any) -> None:
        seen.append(server)
        raise Forbidden

    @app.error(403)
    async def forbidden(lock: object) -> str:
        seen.append({"lock": lock})
        return "no"

    await ask_all(app, b"/below", b"/")
    first, first_error, second, second_error = seen
    assert (first["prefix"], second["prefix"]) == ((b"below",), ())
    assert first["lock"] is first_error["lock"]
    assert second["lock"] is second_error["lock"]
    assert first["context"] is second["context"]
    for name in ("lock", "request", "response"):
        assert first[name] is not second[name]


async def test_what_a_partial_has_bound_is_not_given_again(app: Tremolo) -> None:
    async def handler(**server: Any) -> str:
        return f"{server['request']} {len(server)}"

    app.add_route(functools.partial(handler, request="mine"), "/")
    assert (await ask(app)).content == b"mine 10"


async def test_the_loop_is_that_of_asyncio_or_none(app: Tremolo, anyio_backend_name: str) -> None:
    seen: list[object] = []

    @app.route("/")
    async def handler(loop: object) -> None:
        seen.append(loop)

    await ask(app)
    assert seen == [asyncio.get_running_loop() if anyio_backend_name == "asyncio" else None]


async def test_no_signature_is_read_for_a_request(
    app: Tremolo, monkeypatch: pytest.MonkeyPatch
) -> None:
    @app.route("/")
    async def handler(request: Request, status: int = 201, **server: Any) -> str:
        return "a"

    @app.error(404)
    async def not_found(exc: Exception) -> None: ...

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a signature was read")

    async with Client(app) as client:
        monkeypatch.setattr(inspect, "signature", refuse)
        assert [(await client.get(path)).status_code for path in ("/", "/nothing")] == [201, 404]


def plain(request: BlockingRequest, **server: Any) -> str:
    return request.path.decode()


async def asynchronous(request: Request) -> str:
    return request.path.decode()


async def async_generator(request: Request) -> AsyncIterator[str]:
    yield request.path.decode()


def generator(request: BlockingRequest) -> Iterator[str]:
    yield request.path.decode()


class Handlers:
    async def method(self, request: Request) -> str:
        return request.path.decode()

    async def __call__(self, request: Request) -> str:
        return request.path.decode()


async def test_every_kind_of_handler_answers(app: Tremolo) -> None:
    handlers: list[Callable[..., Any]] = [
        plain,
        asynchronous,
        async_generator,
        generator,
        Handlers().method,
        Handlers(),
        functools.partial(asynchronous),
        functools.partial(plain, other=5),
        lambda request: request.path,
    ]
    for number, handler in enumerate(handlers):
        app.add_route(handler, f"/{number}")
    targets = [b"/%d" % number for number in range(len(handlers))]
    assert [answer.content for answer in await ask_all(app, *targets)] == targets


async def test_options_of_handlers_and_of_routes(app: Tremolo) -> None:
    @app.route("/handler")
    async def of_the_handler(
        request: Request,
        status: tuple[int, bytes] = (503, b"Not now"),
        content_type: bytes = b"text/plain",
        mine: int = 5,
    ) -> str:
        return str(request.context.options["mine"])

    @app.route("/route", status=201, mine=6, theirs=7)
    async def of_the_route(request: Request, status: int = 503, mine: int = 5) -> dict[str, Any]:
        return {"given": [status, mine], "found": request.ctx.options}

    @app.route("/buffer")
    async def buffer(request: Request, buffer_size: int = 2) -> list[str]:
        return [piece.decode() async for piece in request.stream()]

    async with Client(app) as client:
        default = await client.get("/handler")
        told = await client.get("/route")
        pieces = await client.post("/buffer", content=b"abcde")
    assert (default.status_code, default.reason_phrase) == (503, "Not now")
    assert (default.text, default.headers["content-type"]) == ("5", "text/plain")
    assert told.status_code == 201
    assert told.text == '{"given":[201,6],"found":{"status":201,"mine":6,"theirs":7}}'
    assert pieces.text == '["ab","cd","e"]'


async def test_parameters_of_the_path(app: Tremolo) -> None:
    @app.get("/items/{id:int}")
    async def item(id: int, request: Request) -> dict[str, object]:
        return {
            "id": id,
            "found": request.params["path"]["id"],
            "same": request.ctx.path == {"id": 5},
        }

    @app.route(r"^/page/(?P<id>\d+)$")
    async def page(**server: Any) -> bytes:
        return bytes(server["id"])

    @app.route("/plain/{a}/{b}")
    def plain(a: str, b: str, request: BlockingRequest) -> str:
        return f"{a} {b} {request.params.path}"

    targets = (b"/items/5/", b"/page/12?a=b", b"/plain/x/y", b"http://example.com/page/1?a=b")
    answers = await ask_all(app, *targets)
    assert [answer.text for answer in answers] == [
        '{"id":5,"found":5,"same":true}',
        "12",
        "x y {'a': 'x', 'b': 'y'}",
        "1",
    ]
    assert answers[0].headers["content-type"] == "application/json"


async def test_methods_of_routes(app: Tremolo) -> None:
    app.add_route(asynchronous, "/", methods=["GET"])
    app.add_route(asynchronous, "/x", methods=["PUT", "POST"])
    async with Client(app) as client:
        head = await client.head("/")
        refused = await client.put("/")
        there, everywhere, nowhere = [
            await client.options("/", extensions={"target": target})
            for target in (b"/", b"*", b"/nothing")
        ]
    # It is the handler's answer to GET.
    assert (head.status_code, head.headers["content-length"]) == (200, "1")
    assert (refused.status_code, refused.content) == (405, b"Method Not Allowed")
    assert (there.status_code, there.content) == (204, b"")
    assert (everywhere.status_code, everywhere.content) == (204, b"")
    assert refused.headers["allow"] == there.headers["allow"] == "GET, HEAD, OPTIONS"
    assert everywhere.headers["allow"] == "GET, HEAD, OPTIONS, POST, PUT"
    assert nowhere.status_code == 404


async def test_a_handler_without_methods_answers_options_itself(app: Tremolo) -> None:
    app.add_route(asynchronous, "/")
    assert (await ask(app, method="OPTIONS")).content == b"/"


async def test_no_route(app: Tremolo) -> None:
    response = await ask(app, b"/%3Cscript%3E?<b>")
    assert (response.status_code, response.content) == (404, b"Not Found")


async def test_limits_of_the_body(app: Tremolo) -> None:
    called: list[bytes] = []

    @app.route("/usual")
    @app.route("/exact", max_body_size=3)
    @app.route("/small", max_body_size=2)
    @app.route("/none", max_body_size=None)
    async def handler(request: Request) -> bytes:
        called.append(request.path)
        return await request.body()

    asked = [("/usual", b"a"), ("/usual", b"ab")]
    asked += [(path, b"abc") for path in ("/exact", "/small", "/none")]
    async with Client(app, client_max_body_size=1) as client:
        answers = [await client.post(path, content=content) for path, content in asked]
    assert [answer.status_code for answer in answers] == [200, 413, 200, 413, 200]
    # What is announced too large for a route is refused before its handler is called.
    assert called == [b"/usual", b"/usual", b"/exact", b"/none"]


async def test_the_limit_of_the_time(app: Tremolo, tremolo_clock: Clock) -> None:
    @app.route("/")
    async def handler() -> None:
        with anyio.move_on_after(2):
            await anyio.sleep_forever()

    began = tremolo_clock.time()
    assert (await ask(app, app_handler_timeout=1)).status_code == 503
    assert tremolo_clock.time() - began == pytest.approx(1, abs=0.3)
    assert (await ask(app, app_handler_timeout=None)).status_code == 204


async def test_a_body_that_breaks_off_leaves_nobody_to_answer(
    app: Tremolo, caplog: pytest.LogCaptureFixture
) -> None:
    @app.route("/")
    async def handler(request: Request) -> bytes:
        return await request.body()

    async with Client(app) as client, client.connection() as wire:
        await wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na")
        await wire.send_eof()
        assert await wire.receive_to_end() == b""
    assert caplog.records == []


class View:
    def __init__(self, model: str = "none") -> None:
        self.model = model

    async def get(self, request: Request) -> str:
        return f"get {self.model} {request.method.decode()}"

    def post(self, request: BlockingRequest) -> str:
        return f"post {self.model} {request.method.decode()}"

    async def helper(self) -> str:
        return "never"


async def test_a_class_has_a_handler_for_each_method(app: Tremolo) -> None:
    app.route("/view", model="M")(View)
    async with Client(app) as client:
        assert (await client.get("/view")).text == "get M GET"
        assert (await client.head("/view")).headers["content-length"] == str(len("get M HEAD"))
        assert (await client.post("/view")).text == "post M POST"
        refused = await client.request("HELPER", "/view")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")


async def test_an_error_before_the_head_is_answered(
    app: Tremolo, caplog: pytest.LogCaptureFixture
) -> None:
    @app.route("/")
    async def handler(response: Response) -> None:
        response.set_header("x-a", "1")
        raise ValueError("secret")

    @app.route("/http")
    async def http() -> None:
        raise Forbidden("no")

    @app.route("/exit")
    async def leave() -> None:
        raise SystemExit(0)

    @app.route("/exit/in/a/thread")
    def leave_in_a_thread() -> None:
        raise SystemExit(0)

    @app.route("/head")
    async def head(response: Response) -> str:
        response.set_header("x-a", "a\r\nb: c")
        return "a"

    targets = (b"/", b"/http", b"/exit", b"/exit/in/a/thread", b"/head")
    answers = await ask_all(app, *targets)
    assert [answer.status_code for answer in answers] == [500, 403, 500, 500, 500]
    assert [answer.content for answer in answers[:2]] == [b"Internal Server Error", b"no"]
    assert "x-a" not in answers[0].headers
    assert "connection" not in answers[0].headers
    assert caplog.records[0].name == "the app"
    assert "LocalProtocolError" in caplog.text


@for_each("error", [ValueError("late"), Forbidden("late"), SystemExit(0)])
async def test_an_error_after_the_head_breaks_the_answer_off(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    app = Tremolo()
    caplog.clear()

    @app.route("/")
    async def handler() -> AsyncIterator[bytes]:
        yield b"a"
        raise error

    silent = Client(app, raise_server_exceptions=False)
    async with silent as client, client.connection() as wire:
        await wire.send(GET)
        assert (await wire.receive_to_end()).endswith(b"\r\n\r\n1\r\na\r\n")
    assert "the handler of GET / failed" in caplog.text


@for_each("grouped", [False, True])
async def test_a_client_that_left_is_let_through_quietly(
    grouped: bool, caplog: pytest.LogCaptureFixture
) -> None:
    app = Tremolo()

    @app.route("/")
    async def handler(response: Response) -> None:
        try:
            while True:
                await response.write(bytes(1_000))
        except ClientDisconnected as gone:
            raise (ExceptionGroup("", [gone]) if grouped else gone) from None

    async with Client(app) as client, client.connection() as wire:
        await wire.send(GET)
        await wire.receive_bytes()
        await wire.abort()
    assert caplog.records == []


async def test_a_cancellation_is_let_through(app: Tremolo) -> None:
    scope = anyio.CancelScope()

    @app.route("/")
    async def handler() -> None:
        scope.cancel()
        await anyio.lowlevel.checkpoint()

    async def outer(exchange: Exchange) -> None:
        with scope:
            await handle(exchange)
        await exchange.respond(418)

    handle = app.build()
    assert (await ask(outer)).status_code == 418
    assert scope.cancelled_caught


async def test_an_error_handler_is_given_what_a_handler_is_given(app: Tremolo) -> None:
    @app.error(404)
    async def not_found(exc: Exception, request: Request, **server: Any) -> str:
        return f"{exc} {request.path.decode()} {sorted(server)}"

    response = await ask(app, b"/x")
    assert response.content == (
        b"Not Found /x ['app', 'context', 'fileno', 'globals', 'lock', 'logger', 'loop',"
        b" 'prefix', 'response']"
    )


async def test_debugging_shows_the_traceback(app: Tremolo) -> None:
    @app.route("/")
    async def handler() -> None:
        raise ValueError("visible")

    response = await ask(app, debug=True)
    assert b"ValueError: visible" in response.content


async def test_a_connection_keeps_its_context_until_it_ends(app: Tremolo) -> None:
    @app.route("/")
    async def handler(context: ConnectionContext) -> str:
        context["count"] = context.get("count", 0) + 1
        return str(context.count)

    async with Client(app) as client:
        last = {"connection": "close"}
        answers = [await client.get("/", headers=headers) for headers in ({}, last, {}, {})]
    assert [answer.text for answer in answers] == ["1", "2", "1", "2"]


async def test_requests_have_contexts_of_their_own(app: Tremolo) -> None:
    @app.route("/")
    async def handler(request: Request) -> str:
        request.context["count"] = request.context.get("count", 0) + 1
        request.context.options["count"] = request.context.options.get("count", 0) + 1
        return f"{request.context.count} {request.context.options['count']}"

    assert [answer.text for answer in await ask_all(app, b"/", b"/")] == ["1 1"] * 2


async def test_what_is_registered_later_changes_nothing(app: Tremolo) -> None:
    handle = app.build()
    app.add_route(asynchronous, "/")

    @app.error(404)
    async def not_found() -> str:
        return "later"

    assert (await ask(handle)).content == b"Not Found"


async def test_middlewares_for_the_response_run_for_every_answer(app: Tremolo) -> None:
    @app.on_response
    async def mark(response: Response) -> None:
        response.set_header("x-mark", "1")

    @app.get("/")
    async def handler() -> str:
        return "a"

    @app.get("/chunks")
    async def chunks() -> AsyncIterator[bytes]:
        yield b"a"

    @app.get("/fail")
    async def fail() -> None:
        raise ValueError

    @app.get("/elsewhere")
    async def elsewhere() -> None:
        raise HTTPRedirect(location="/")

    @app.get("/itself")
    def itself(response: BlockingResponse) -> None:
        response.write(b"a")

    targets = ("/", "/chunks", "/fail", "/elsewhere", "/itself", "/nothing")
    async with Client(app, raise_server_exceptions=False) as client:
        answers = [await client.get(target) for target in targets]
        answers += [await client.put("/"), await client.options("/")]
    statuses = [answer.status_code for answer in answers]
    assert statuses == [200, 200, 500, 302, 200, 404, 405, 204]
    assert [answer.headers["x-mark"] for answer in answers] == ["1"] * 8


async def test_middlewares_for_the_request_run_before_routes_are_looked_for(app: Tremolo) -> None:
    @app.on_request
    async def note(request: Request) -> None:
        request.context.user = "me"
        if request.path == b"/secret":
            raise Forbidden("no")

    @app.get("/{rest:path}")
    async def handler(request: Request, option: int = 5) -> str:
        return f"{request.context.user} {request.context.options['option']}"

    answers = await ask_all(app, b"/x", b"/secret")
    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "me 5"), (403, "no")]


async def test_what_a_middleware_breaks_is_a_500(
    app: Tremolo, caplog: pytest.LogCaptureFixture
) -> None:
    @app.on_response
    async def fail() -> None:
        raise ValueError("in the middleware")

    response = await ask(app)
    assert response.status_code == 500
    assert "in the middleware" in caplog.text


async def test_hooks_run_around_all_requests(app: Tremolo) -> None:
    order: list[str] = []
    colour: ContextVar[str] = ContextVar("colour")

    @app.on_worker_start
    async def start(context: WorkerContext) -> None:
        order.append("start")
        context.database = "here"
        colour.set("blue")

    @app.on_worker_start
    def plainly_start() -> None:
        order.append("start in a thread")

    @app.on_worker_stop
    async def stop(globals: WorkerContext) -> None:
        order.append(f"stop {globals.database}")

    async with app.build().lifespan() as context:
        assert order == ["start", "start in a thread"]
        assert context[colour] == "blue"
    assert order[2:] == ["stop here"]


async def test_a_true_result_ends_the_start(app: Tremolo) -> None:
    @app.on_worker_start
    async def first() -> bool:
        return True

    @app.on_worker_start
    async def second() -> None:
        raise AssertionError("it should have ended before")

    async with app.build().lifespan():
        pass


async def test_a_start_that_fails_is_no_start(app: Tremolo) -> None:
    @app.on_worker_start
    async def fail() -> None:
        raise ValueError("no database")

    @app.on_worker_stop
    async def stop() -> None:
        raise AssertionError("nothing has started")

    with pytest.raises(ValueError, match="no database"):
        async with app.build().lifespan():
            raise AssertionError("nothing has started")


async def test_every_hook_for_the_end_runs_whatever_others_raise(app: Tremolo) -> None:
    order: list[str] = []

    @app.on_worker_stop
    async def last() -> None:
        order.append("last")

    @app.on_worker_stop(priority=1)
    async def fail() -> None:
        order.append("fail")
        raise ValueError("in the end")

    with pytest.raises(ValueError, match="in the end"):
        async with app.build().lifespan():
            pass
    assert order == ["fail", "last"]


async def test_its_life_gives_requests_the_context_of_whoever_serves(app: Tremolo) -> None:
    colour: ContextVar[str] = ContextVar("colour")
    colour.set("red")
    handle = app.build()
    assert isinstance(handle, ManagedHandler)
    async with handle.lifespan() as context:
        assert context[colour] == "red"


async def test_a_route_has_rates_of_its_own(app: Tremolo, tremolo_clock: Clock) -> None:
    @app.route("/slow", upload_rate=2_000)
    async def slow(request: Request, rate: int = 1_000) -> bytes:
        return await request.body()

    @app.route("/fast")
    async def fast(request: Request) -> bytes:
        return await request.body()

    async def taken(path: bytes) -> float:
        began = tremolo_clock.time()
        await ask(app, path, method="POST", content=bytes(4_000))
        return tremolo_clock.time() - began

    assert await taken(b"/slow") == pytest.approx(2 + 4, abs=0.5)
    assert await taken(b"/fast") < 0.3


async def test_nor_for_a_middleware_a_hook_a_view_or_an_error(
    app: Tremolo, monkeypatch: pytest.MonkeyPatch
) -> None:
    @app.on_request
    async def before(request: Request) -> None: ...

    @app.on_response
    def after(response: Response) -> None: ...

    @app.on_connect
    async def connect(context: ConnectionContext) -> None: ...

    @app.route("/{id:int}")
    async def handler(id: int, request: Request, **server: Any) -> str:
        return str(id)

    @app.route("/plain")
    def plain(request: BlockingRequest) -> str:
        return "plain"

    @app.route("/view")
    class View:
        async def get(self, request: Request) -> None:
            raise Forbidden

    @app.error(403)
    async def forbidden(exc: Exception, request: Request) -> str:
        return "forbidden"

    inspected: list[object] = []
    inspect_signature = inspect.signature

    def counting(func: Any, **more: Any) -> inspect.Signature:
        inspected.append(func)
        return inspect_signature(func, **more)

    monkeypatch.setattr(inspect, "signature", counting)
    app.add_route(handler, "/other/{id:int}")
    assert inspected, "at registration it is"
    async with Client(app) as client:
        inspected.clear()
        answers = [(await client.get(path)).text for path in ("/5", "/plain", "/view")]
        assert answers == ["5", "plain", "forbidden"]
        assert not inspected
