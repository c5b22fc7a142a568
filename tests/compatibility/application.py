"""One application that uses what Tremolo applications use, row by row.

It runs on nggit/tremolo 0.5.3 as it runs here; `cases` says what it answers,
and where the two differ on purpose. It may name nothing that only we have, but
where a registration may be refused: `tried`.
"""

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from tremolo import Application, Tremolo
from tremolo.exceptions import (
    BadRequest,
    Forbidden,
    HTTPException,
    MethodNotAllowed,
    NotFound,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
)

from . import module_view, stream_handlers

__all__ = ("app",)

app = Tremolo("compatibility")
seen: list[str] = []
Handler = Callable[..., Any]


def tried(path: str, func: Any, **options: Any) -> None:
    """Register `func`; if that is refused, a handler that says so."""
    try:
        app.add_route(func, path, **options)
    except Exception as error:
        reason = type(error).__name__

        async def refused(**server: Any) -> str:
            return f"refused: {reason}"

        app.add_route(refused, path)


# 2. The application.


@app.route("/2/alias")
async def alias(**server: Any) -> str:
    return str(Tremolo is Application and server["app"] is app)


async def added(**server: Any) -> str:
    return "added"


app.add_route(added, "/2/added")


@app.route("/2/refusals")
async def refusals(**server: Any) -> str:
    other, names = Tremolo(), []
    attempts: dict[str, Handler] = {
        "error 399": lambda: other.error(399, added),
        "error 512": lambda: other.error(512, added),
        "hook": lambda: other.add_hook(added, "nothing"),  # type: ignore[arg-type] # is refused
        "middleware": lambda: other.add_middleware(added, "nothing"),  # type: ignore[arg-type] # too
        "mount prefix": lambda: other.mount("sub", Tremolo()),
        "mount app": lambda: other.mount("/sub", object()),  # type: ignore[arg-type] # too
    }
    for name, attempt in attempts.items():
        try:
            attempt()
        except ValueError:
            names.append(name)
    return ", ".join(names)


# 3. Handlers: what is injected, options, sync handlers, classes, modules.


@app.route("/3/injected")
async def injected(**server: Any) -> str:
    names = ("app", "context", "globals", "logger", "loop", "request", "response", "fileno")
    return " ".join(name for name in names if name in server)


@app.route("/3/prefix")
async def prefixed(prefix: Any = None, **server: Any) -> str:
    return repr(prefix)


@app.route("/3/some")
async def some(request: Any, response: Any) -> str:
    return f"{request.method.decode()} {response.headers_sent()}"


@app.route("/3/named-is-not-in-the-rest")
async def named(request: Any, **server: Any) -> str:
    return str("request" in server)


@app.route("/3/options")
async def options(
    request: Any,
    status: Any = (503, b"Busy"),
    content_type: Any = b"text/plain",
    mine: int = 5,
    **server: Any,
) -> str:
    return f"{request.ctx.options['mine']} {request.context.options['status'][0]}"


@app.route("/3/unstreamed")
async def unstreamed(stream: bool = False, **server: Any) -> AsyncIterator[bytes]:
    for _ in range(3):
        yield b"piece "


@app.route("/3/sync")
def sync(request: Any, **server: Any) -> bytes:
    return bytes(request.body()) + b"!"


@app.route("/3/sync-generator")
def sync_generator(**server: Any) -> Iterator[bytes]:
    yield b"one "
    time.sleep(0)
    yield b"two"


def bare_sync(request: Any) -> str:
    return "no server"


app.add_route(bare_sync, "/3/sync-without-server")


async def keyword_only(*, request: Any) -> str:
    return "keyword"


tried("/3/keyword-only", keyword_only)


async def unknown(reqest: Any) -> str:
    return f"got {reqest}"


tried("/3/unknown-parameter", unknown)


async def two_words(word: str, **server: Any) -> str:
    return word


tried("/3/partial", functools.partial(two_words, word="partial"))


class Bound:
    async def hello(self, **server: Any) -> str:
        return "bound"

    async def __call__(self, **server: Any) -> str:
        return "called"


tried("/3/bound-method", Bound().hello)
tried("/3/callable-object", Bound())


@app.route("/3/view", model="the model")
class View:
    def __init__(self, model: str = "none") -> None:
        self.model = model

    async def get(self, **server: Any) -> str:
        return self.model

    def post(self, request: Any, **server: Any) -> str:
        return "posted"

    async def helper(self, **server: Any) -> str:
        return "a helper is reachable"


tried("/3/module", module_view)


async def with_options(word: str = "default", **server: Any) -> str:
    return word


