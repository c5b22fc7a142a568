"""Applications below others: their routes, middlewares, hooks and error handlers."""

import pickle
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.cases import for_each
from tremolo import Application, Request, Response, Tremolo
from tremolo.exceptions import Forbidden, NotFound
from tremolo.mounting import mounted_below
from tremolo_transport.endpoints import Bind, UnixBind

from .asking import ask, ask_all

pytestmark = pytest.mark.anyio


async def path_of(request: Request) -> bytes:
    return request.path


async def told(app: Application, *targets: bytes) -> list[tuple[int, bytes]]:
    return [(answer.status_code, answer.content) for answer in await ask_all(app, *targets)]


def with_routes() -> Application:
    sub = Tremolo()
    sub.add_route(path_of, "/")
    sub.add_route(path_of, "/hello")
    sub.add_route(path_of, "/items/{id:int}", name="item")
    sub.add_route(path_of, r"^/re/(?P<word>\w+)$")
    sub.add_route(path_of, r"suffix$")
    return sub


@pytest.fixture
def sub() -> Application:
    return with_routes()


BELOW = [b"", b"/", b"/hello", b"/hello/", b"/h%65llo", b"/items/5", b"/re/x?q=1", b"/any/suffix"]
NOT_THERE = [b"/other", b"/items/x", b"/re/x/y", b"/suffix/any"]


@for_each("prefix", ["/sub", "/sub/", "/a/b", "/caf\xe9", "/caf%C3%A9", "/"])
async def test_every_kind_of_route_is_below_the_prefix(prefix: str) -> None:
    app = Tremolo()
    app.mount(prefix, with_routes())
    raw = prefix.rstrip("/").replace("\xe9", "%C3%A9").encode()
    targets = [(raw + target) or b"/" for target in BELOW]
    assert await told(app, *targets) == [(200, target.partition(b"?")[0]) for target in targets]
    absent = [raw + target for target in NOT_THERE] + [b"/hello", raw + b"x"] * (raw != b"")
    assert await told(app, *absent) == [(404, b"Not Found")] * len(absent)


async def test_what_is_mounted_stays_whole(sub: Application) -> None:
    app = Tremolo()
    app.mount("/one", sub)
    app.mount("/two", sub)
    sub.add_route(path_of, "/late")
    targets = b"/one/late", b"/two/late", b"/one/hello", b"/two/items/1"
    assert await told(app, *targets) == [(200, target) for target in targets]
    assert await told(sub, b"/hello", b"/late") == [(200, b"/hello"), (200, b"/late")]


async def test_mounts_may_be_nested_in_any_order(sub: Application) -> None:
    outer, middle = Tremolo(), Tremolo()
    outer.mount("/outer", middle)
    middle.mount("/middle", sub)
    answers = await told(outer, *(b"/outer/middle" + target for target in BELOW))
    assert [status for status, _ in answers] == [200] * len(BELOW)
    assert outer.url_for("item", id=5) == "/outer/middle/items/5"
    assert middle.url_for("item", id=5) == "/middle/items/5"
    assert list(mounted_below(outer)) == [outer, middle, sub]


async def test_the_last_one_wins_be_it_a_route_or_a_mount() -> None:
    async def own() -> str:
        return "own"

    async def mounted() -> str:
        return "mounted"

    first, last, sub = Tremolo(), Tremolo(), Tremolo()
    sub.add_route(mounted, "/x")
    first.add_route(own, "/sub/x")
    first.mount("/sub", sub)
    last.mount("/sub", sub)
    last.add_route(own, "/sub/x")
    assert (await ask(first, b"/sub/x")).text == "mounted"
    assert (await ask(last, b"/sub/x")).text == "own"


async def test_handlers_are_given_the_application_that_runs() -> None:
    app, sub = Tremolo("outer"), Tremolo("inner")

    @sub.route("/")
    async def handler(app: Application, globals: Any, logger: Any) -> str:  # its name
        assert globals is app.context
        return f"{app.logger.name} {logger.name}"

    app.mount("/sub", sub)
    assert (await ask(app, b"/sub")).text == "outer outer"
    assert (await ask(sub)).text == "inner inner"


