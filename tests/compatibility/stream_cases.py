"""What is asked of `stream_handlers`; see `cases`."""

from .cases import Case, ask, post

__all__ = ("STREAM_CASES",)

_FORM = "Content-Type: application/x-www-form-urlencoded"
_MULTIPART = "Content-Type: multipart/form-data; boundary=XbX"
_BODY = (
    '--XbX\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    '--XbX\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\n'
    "Content-Type: text/plain\r\n\r\nabcdef\r\n"
    "--XbX--\r\n"
)
_HANDSHAKE = (
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Connection: Upgrade",
)

STREAM_CASES: tuple[Case, ...] = (
    # 10.
    Case(
        name="a form within its limit",
        request=post("/10/small-form", "a=1&b=2", _FORM),
        status=200,
        body="{'a': ['1'], 'b': ['2']}",
    ),
    Case(
        name="a form beyond its limit",
        request=post("/10/small-form", "a=1&b=2&c=3", _FORM),
        status=413,
        topic="statuses",
    ),
    Case(
        name="a small multipart form",
        request=post("/10/multipart-form", _BODY, _MULTIPART),
        status=200,
        body="{'a': ['1']} [('x.txt', b'abcdef')]",
        topic="multipart",
    ),
    Case(
        name="small files",
        request=post("/10/files", _BODY, _MULTIPART),
        status=200,
        body="[('a', None, None, 1, True), ('f', 'x.txt', 'text/plain', 4, False),"
        " ('f', 'x.txt', 'text/plain', 2, True)]",
        topic="multipart",
    ),
    Case(
        name="all pieces of a part",
        request=post("/10/pieces", _BODY.partition("1\r\n")[2], _MULTIPART),
        status=200,
        body="6 True",
    ),
    Case(
        name="a truncated multipart form",
        request=post("/10/files", _BODY[:-9], _MULTIPART),
        status=400,
        topic="multipart",
    ),
    Case(name="no boundary", request=post("/10/files", _BODY, _MULTIPART[:33]), status=400),
    # 12.
    Case(
        name="events",
        request=ask("/12/events"),
        status=200,
        body="data: Hello\ndata: world\nevent: greeting\nid: 1\nretry: 5\n\ndata: bytes\n\n",
        fields=(
            ("content-type", "text/event-stream"),
            ("cache-control", "no-cache, must-revalidate"),
            ("expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ),
        framing="chunked",
    ),
    Case(name="no events for a body", request=post("/12/none", "abc"), status=200, body="None 3"),
    Case(name="a line end in a type", request=ask("/12/wrong"), status=500),
    # 13.
    Case(
        name="a WebSocket that is refused",
        request="\r\n".join(("GET /13/websocket HTTP/1.1", "Host: a", *_HANDSHAKE, "", "")),
        status=403,
    ),
    Case(name="no WebSocket", request=ask("/13/websocket"), status=200, body="no WebSocket"),
    Case(name="a frame", request=ask("/13/frame"), status=200, body=r"b'\x81\x05Hello'"),
    # 14.
    Case(name="executor", request=ask("/14/executor"), status=200, body="255 True False 5"),
    Case(name="generator", request=ask("/14/generator"), status=200, body="[0, 1, 2]"),
    Case(name="no call", request=ask("/14/refuses"), status=200, body="TypeError"),
    Case(name="a lock", request=ask("/14/lock"), status=200, body="TimeoutError"),
    Case(name="a lock again", request=ask("/14/lock-again"), status=200, body="free"),
)