app.add_route(with_options, "/3/options-of-functions", word="given")


# 4. Results.


def returns(path: str, result: Any) -> None:
    async def handler(**server: Any) -> Any:
        return result

    app.add_route(handler, path)


returns("/4/bytes", b"bytes")
returns("/4/bytearray", bytearray(b"bytearray"))
returns("/4/str", "caf\xe9")
returns("/4/encoded", ("caf\xe9", "latin-1"))
returns("/4/none", None)
returns("/4/dict", {"a": [1]})
returns("/4/list", [1, 2])
returns("/4/true", True)
returns("/4/number", 5)
returns("/4/empty", b"")


@app.route("/4/yields")
async def yields(**server: Any) -> AsyncIterator[bytes]:
    yield b"one"
    yield b""
    yield b"two"


@app.route("/4/yields-text")
async def yields_text(**server: Any) -> AsyncIterator[str]:
    yield "text"


@app.route("/4/yields-nothing")
async def yields_nothing(request: Any, **server: Any) -> AsyncIterator[bytes]:
    if request.query.get("some"):
        yield b"some"


@app.route("/4/breaks-off")
async def breaks_off(**server: Any) -> AsyncIterator[bytes]:
    yield b"begun"
    raise ValueError("in the middle")


@app.route("/4/no-content")
async def no_content(status: Any = (204, b"No Content"), **server: Any) -> bytes:
    return b"dropped"


@app.route("/4/writes")
async def writes(response: Any, **server: Any) -> None:
    response.set_header("X-Own", "yes")
    await response.write(b"one ")
    await response.write(b"two")
    await response.write(b"")


@app.route("/4/ends")
async def ends(response: Any, **server: Any) -> None:
    await response.end(b"whole")


# 5. Routing.

returns("/5/plain", "plain")
returns("/5/a+b.txt", "plus")
returns(r"^/5/page/(?P<number>\d+)$", "unused")
returns("/5/caf%C3%A9", "cafe")
returns("/5/twice", "first")
returns("/5/twice", "last")


@app.route(r"^/5/page/(?P<number>\d+)$")
async def page(number: Any, request: Any, **server: Any) -> str:
    return f"{number!r} {request.params.path['number']!r}"


@app.route(r"^/5/groups/(\w+)/(\w+)$")
async def groups(request: Any, **server: Any) -> str:
    return repr(request.params["path"])


@app.route(r"^/5/optional(?:/(?P<word>\w+))?$")
async def optional(word: Any = b"default", **server: Any) -> str:
    return repr(word)


@app.route(r"/5-suffix$")
async def suffix(**server: Any) -> str:
    return "suffix"


returns("^/5/pre", "prefix")


# 6. Mounts, and 7. middlewares.

sub = Tremolo()
inner = Tremolo()


@sub.route("/")
async def sub_root(prefix: Any, **server: Any) -> str:
    return f"sub {prefix!r}"


@sub.route("/path")
async def sub_path(request: Any, **server: Any) -> str:
    return f"{request.path.decode()} {request.ctx.get('outer')} {request.ctx.get('inner')}"


@sub.route("/forbidden")
async def sub_forbidden(**server: Any) -> str:
    raise Forbidden("no")


@sub.error(403)
async def sub_403(**kwargs: Any) -> str:
    return "sub's own 403"


@sub.on_request
async def sub_request(request: Any, **server: Any) -> None:
    request.ctx.inner = "inner"


@inner.route("/path")
async def inner_path(request: Any, prefix: Any, **server: Any) -> str:
    return f"{prefix!r} {request.ctx.get('outer')}"


app.mount("/sub", sub)
app.mount("/inner", inner)


@app.on_request(priority=1)
async def outer_request(request: Any, **server: Any) -> None:
    request.ctx.outer = "outer"
    request.ctx.order = ["1"]


@app.on_request(priority=2)
async def second_request(request: Any, response: Any, **server: Any) -> Any:
    request.ctx.order.append("2")
    if request.path == b"/7/stopped":
        response.set_header("x-stopped", "yes")
        return "stopped by a middleware"
    if request.path == b"/7/raised":
        raise Unauthorized("who?", www_authenticate='Basic realm="x"')
    if request.path == b"/7/set-then-error":
        response.set_header("x-set", "before")
    return None


@app.middleware("request")
async def third_request(request: Any, **server: Any) -> None:
    request.ctx.order.append("3")


async def accepting(request: Any, status: Any = (202, b"Accepted"), **server: Any) -> Any:
    return "accepted" if request.path == b"/leak/stopped" else None


