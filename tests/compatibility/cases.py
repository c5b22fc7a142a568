"""What is asked of the application, and what it answers: row by row of what applications rely on.

Where nggit/tremolo 0.5.3 answers otherwise, `topic` is the row of the migration
page that says so; elsewhere it answers the same. The standard library alone,
as in `talking`.
"""

import dataclasses

__all__ = ("CASES", "Case", "ask", "post")


@dataclasses.dataclass(frozen=True)
class Case:
    """One connection, what is sent on it at once, and the last answer that comes."""

    name: str
    request: str
    status: int
    body: str | None = None
    """None: any."""
    fields: tuple[tuple[str, str | None], ...] = ()
    """Fields of the answer; None is one that is not there."""
    framing: str | None = None
    """None: any."""
    answers: int = 1
    """How many answers come."""
    complete: bool = True
    topic: str | None = None
    """Why the other answers otherwise; None if it does not."""
    last: bool = False
    """Whether nothing can be asked of the other any more."""


def ask(target: str, *fields: str, method: str = "GET", version: str = "1.1") -> str:
    """A request after which the connection ends."""
    lines = [f"{method} {target} HTTP/{version}", "Host: a", *fields, "Connection: close"]
    return "\r\n".join(lines) + "\r\n\r\n"


def _keep(target: str) -> str:
    return f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"


def post(target: str, body: str, *fields: str) -> str:
    """One with a body of known length."""
    return ask(target, f"Content-Length: {len(body)}", *fields, method="POST") + body


def _chunked(target: str, *chunks: str) -> str:
    body = "".join(f"{len(chunk):x}\r\n{chunk}\r\n" for chunk in (*chunks, ""))
    return ask(target, "Transfer-Encoding: chunked", method="POST") + body


def _get(target: str, status: int, body: str | None = None, topic: str | None = None) -> Case:
    return Case(name=target, request=ask(target), status=status, body=body, topic=topic)


_FORM = "Content-Type: application/x-www-form-urlencoded"
_MALFORMED = "malformed requests"