def noting(app: Application, name: str) -> None:
    @app.on_request
    async def before(request: Request, prefix: tuple[bytes, ...]) -> None:
        request.ctx.setdefault("seen", []).append((name, prefix))

    @app.on_response
    async def after(request: Request, response: Response) -> None:
        response.append_header("x-after", name)


def tell(app: Application, path: str = "/") -> None:
    @app.route(path)
    async def seen(request: Request) -> str:
        return " ".join(
            f"{name}:{b'/'.join(prefix).decode()}" for name, prefix in request.ctx.get("seen", ())
        )


async def order(app: Application, *targets: bytes) -> list[tuple[str, str]]:
    return [
        (response.text, " ".join(response.headers.get_list("x-after")))
        for response in await ask_all(app, *targets)
    ]


@for_each(
    ("isolate", "expected"),
    [
        (True, ("in:sub", "in")),
        (False, ("out:sub in:sub", "in out")),
    ],
)
async def test_middlewares_of_the_longest_prefix_alone_unless_asked_otherwise(
    isolate: bool, expected: tuple[str, str]
) -> None:
    app, sub = Tremolo(), Tremolo()
    noting(app, "out")
    noting(sub, "in")
    tell(app)
    tell(sub)
    app.mount("/sub", sub, isolate=isolate)
    assert await order(app, b"/sub", b"/") == [expected, ("out:", "out")]
    assert await order(sub, b"/") == [("in:", "in")]


async def test_without_middlewares_of_its_own_those_around_run() -> None:
    app, sub = Tremolo(), Tremolo()
    noting(app, "out")
    tell(sub)
    app.mount("/sub", sub)
    assert await order(app, b"/sub") == [("out:", "out")]


async def test_not_isolated_at_any_depth() -> None:
    app, middle, sub = Tremolo(), Tremolo(), Tremolo()
    noting(app, "out")
    noting(middle, "mid")
    noting(sub, "in")
    tell(sub)
    app.mount("/m", middle, isolate=False)
    middle.mount("/s", sub, isolate=False)
    assert await order(app, b"/m/s") == [("out:m/s mid:m/s in:m/s", "in mid out")]


async def test_hooks_run_once_however_often_it_is_mounted() -> None:
    ran: list[str] = []
    app, sub = Tremolo("outer"), Tremolo()

    @app.on_worker_start
    async def own() -> None:
        ran.append("own")

    @sub.on_worker_start
    async def start(app: Application) -> None:
        ran.append(f"start in {app.logger.name}")

    @sub.on_worker_stop
    async def stop() -> None:
        ran.append("stop")

    app.mount("/one", sub)
    app.mount("/two", sub)
    async with app.build().lifespan():
        assert ran == ["own", "start in outer"]
    assert ran[2:] == ["stop"]


async def test_its_error_handlers_are_asked_first() -> None:
    app, middle, sub = Tremolo(), Tremolo(), Tremolo()

    @sub.route("/forbidden")
    async def forbidden() -> None:
        raise Forbidden

    @sub.route("/value")
    async def value() -> None:
        raise ValueError("the value")

    @sub.error(404)
    async def inner_404() -> str:
        return "inner 404"

    @sub.error(ValueError)
    async def inner_value(exc: ValueError) -> str:
        return f"inner {exc}"

    @app.error(404)
    async def outer_404(exc: NotFound) -> str:
        return "outer 404"

    @app.error(403)
    async def outer_403() -> str:
        return "outer 403"

    middle.mount("/sub", sub)
    app.mount("/middle", middle)
    below = b"/middle/sub/none", b"/middle/sub/value", b"/middle/sub/forbidden"
    assert await told(app, *below, b"/middle/none", b"/middle/subs") == [
        (404, b"inner 404"),
        (500, b"inner the value"),
        (403, b"outer 403"),
        (404, b"outer 404"),
        (404, b"outer 404"),
    ]
    assert await told(sub, b"/none") == [(404, b"inner 404")]


