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

from tremolo import BlockingRequest, BlockingResponse, Request, Response, Tremolo
from tremolo.contexts import ConnectionContext, WorkerContext
from tremolo.exceptions import ClientDisconnected, Forbidden, HTTPRedirect
from tremolo.settings import AppSettings
from tremolo_core import ConnectionClosed, Data, EndOfMessage, LocalProtocolError
from tremolo_transport.exchange import ManagedHandler

from .fake_exchange import FakeConnection, FakeExchange

pytestmark = pytest.mark.anyio


@pytest.fixture
def app() -> Tremolo:
    return Tremolo("the app")


async def ask(
    app: Tremolo,
    target: bytes = b"/",
    *,
    settings: AppSettings = AppSettings(),
    **exchange: Any,
) -> FakeExchange:
    asked = FakeExchange(target, **exchange)
    await app.build(settings)(asked)
    return asked


async def test_hello_is_one_write(app: Tremolo) -> None:
    @app.route("/hello")
    async def hello_world(**server: Any) -> tuple[str, str]:
        return "Hello world!", "latin-1"

    exchange = await ask(app, b"/hello")
    assert (exchange.status, exchange.body) == (200, b"Hello world!")
    assert len(exchange.sends) == 1


async def test_big_data_in_pieces_of_the_buffer_size(app: Tremolo) -> None:
    @app.route("/my/url/big.data")
    async def my_big_data(
        content_type: str = "application/octet-stream", **server: Any
    ) -> AsyncIterator[bytes]:
        yield b"x" * server["context"].options["buffer_size"]

    exchange = await ask(app, b"/my/url/big.data")
    assert exchange.body == b"x" * 16384
    assert exchange.header(b"content-type") == b"application/octet-stream"
    assert exchange.header(b"content-length") is None


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
    assert seen["context"].client == ("192.0.2.1", 5000)
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

    handle = app.build()
    connection = FakeConnection()
    for target in (b"/below", b"/"):
        await handle(FakeExchange(target, connection=connection))
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
    assert (await ask(app)).body == b"mine 10"


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

    answered = app.build()

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a signature was read")

    monkeypatch.setattr(inspect, "signature", refuse)
    for target in (b"/", b"/nothing"):
        exchange = FakeExchange(target)
        await answered(exchange)
        assert exchange.complete


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


@pytest.mark.parametrize(
    "handler",
    [
        plain,
        asynchronous,
        async_generator,
        generator,
        Handlers().method,
        Handlers(),
        functools.partial(asynchronous),
        functools.partial(plain, other=5),
        lambda request: request.path,
    ],
)
async def test_every_kind_of_handler_answers(app: Tremolo, handler: Callable[..., Any]) -> None:
    app.add_route(handler, "/path")
    assert (await ask(app, b"/path")).body == b"/path"


async def test_options_are_defaults_of_parameters(app: Tremolo) -> None:
    @app.route("/")
    async def handler(
        request: Request,
        status: tuple[int, bytes] = (503, b"Not now"),
        content_type: bytes = b"text/plain",
        mine: int = 5,
    ) -> str:
        return str(request.context.options["mine"])

    exchange = await ask(app)
    assert (exchange.status, exchange.response.reason, exchange.body) == (503, b"Not now", b"5")
    assert exchange.header(b"content-type") == b"text/plain"


async def test_options_of_the_route_come_first(app: Tremolo) -> None:
    @app.route("/", status=201, mine=6, theirs=7)
    async def handler(request: Request, status: int = 503, mine: int = 5) -> dict[str, Any]:
        return {"given": [status, mine], "found": request.ctx.options}

    exchange = await ask(app)
    assert exchange.status == 201
    assert exchange.body == b'{"given":[201,6],"found":{"status":201,"mine":6,"theirs":7}}'


async def test_chunks_can_be_collected(app: Tremolo) -> None:
    @app.route("/")
    async def handler(stream: bool = False, buffer_size: int = 8) -> AsyncIterator[bytes]:
        for _ in range(6):
            yield b"x"

    assert [len(events) for events in (await ask(app)).sends] == [2, 2]


async def test_the_buffer_size_of_a_route_is_that_of_its_request(app: Tremolo) -> None:
    @app.route("/")
    async def handler(request: Request, buffer_size: int = 2) -> list[str]:
        return [piece.decode() async for piece in request.stream()]

    exchange = await ask(app, method=b"POST", script=[Data(data=b"abcde"), EndOfMessage()])
    assert exchange.body == b'["ab","cd","e"]'