CASES: tuple[Case, ...] = (
    # 2.
    _get("/2/alias", 200, "True"),
    _get("/2/added", 200, "added"),
    _get("/2/refusals", 200, "error 399, error 512, hook, middleware, mount prefix, mount app"),
    # 3.
    _get("/3/injected", 200, "app context globals logger loop request response fileno"),
    _get("/3/prefix", 200, "()"),
    _get("/3/some", 200, "GET False"),
    _get("/3/named-is-not-in-the-rest", 200, "False"),
    Case(
        name="options",
        request=ask("/3/options"),
        status=503,
        body="5 503",
        fields=(("content-type", "text/plain"),),
    ),
    _get("/3/unstreamed", 200, "piece piece piece "),
    Case(name="a sync handler", request=post("/3/sync", "abc"), status=200, body="abc!"),
    _get("/3/sync-generator", 200, "one two"),
    _get("/3/sync-without-server", 200, "no server", "handlers"),
    _get("/3/keyword-only", 200, "keyword", "handlers"),
    _get("/3/unknown-parameter", 200, "refused: TypeError", "handlers"),
    _get("/3/partial", 200, "partial", "handlers"),
    _get("/3/bound-method", 200, "bound", "handlers"),
    _get("/3/callable-object", 200, "called", "handlers"),
    _get("/3/options-of-functions", 200, "given", "handlers"),
    _get("/3/module", 200, "module"),
    _get("/3/view", 200, "the model"),
    Case(name="a view's post", request=post("/3/view", ""), status=200, body="posted"),
    Case(
        name="a view's head",
        request=ask("/3/view", method="HEAD"),
        status=200,
        fields=(("content-type", "text/html; charset=utf-8"),),
    ),
    Case(
        name="a view's helper",
        request=ask("/3/view", method="HELPER"),
        status=405,
        topic="routing",
    ),
    Case(
        name="a view's other methods",
        request=ask("/3/view", method="DELETE"),
        status=405,
        fields=(("allow", "GET, HEAD, OPTIONS, POST"),),
        topic="routing",
    ),
    Case(
        name="a view's options",
        request=ask("/3/view", method="OPTIONS"),
        status=204,
        topic="routing",
    ),
    # 4.
    _get("/4/bytes", 200, "bytes"),
    _get("/4/bytearray", 200, "bytearray"),
    _get("/4/str", 200, "caf\xc3\xa9"),
    _get("/4/encoded", 200, "caf\xe9"),
    _get("/4/empty", 200, ""),
    _get("/4/none", 204, "", "None"),
    _get("/4/dict", 200, '{"a":[1]}', "other values"),
    _get("/4/list", 200, "[1,2]", "other values"),
    _get("/4/true", 500, None, "other values"),
    _get("/4/number", 500, None, "other values"),
    Case(
        name="a returned body has its length",
        request=ask("/4/bytes"),
        status=200,
        framing="length",
        topic="framing",
    ),
    Case(
        name="yields",
        request=ask("/4/yields"),
        status=200,
        body="onetwo",
        framing="chunked",
    ),
    Case(
        name="yields for HTTP/1.0",
        request=ask("/4/yields", version="1.0"),
        status=200,
        body="onetwo",
        framing="close",
    ),
    Case(
        name="returns for HTTP/1.0",
        request=ask("/4/bytes", version="1.0"),
        status=200,
        body="bytes",
        framing="length",
    ),
    _get("/4/yields-text", 200, "text", "yield"),
    _get("/4/yields-nothing", 200, "", "yield"),
    Case(
        name="breaks off",
        request=ask("/4/breaks-off"),
        status=200,
        body="begun",
        framing="chunked",
        complete=False,
    ),
    Case(
        name="no content",
        request=ask("/4/no-content"),
        status=204,
        body="",
        fields=(("content-type", None), ("transfer-encoding", None), ("content-length", None)),
    ),
    Case(
        name="writes",
        request=ask("/4/writes"),
        status=200,
        body="one two",
        fields=(("x-own", "yes"),),
        framing="chunked",
    ),
    Case(name="ends", request=ask("/4/ends"), status=200, body="whole", framing="length"),
    Case(
        name="connections are kept",
        request=_keep("/4/bytes") + _keep("/4/yields") + ask("/4/str"),
        status=200,
        answers=3,
    ),
    # 5.
    _get("/5/plain", 200, "plain"),
    _get("//5/plain//", 200, "plain"),
    _get("/5/plain?q=1", 200, "plain"),
    _get("/5/Plain", 404),
    _get("/5/pl%61in", 200, "plain", "routing"),
    _get("/5/a+b.txt", 200, "plus", "routing"),
    _get("/5/caf%C3%A9", 200, "cafe"),
    _get("/5/twice", 200, "last"),
    _get("/5/page/12", 200, "b'12' b'12'"),
    _get("/5/page/12?q=1", 200, "b'12' b'12'"),
    _get("/5/page/x", 404),
    _get("/5/groups/a/b", 200, "(b'a', b'b')"),
    _get("/5/optional/w", 200, "b'w'"),
    _get("/5/optional", 200, "b'default'", "routing"),
    _get("/any/5-suffix", 200, "suffix"),
    _get("/5/prefix-more", 200, "prefix"),
    _get("/", 404, None, "`/` without a handler"),
    _get("/none", 404),
    Case(
        name="the asterisk",
        request=ask("*", method="OPTIONS"),
        status=204,
        topic="routing",
    ),
    Case(
        name="an absolute target",
        request=ask("http://a/5/plain"),
        status=200,
        body="plain",
        topic="routing",
    ),
    # 6.
    _get("/sub/", 200, "sub (b'sub',)"),
    _get("/sub", 200, "sub (b'sub',)", "mount"),
    _get("/sub/path", 200, "/sub/path None inner"),
    _get("/sub/none", 404),
    _get("/sub/forbidden", 403, "sub's own 403", "mount"),
    _get("/inner/path", 200, "() outer"),
    # 7.
    Case(
        name="the order of middlewares",
        request=ask("/7/order"),
        status=200,
        body="order",
        fields=(("x-order", "123BA"),),
    ),
    Case(
        name="a middleware that stops",
        request=ask("/7/stopped"),
        status=200,
        body="stopped by a middleware",
        fields=(("x-stopped", "yes"),),
    ),
    Case(
        name="on_response for what a middleware answers",
        request=ask("/7/stopped"),
        status=200,
        fields=(("x-order", "12BA"),),
        topic="on_response",
    ),
    Case(
        name="a middleware that raises",
        request=ask("/7/raised"),
        status=401,
        body="who?",
        fields=(("www-authenticate", 'Basic realm="x"'),),
    ),
    Case(
        name="on_response for errors",
        request=ask("/7/error"),
        status=403,
        fields=(("x-order", "123BA"),),
        topic="on_response",
    ),
    _get("/7/replaced", 200, "replaced"),
    _get("/leak/stopped", 202, "accepted"),
    _get("/leak/handler", 200, "handled", "middleware options"),
    # 8.
    _get("/8/globals", 200, "['start'] ['start'] True worker_start"),
    Case(
        name="the connection's context",
        request=_keep("/8/connection") + ask("/8/connection"),
        status=200,
        body="hello from on_connect 2",
        answers=2,
    ),
    _get("/8/request", 200, "True 1 refused"),
    _get("/8/tasks", 200, "[True, True, True] False False"),
    _get("/8/closed", 200, "True"),
    _get("/8/task", 200, "worked"),
    # 9.
    _get("/9/bad", 400, "a &lt;b&gt; mistake", "errors"),
    _get("/9/plain", 400, "a <b> mistake"),
    _get("/9/forbidden", 403, "Forbidden"),
    Case(
        name="an exception's fields",
        request=ask("/9/cookie"),
        status=403,
        body="no",
        fields=(("set-cookie", "a=b"),),
    ),
    Case(
        name="an exception's allow",
        request=ask("/9/allow"),
        status=405,
        fields=(("allow", "GET"),),
    ),
    Case(
        name="an exception's underscores",
        request=ask("/9/busy"),
        status=503,
        body="later",
        fields=(("retry-after", "5"),),
    ),
    _get("/9/numbered", 500, "408: text"),
    _get("/9/coded", 418, "a pot at /9/coded"),
    _get("/9/299", 299, "text"),
    _get("/9/599", 599, "text"),
    _get("/9/value", 500, "Internal Server Error", "errors"),
    _get("/9/timeout", 408, "Request Timeout", "errors"),
    _get("/9/many", 429, "TooManyRequests: Too Many Requests"),
    _get("/9/cause", 200, "Forbidden:403 RequestTimeout:408 InternalServerError:500"),
    _get("/9/text", 200, "Not Found|a b|408: text|utf-8"),
    Case(
        name="connections are kept after errors",
        request=_keep("/9/forbidden") + ask("/4/bytes"),
        status=200,
        answers=2,
        topic="errors",
    ),
    # 10.
    _get("/10/line?a=b&c", 200, "GET /10/line?a=b&c /10/line a=b&c 1.1"),
    _get("/10/host", 200, "b'a' b'http' False True"),
    Case(
        name="headers",
        request=ask("/10/headers", "X-A: 1", "x-a: 2"),
        status=200,
        body="[b'1', b'2'] None",
    ),
    Case(
        name="lists",
        request=ask("/10/getlist", "Accept-Encoding: GZIP, deflate;q=0.5"),
        status=200,
        body="[b'GZIP', b'deflate;q=0.5']",
        topic="getlist, subprotocols",
    ),
    Case(
        name="members of a list in two",
        request=ask("/10/getlist-split", "Accept: a/b ;q=0.5;x"),
        status=200,
        body="[(b'a/b', b'q=0.5;x')]",
    ),
    _get("/10/query?a=1&a=2&b=&c=%20x", 200, "{'a': ['1', '2'], 'c': [' x']} True"),
    _get("/10/query?" + "a=1&" * 101, 400, None, "statuses"),
    Case(
        name="cookies",
        request=ask("/10/cookies", "Cookie: A=1; a=2; a=%20x"),
        status=200,
        body="{'A': ['1'], 'a': ['2', ' x']}",
        topic="cookies",
    ),
    Case(
        name="one cookie",
        request=ask("/10/cookies", 'Cookie: a="b%20c"'),
        status=200,
        body="{'a': ['b c']}",
    ),
    _get("/10/uid", 200, "32 False"),
    Case(
        name="about the body",
        request=post("/10/about-the-body", "abc", "Content-Type: text/x"),
        status=200,
        body="b'text/x' 3 True",
    ),
    _get("/10/about-the-body", 200, "b'application/octet-stream' -1 False"),
    Case(name="a body", request=post("/10/body", "abc"), status=200, body="abc"),
    Case(
        name="a chunked body", request=_chunked("/10/body", "ab", "cde"), status=200, body="abcde"
    ),
    Case(
        name="a streamed body",
        request=_chunked("/10/stream", "ab", "cde"),
        status=200,
        body="abcde",
    ),
    Case(
        name="a body by size",
        request=post("/10/read", "abcdef"),
        status=200,
        body="[b'abc', b'def', b''] True",
    ),
    Case(
        name="a body too large",
        request=post("/10/body", "x" * 2_097_153),
        status=413,
    ),
    Case(name="an unread body", request=post("/10/unread", "abc"), status=200, body="unread"),
    Case(
        name="a form",
        request=post("/10/form", "a=1&a=2&b=&c=%C3%A9", _FORM),
        status=200,
        body="{'a': ['1', '2'], 'c': ['\xc3\xa9']} True",
    ),
    Case(
        name="no form",
        request=post("/10/form", "x", "Content-Type: text/plain"),
        status=400,
    ),
    Case(
        name="no host",
        request="GET /10/host HTTP/1.1\r\nConnection: close\r\n\r\n",
        status=400,
        body="400 no Host field\n",
        topic=_MALFORMED,
    ),
    # 11.
    _get("/11/status", 201, "201"),
    Case(
        name="set headers",
        request=ask("/11/headers"),
        status=200,
        body="[b'1', b'2'] False",
        fields=(("x-a", "2"), ("x-b", "1 | 2"), ("content-type", "text/plain")),
    ),
    Case(
        name="a line break in a value",
        request=ask("/11/line-break"),
        status=500,
        fields=(("x-evil", None),),
    ),
    Case(
        name="a session cookie",
        request=ask("/11/session-cookie"),
        status=200,
        fields=(("set-cookie", "name=value; Path=/; SameSite=Lax"),),
        topic="cookies",
    ),
    Case(
        name="a redirection",
        request=ask("/11/redirect"),
        status=302,
        fields=(("location", "/elsewhere"), ("x-kept", "yes")),
    ),
    Case(
        name="a redirection with 308",
        request=ask("/11/redirect-308"),
        status=308,
        fields=(("location", "/elsewhere"),),
        topic="statuses",
    ),
    Case(
        name="a body written in pieces",
        request=ask("/11/write-in-pieces"),
        status=200,
        body="one two three",
        framing="chunked",
    ),
    Case(
        name="a body sent by hand",
        request=ask("/11/send-by-hand"),
        status=200,
        body="one two",
        framing="length",
    ),
    Case(
        name="send ends",
        request=ask("/11/send"),
        status=200,
        body="one ",
        framing="chunked",
        topic="response.send",
    ),
    Case(
        name="an exit",
        request=ask("/9/exit"),
        status=500,
        topic="errors",
        last=True,
    ),
)