app.add_middleware(accepting, "request", prefix=(b"leak",))
returns("/leak/handler", "handled")
returns("/leak/stopped", "no")


@app.on_response
async def first_registered(request: Any, response: Any, **server: Any) -> Any:
    request.ctx.order.append("A")
    response.set_header("x-order", "".join(request.ctx.order))
    if request.path == b"/7/replaced":
        return b"replaced"
    return None


@app.on_response
async def second_registered(request: Any, **server: Any) -> None:
    request.ctx.order.append("B")


returns("/7/order", "order")
returns("/7/replaced", "not seen")
returns("/7/set-then-error", "no")
returns("/7/stopped", "no")


@app.route("/7/error")
async def middleware_error(**server: Any) -> None:
    raise Forbidden("no")


# 8. Hooks, contexts and tasks.


@app.on_worker_start
async def worker_start(globals: Any, context: Any, app: Any, **worker: Any) -> None:
    context.started = ["start"]
    assert context is globals


@app.on_worker_start(priority=1)
async def worker_start_first(**worker: Any) -> None:
    seen.append("worker_start")


@app.on_connect
async def connected(context: Any, **server: Any) -> None:
    context.greeting = "hello from on_connect"


@app.on_close
async def closed(context: Any, **server: Any) -> None:
    seen.append("close")


@app.route("/8/globals")
async def worker_context(globals: Any, **server: Any) -> str:  # the name it has
    return f"{globals.started} {globals['started']} {'started' in globals} {seen[0]}"


@app.route("/8/connection")
async def connection_context(context: Any, **server: Any) -> str:
    context.count = context.get("count", 0) + 1
    return f"{context.greeting} {context['count']}"


@app.route("/8/request")
async def request_context(request: Any, **server: Any) -> str:
    request.context.own = 1
    try:
        request.context["options"] = {}
    except AttributeError:
        return f"{request.ctx is request.context} {request.ctx['own']} refused"
    return "taken"


@app.route("/8/tasks")
async def tasks(request: Any, context: Any, globals: Any, **server: Any) -> str:
    end = asyncio.Event()
    of_connection = request.server.create_task(end.wait())
    of_worker = server["app"].create_task(end.wait())
    found = [of_connection in context.tasks, of_worker in globals.tasks, len(globals.tasks) > 0]
    end.set()
    for _ in range(1_000):
        if of_connection not in context.tasks and of_worker not in globals.tasks:
            break
        await asyncio.sleep(0)
    return f"{found} {of_connection in context.tasks} {of_worker in globals.tasks}"


@app.route("/8/closed")
async def how_often_closed(**server: Any) -> str:
    return str("close" in seen)


@app.route("/8/task")
async def task(request: Any, context: Any, **server: Any) -> str:
    done: list[str] = []

    async def work() -> None:
        done.append("worked")

    request.server.create_task(work())
    for _ in range(100):
        if done:
            break
        await asyncio.sleep(0)
    return "".join(done)


# 9. Errors.


def raises(path: str, error: BaseException) -> None:
    async def handler(**server: Any) -> None:
        raise error

    app.add_route(handler, path)


raises("/9/bad", BadRequest("a <b> mistake"))
raises("/9/plain", BadRequest("a <b> mistake", content_type="text/plain"))
raises("/9/forbidden", Forbidden())
raises("/9/cookie", Forbidden("no", set_cookie="a=b"))
raises("/9/allow", MethodNotAllowed(allow=b"GET"))
raises("/9/busy", ServiceUnavailable("later", retry_after="5"))
raises("/9/numbered", HTTPException(408, "text"))
raises("/9/coded", HTTPException("text", code=418))
raises("/9/299", HTTPException("text", code=299))
raises("/9/599", HTTPException("text", code=599))
raises("/9/value", ValueError("secret <b>"))
raises("/9/timeout", TimeoutError("slow"))
raises("/9/exit", SystemExit(0))
raises("/9/handled", NotFound("handled"))
raises("/9/many", TooManyRequests())


@app.error(429)
async def too_many(exc: Any, **kwargs: Any) -> str:
    return f"{type(exc).__name__}: {exc}"


@app.error(418)
def teapot(exc: Any, request: Any, **kwargs: Any) -> str:
    return f"a pot at {request.path.decode()}"


@app.route("/9/cause")
async def cause(**server: Any) -> str:
    wrapped = [
        HTTPException(cause=Forbidden("no")),
        HTTPException(cause=TimeoutError()),
        HTTPException(cause=ValueError("x")),
    ]
    return " ".join(f"{type(one).__name__}:{one.code}" for one in wrapped)