async def test_methods_of_routes_and_mounts_are_counted_together() -> None:
    app, sub = Tremolo(), Tremolo()
    sub.post("/x")(path_of)
    app.get("/sub/x")(path_of)
    app.mount("/sub", sub)
    response = await ask(app, b"/sub/x", method="PUT")
    assert response.headers["allow"] == "GET, HEAD, OPTIONS, POST"


async def test_generators_and_views_work_below_too() -> None:
    app, sub = Tremolo(), Tremolo()

    @sub.route("/stream")
    async def stream() -> AsyncIterator[str]:
        yield "one"
        yield "two"

    @sub.route("/view", word="hi")
    class View:
        def __init__(self, word: str) -> None:
            self.word = word

        async def get(self) -> str:
            return self.word

    app.mount("/sub", sub)
    assert await told(app, b"/sub/stream", b"/sub/view") == [(200, b"onetwo"), (200, b"hi")]


@pytest.mark.parametrize("prefix", ["sub", "", "/" + "x" * 255, "/{id}", b"/sub", None])
def test_prefixes_that_cannot_be(prefix: Any) -> None:
    with pytest.raises(ValueError, match="prefix"):
        Tremolo().mount(prefix, Tremolo())


def test_an_application_is_not_mounted_in_itself() -> None:
    app, middle, sub = Tremolo(), Tremolo(), Tremolo()
    app.mount("/middle", middle)
    middle.mount("/sub", sub)
    for inner in (app, middle):
        with pytest.raises(ValueError, match="below itself"):
            sub.mount("/again", app)
        with pytest.raises(ValueError, match="below itself"):
            inner.mount("/again", inner)


PICKLED = Tremolo()
INNER = Tremolo()
INNER.add_route(path_of, "/items/{id}")
PICKLED.mount("/inner", INNER)


async def test_what_is_mounted_is_pickled_too() -> None:
    app = pickle.loads(pickle.dumps(PICKLED))
    assert (await ask(app, b"/inner/items/1")).text == "/inner/items/1"


def test_it_listens_where_what_is_mounted_was_told_to() -> None:
    inner, sub, app = Tremolo(), Tremolo(), Tremolo()
    sub.mount("/inner", inner)
    app.mount("/sub", sub)
    app.mount("/again", sub)
    app.listen(8_001, backlog=5)
    sub.listen(8_001, backlog=6)
    sub.listen(8_002, "127.0.0.2", backlog=7)
    inner.listen("x")
    inner.listen(8_002, "127.0.0.2", backlog=8)
    assert app.ports == {
        (None, 8_001): {"backlog": 5},
        ("127.0.0.2", 8_002): {"backlog": 7},
        ("x.sock", None): {},
    }
    assert inner.ports == {("x.sock", None): {}, ("127.0.0.2", 8_002): {"backlog": 8}}
    assert [each.endpoint for each in app._listeners(None, {})] == [
        Bind(port=8_001, backlog=5),
        Bind(host="127.0.0.2", port=8_002, backlog=7),
        UnixBind(path="x.sock"),
    ]


def test_hooks_and_middlewares_are_there_to_be_read() -> None:
    def one() -> None: ...
    def two() -> None: ...

    sub, app = Tremolo(), Tremolo()
    assert not app.middlewares
    assert app.hooks == dict.fromkeys(("worker_start", "worker_stop", "connect", "close"), ())
    app.mount("/sub", sub, isolate=False)
    app.on_connect(one)
    sub.add_hook(two, "connect", 1)
    app.on_request(one)
    sub.add_middleware(two, priority=1)
    sub.on_response(one)
    assert app.hooks["connect"] == ((1, two), (999, one))
    assert sub.hooks["connect"] == ((1, two),)
    assert app.middlewares == {
        (): {"request": ((999, one),), "response": ()},
        (b"sub",): {"request": ((999, one), (1, two)), "response": ((999, one),)},
    }
    assert sub.middlewares == {(): {"request": ((1, two),), "response": ((999, one),)}}