async def test_the_limit_of_the_body(app: Tremolo) -> None:
    @app.route("/")
    async def handler(request: Request) -> bytes:
        return await request.body()

    exchange = await ask(app, method=b"POST", settings=AppSettings(client_max_body_size=7))
    assert exchange.body_limits == [7]


async def test_the_limit_of_the_time(app: Tremolo) -> None:
    @app.route("/")
    async def handler() -> None: ...

    assert (await ask(app)).time_limits == [120.0]
    exchange = await ask(app, settings=AppSettings(app_handler_timeout=None))
    assert exchange.time_limits == [None]


async def test_a_body_that_breaks_off_leaves_nobody_to_answer(
    app: Tremolo, caplog: pytest.LogCaptureFixture
) -> None:
    @app.route("/")
    async def handler(request: Request) -> bytes:
        return await request.body()

    with pytest.raises(ClientDisconnected):
        await ask(app, method=b"POST", script=[Data(data=b"a"), ConnectionClosed()])
    assert caplog.records == []


async def test_parameters_of_the_path_are_given_and_found(app: Tremolo) -> None:
    @app.get("/items/{id:int}")
    async def item(id: int, request: Request) -> dict[str, object]:
        return {
            "id": id,
            "found": request.params["path"]["id"],
            "same": request.ctx.path == {"id": 5},
        }

    exchange = await ask(app, b"/items/5/")
    assert exchange.body == b'{"id":5,"found":5,"same":true}'
    assert exchange.header(b"content-type") == b"application/json"


async def test_parameters_of_the_path_are_among_everything(app: Tremolo) -> None:
    @app.route(r"^/page/(?P<id>\d+)$")
    async def page(**server: Any) -> bytes:
        return bytes(server["id"])

    assert (await ask(app, b"/page/12?a=b")).body == b"12"


async def test_a_plain_function_is_given_parameters_too(app: Tremolo) -> None:
    @app.route("/{a}/{b}")
    def handler(a: str, b: str, request: BlockingRequest) -> str:
        return f"{a} {b} {request.params.path}"

    assert (await ask(app, b"/x/y")).body == b"x y {'a': 'x', 'b': 'y'}"


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
    assert (await ask(app, b"/view")).body == b"get M GET"
    assert (await ask(app, b"/view", method=b"HEAD")).body == b"get M HEAD"
    assert (await ask(app, b"/view", method=b"POST")).body == b"post M POST"
    refused = await ask(app, b"/view", method=b"HELPER")
    assert refused.status == 405
    assert refused.header(b"allow") == b"GET, HEAD, OPTIONS, POST"


async def test_no_route(app: Tremolo) -> None:
    exchange = await ask(app, b"/%3Cscript%3E?<b>")
    assert (exchange.status, exchange.body) == (404, b"Not Found")


async def test_the_wrong_method(app: Tremolo) -> None:
    app.add_route(asynchronous, "/", methods=["POST", "GET"])
    exchange = await ask(app, method=b"PUT")
    assert (exchange.status, exchange.body) == (405, b"Method Not Allowed")
    assert exchange.header(b"allow") == b"GET, HEAD, OPTIONS, POST"


@pytest.mark.parametrize(
    ("target", "allow"), [(b"/", b"GET, HEAD, OPTIONS"), (b"*", b"GET, HEAD, OPTIONS, PUT")]
)
async def test_options_is_answered(app: Tremolo, target: bytes, allow: bytes) -> None:
    app.add_route(asynchronous, "/", methods=["GET"])
    app.add_route(asynchronous, "/x", methods=["PUT"])
    exchange = await ask(app, target, method=b"OPTIONS")
    assert (exchange.status, exchange.body, exchange.complete) == (204, b"", True)
    assert exchange.header(b"allow") == allow


async def test_options_without_a_path_is_not_found(app: Tremolo) -> None:
    assert (await ask(app, b"/x", method=b"OPTIONS")).status == 404


async def test_a_handler_without_methods_answers_options_itself(app: Tremolo) -> None:
    app.add_route(asynchronous, "/")
    assert (await ask(app, method=b"OPTIONS")).body == b"/"