@app.route("/9/text")
async def text_of_exceptions(**server: Any) -> str:
    return "|".join(
        [
            str(NotFound()),
            str(NotFound("a", "b")),
            str(HTTPException(408, "text")),
            NotFound().encoding,
        ]
    )


# 10. The request.


@app.route("/10/line")
async def line(request: Any, **server: Any) -> str:
    return " ".join(
        part.decode()
        for part in (
            request.method,
            request.url,
            request.path,
            request.query_string,
            request.version,
        )
    )


@app.route("/10/host")
async def host(request: Any, **server: Any) -> str:
    return f"{request.host!r} {request.scheme!r} {request.is_secure} {request.is_valid}"


@app.route("/10/headers")
async def headers(request: Any, **server: Any) -> str:
    return f"{request.headers[b'x-a']} {request.headers.get(b'x-b')}"


@app.route("/10/getlist")
async def getlist(request: Any, **server: Any) -> str:
    return repr(request.headers.getlist(b"accept-encoding"))


@app.route("/10/getlist-split")
async def getlist_split(request: Any, **server: Any) -> str:
    return repr(request.headers.getlist(b"accept", split=b";"))


@app.route("/10/query")
async def query(request: Any, **server: Any) -> str:
    return f"{request.query} {request.params['query'] is request.query}"


@app.route("/10/cookies")
async def cookies(request: Any, **server: Any) -> str:
    return repr(request.cookies)


@app.route("/10/uid")
async def uid(request: Any, **server: Any) -> str:
    return f"{len(request.uid())} {request.uid() == request.uid()}"


@app.route("/10/about-the-body")
async def about_the_body(request: Any, **server: Any) -> str:
    return f"{request.content_type!r} {request.content_length} {request.has_body}"


@app.route("/10/body")
async def body(request: Any, **server: Any) -> bytes:
    first = await request.body()
    return bytes(first if await request.body() == first else b"not the same")


@app.route("/10/stream")
async def stream(request: Any, **server: Any) -> AsyncIterator[bytes]:
    async for data in request.stream():
        yield bytes(data)


@app.route("/10/read")
async def read(request: Any, **server: Any) -> str:
    parts = [await request.read(3), await request.read(100), await request.read(5)]
    return f"{[bytes(part) for part in parts]} {request.eof()}"


@app.route("/10/form")
async def form(request: Any, **server: Any) -> str:
    fields = await request.form()
    return f"{fields} {request.params['post'] == fields}"


@app.route("/10/unread")
async def unread(**server: Any) -> str:
    return "unread"


# 11. The response.


@app.route("/11/status")
async def status(response: Any, **server: Any) -> str:
    response.set_status(201, "Made")
    return f"{response.get_status()[0]}"


@app.route("/11/headers")
async def set_headers(response: Any, **server: Any) -> str:
    response.set_header("X-A", "1")
    response.set_header(b"x-a", b"2")
    response.append_header(b"x-b", b"1")
    response.append_header("X-B", "2")
    response.set_content_type("text/plain")
    return f"{response.headers[b'x-b']} {response.headers_sent()}"


@app.route("/11/line-break")
async def line_break(response: Any, **server: Any) -> str:
    response.set_header("x-a", "1\r\nx-evil: 2")
    return "no"


@app.route("/11/cookie")
async def set_cookie(response: Any, **server: Any) -> str:
    response.set_cookie("name", "a value", expires=60, httponly=True)
    return "set"


@app.route("/11/session-cookie")
async def set_session_cookie(response: Any, **server: Any) -> str:
    response.set_cookie("name", "value")
    return "set"


@app.route("/11/redirect")
async def redirect(response: Any, **server: Any) -> str:
    response.set_header("x-kept", "yes")
    raise response.redirect("/elsewhere")


@app.route("/11/redirect-308")
async def redirect_308(response: Any, **server: Any) -> str:
    raise response.redirect("/elsewhere", 308)


@app.route("/11/send")
async def send(response: Any, **server: Any) -> None:
    await response.write(b"one ")
    await response.send(None)


@app.route("/11/write-in-pieces")
async def write_in_pieces(response: Any, **server: Any) -> None:
    await response.write(b"one two ", buffer_size=3)
    await response.write(b"three", buffer_size=3)
    await response.write(b"")


@app.route("/11/send-by-hand")
async def send_by_hand(response: Any, **server: Any) -> None:
    response.set_header("content-length", "7")
    await response.write(b"one ", chunked=False)
    await response.send(b"two", 0, 2)


# 10, 12, 13 and 14: what streams.

for path, handler in stream_handlers.ROUTES.items():
    app.add_route(handler, path)