async def test_head_is_the_handlers_answer_to_get(app: Tremolo) -> None:
    @app.route("/", methods=["GET"])
    async def handler() -> str:
        return "abc"

    exchange = await ask(app, method=b"HEAD")
    assert exchange.status == 200
    assert exchange.header(b"content-length") == b"3"


async def test_an_absolute_target(app: Tremolo) -> None:
    app.add_route(asynchronous, "/path")
    assert (await ask(app, b"http://example.com/path?a=b")).body == b"/path"


async def test_an_error_before_the_head_is_answered(
    app: Tremolo, caplog: pytest.LogCaptureFixture
) -> None:
    @app.route("/")
    async def handler(response: Response) -> None:
        response.set_header("x-a", "1")
        raise ValueError("secret")

    exchange = await ask(app)
    assert (exchange.status, exchange.body) == (500, b"Internal Server Error")
    assert exchange.header(b"x-a") is None
    assert exchange.header(b"connection") is None
    assert caplog.records[0].name == "the app"


async def test_an_http_exception_is_answered(app: Tremolo) -> None:
    @app.route("/")
    async def handler() -> None:
        raise Forbidden("no")

    assert (await ask(app)).body == b"no"


async def test_a_system_exit_is_a_500(app: Tremolo) -> None:
    @app.route("/")
    async def handler() -> None:
        raise SystemExit(0)

    assert (await ask(app)).status == 500


async def test_a_system_exit_in_a_thread_is_a_500(app: Tremolo) -> None:
    @app.route("/")
    def handler() -> None:
        raise SystemExit(0)

    assert (await ask(app)).status == 500


@pytest.mark.parametrize("error", [ValueError("late"), Forbidden("late"), SystemExit(0)])
async def test_an_error_after_the_head_breaks_the_answer_off(
    app: Tremolo, error: BaseException
) -> None:
    @app.route("/")
    async def handler() -> AsyncIterator[bytes]:
        yield b"a"
        raise error

    exchange = FakeExchange()
    with pytest.raises(type(error)):
        await app.build()(exchange)
    assert exchange.body == b"a"
    assert not exchange.complete


@pytest.mark.parametrize("grouped", [False, True])
async def test_a_client_that_left_is_let_through_quietly(
    app: Tremolo, caplog: pytest.LogCaptureFixture, grouped: bool
) -> None:
    @app.route("/")
    async def handler() -> None:
        gone = ClientDisconnected("gone")
        raise ExceptionGroup("", [gone]) if grouped else gone

    exchange = FakeExchange()
    with pytest.raises(ExceptionGroup if grouped else ClientDisconnected):
        await app.build()(exchange)
    assert exchange.sends == []
    assert caplog.records == []


async def test_a_cancellation_is_let_through(app: Tremolo) -> None:
    with anyio.CancelScope() as scope:

        @app.route("/")
        async def handler() -> None:
            scope.cancel()
            await anyio.lowlevel.checkpoint()

        await ask(app)
    assert scope.cancelled_caught


async def test_a_head_that_may_not_be_sent_is_a_500(
    app: Tremolo, caplog: pytest.LogCaptureFixture
) -> None:
    @app.route("/")
    async def handler(response: Response) -> str:
        response.set_header("x-a", "a\r\nb: c")
        return "a"

    exchange = FakeExchange()
    exchange.fail_next_send = LocalProtocolError("a line break")
    await app.build()(exchange)
    assert exchange.status == 500
    assert "a line break" in caplog.text


async def test_an_error_handler_is_given_what_a_handler_is_given(app: Tremolo) -> None:
    @app.error(404)
    async def not_found(exc: Exception, request: Request, **server: Any) -> str:
        return f"{exc} {request.path.decode()} {sorted(server)}"

    exchange = await ask(app, b"/x")
    assert exchange.body == (
        b"Not Found /x ['app', 'context', 'fileno', 'globals', 'lock', 'logger', 'loop',"
        b" 'prefix', 'response']"
    )


async def test_debugging_shows_the_traceback(app: Tremolo) -> None:
    @app.route("/")
    async def handler() -> None:
        raise ValueError("visible")

    exchange = await ask(app, settings=AppSettings(debug=True))
    assert b"ValueError: visible" in exchange.body


async def test_a_connection_keeps_its_context_until_it_ends(app: Tremolo) -> None:
    @app.route("/")
    async def handler(context: ConnectionContext) -> str:
        context["count"] = context.get("count", 0) + 1
        return str(context.count)

    handle = app.build()
    first, second = FakeConnection(), FakeConnection()

    async def count(connection: FakeConnection) -> bytes:
        exchange = FakeExchange(connection=connection)
        await handle(exchange)
        return exchange.body

    assert [await count(connection) for connection in (first, first, second)] == [b"1", b"2", b"1"]
    first.close()
    assert await count(first) == b"1"
    assert len(first.callbacks) == 2


async def test_requests_have_contexts_of_their_own(app: Tremolo) -> None:
    @app.route("/")
    async def handler(request: Request) -> str:
        request.context["count"] = request.context.get("count", 0) + 1
        request.context.options["count"] = request.context.options.get("count", 0) + 1
        return f"{request.context.count} {request.context.options['count']}"

    handle = app.build()
    for _ in range(2):
        exchange = FakeExchange()
        await handle(exchange)
        assert exchange.body == b"1 1"


async def test_what_is_registered_later_changes_nothing(app: Tremolo) -> None:
    handle = app.build()
    app.add_route(asynchronous, "/")

    @app.error(404)
    async def not_found() -> str:
        return "later"

    exchange = FakeExchange()
    await handle(exchange)
    assert exchange.body == b"Not Found"


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

    for path, status in ((b"/", 200), (b"/chunks", 200), (b"/fail", 500), (b"/elsewhere", 302)):
        exchange = await ask(app, path)
        assert (exchange.status, exchange.header(b"x-mark")) == (status, b"1")
    assert (await ask(app, b"/itself")).header(b"x-mark") == b"1"
    assert (await ask(app, b"/nothing")).header(b"x-mark") == b"1"
    assert (await ask(app, b"/", method=b"PUT")).header(b"x-mark") == b"1"
    assert (await ask(app, b"/", method=b"OPTIONS")).header(b"x-mark") == b"1"


async def test_middlewares_for_the_request_run_before_routes_are_looked_for(app: Tremolo) -> None:
    @app.on_request
    async def note(request: Request) -> None:
        request.context.user = "me"
        if request.path == b"/secret":
            raise Forbidden("no")

    @app.get("/{rest:path}")
    async def handler(request: Request, option: int = 5) -> str:
        return f"{request.context.user} {request.context.options['option']}"

    assert (await ask(app, b"/x")).body == b"me 5"
    assert (await ask(app, b"/secret")).body == b"no"
    assert (await ask(app, b"/secret")).status == 403


async def test_what_a_middleware_breaks_is_a_500(
    app: Tremolo, caplog: pytest.LogCaptureFixture
) -> None:
    @app.on_response
    async def fail() -> None:
        raise ValueError("in the middleware")

    exchange = await ask(app)
    assert exchange.status == 500
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


@pytest.mark.parametrize(("limit", "status"), [(3, 200), (2, 413), (None, 200)])
async def test_a_route_may_have_a_limit_of_its_own(
    app: Tremolo, limit: int | None, status: int
) -> None:
    called: list[str] = []

    @app.route("/", max_body_size=limit)
    async def handler(request: Request) -> bytes:
        called.append("called")
        return await request.body()

    exchange = await ask(
        app,
        settings=AppSettings(client_max_body_size=1),
        method=b"POST",
        headers=[(b"content-length", b"3")],
        script=[Data(data=b"abc"), EndOfMessage()],
    )
    assert exchange.status == status
    # What is announced too large is refused before the handler is called.
    assert called == ["called"] * (status == 200)
    assert exchange.body_limits == [limit] * (status == 200)


async def test_a_route_has_rates_of_its_own(app: Tremolo) -> None:
    @app.get("/slow", upload_rate=2_000)
    async def slow(rate: int = 1_000) -> str:
        return "slow"

    @app.get("/fast")
    async def fast() -> str:
        return "fast"

    assert (await ask(app, b"/slow")).paces == [(1_000, 2_000, False)]
    assert (await ask(app, b"/fast")).paces == []


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
    handle = app.build()
    inspected.clear()
    for target, body in ((b"/5", b"5"), (b"/plain", b"plain"), (b"/view", b"forbidden")):
        exchange = FakeExchange(target)
        await handle(exchange)
        assert exchange.body == body
    assert not inspected
