"""Messages good and bad, each with what a server is to hear of it.

Who adds a rule to the gate adds a message here: the tests play each one whole,
cut at every point, and mixed with the others.
"""

from tremolo_core import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    Headers,
    Request,
    value,
)

__all__ = ("BAD", "BREAKING_OFF", "CHUNKED", "FRAGMENTS", "GET", "GOOD", "POST", "Bad", "Good")

HOST = (b"host", b"a")
END = EndOfMessage()

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"

CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

IN_TARGET = bytes(byte for byte in range(0x21, 0x7F) if byte != ord("#"))

IN_VALUE = bytes([*range(0x21, 0x7F), *range(0x80, 0x100)])

CONTROL = bytes([*range(0x09), *range(0x0A, 0x20), 0x7F])


@value
class Good:
    """Bytes that are right, behind which the peer leaves."""

    raw: bytes
    events: tuple[Event, ...]
    passed: bytes
    """What of `raw` an engine is to see."""


@value
class Bad:
    """Bytes that are refused, whatever follows them."""

    passed: bytes
    """What an engine sees before it comes to that."""
    refused: bytes
    status: int
    events: tuple[Event, ...] = ()
    """What the server hears before it comes to that."""

    @property
    def raw(self) -> bytes:
        return self.passed + self.refused


def asked(
    *fields: tuple[bytes, bytes],
    method: bytes = b"GET",
    target: bytes = b"/",
    http_version: bytes = b"1.1",
) -> Request:
    return Request(method=method, target=target, headers=Headers(fields), http_version=http_version)


def good(raw: bytes, *events: Event, passed: bytes | None = None) -> Good:
    return Good(
        raw=raw, events=(*events, ConnectionClosed()), passed=raw if passed is None else passed
    )


def lines(*parts: bytes) -> bytes:
    """A head of these lines."""
    return b"\r\n".join((*parts, b"", b""))


def get(*fields: bytes) -> bytes:
    return lines(b"GET / HTTP/1.1", b"Host: a", *fields)


def for_target(target: bytes, *, method: bytes = b"GET") -> Good:
    return good(
        lines(b"%s %s HTTP/1.1" % (method, target), b"Host: a"),
        asked(HOST, method=method, target=target),
        END,
    )


def for_absolute(target: bytes, host: bytes) -> Good:
    return good(
        lines(b"GET %s HTTP/1.1" % target, b"X: y", b"Host: replaced"),
        asked((b"host", host), (b"x", b"y"), target=target),
        END,
    )


def for_host(host: bytes) -> Good:
    return good(
        lines(b"GET / HTTP/1.1", b"Host: " + host),
        asked((b"host", host.strip())),
        END,
    )


def for_value(written: bytes, value: bytes) -> Good:
    return good(get(b"X:" + written), asked(HOST, (b"x", value)), END)


def for_length(written: bytes, body: bytes) -> Good:
    return good(
        lines(b"POST / HTTP/1.1", b"Host: a", b"Content-Length: " + written) + body,
        asked(HOST, (b"content-length", written), method=b"POST"),
        *([Data(data=body)] if body else []),
        END,
    )


def for_chunks(chunks: bytes, body: bytes, *trailers: tuple[bytes, bytes]) -> Good:
    return good(
        CHUNKED + chunks,
        asked(HOST, (b"transfer-encoding", b"chunked"), method=b"POST"),
        *([Data(data=body)] if body else []),
        EndOfMessage(trailers=Headers(trailers)),
    )


def for_coding(written: bytes) -> Good:
    return good(
        lines(b"POST / HTTP/1.1", b"Host: a", b"Transfer-Encoding:" + written) + b"0\r\n\r\n",
        asked(HOST, (b"transfer-encoding", b"chunked"), method=b"POST"),
        END,
    )


def for_expectation(expectation: bytes) -> Good:
    return good(
        lines(b"PUT / HTTP/1.1", b"Host: a", b"Expect: " + expectation, b"Content-Length: 2")
        + b"ok",
        asked(HOST, (b"expect", expectation), (b"content-length", b"2"), method=b"PUT"),
        Data(data=b"ok"),
        END,
    )


GOOD: dict[str, Good] = {
    "nothing": good(b""),
    "the smallest request": good(GET, asked(HOST), END),
    "an empty line alone": good(b"\r\n", passed=b""),
    "an empty line before a request": good(b"\r\n" + GET, asked(HOST), END, passed=GET),
    "an empty line before each request": good(
        b"\r\n" + GET + b"\r\n" + GET, asked(HOST), END, asked(HOST), END, passed=GET + GET
    ),
    "two requests": good(GET + GET, asked(HOST), END, asked(HOST), END),
    "HTTP/1.0 without a Host": good(b"GET / HTTP/1.0\r\n\r\n", asked(http_version=b"1.0"), END),
    "HTTP/1.0 with a Host": good(
        lines(b"GET / HTTP/1.0", b"Host: a"), asked(HOST, http_version=b"1.0"), END
    ),
    "HTTP/1.0, with another request behind": good(
        lines(b"GET / HTTP/1.0", b"Connection: keep-alive") + GET,
        asked((b"connection", b"keep-alive"), http_version=b"1.0"),
        END,
        passed=lines(b"GET / HTTP/1.0", b"Connection: keep-alive"),
    ),
    "HTTP/1.0 with a body": good(
        lines(b"POST / HTTP/1.0", b"Content-Length: 2") + b"ok",
        asked((b"content-length", b"2"), method=b"POST", http_version=b"1.0"),
        Data(data=b"ok"),
        END,
    ),
    "HTTP/1.2": good(lines(b"GET / HTTP/1.2", b"Host: a"), asked(HOST), END),
    "HTTP/1.9": good(lines(b"GET / HTTP/1.9", b"Host: a"), asked(HOST), END),
    "the last request, with bytes behind": good(
        get(b"Connection: close") + b"\0 not HTTP\n",
        asked(HOST, (b"connection", b"close")),
        END,
        passed=get(b"Connection: close"),
    ),
    "the last request, in other words": good(
        get(b"Connection: x", b"Connection: y ,\tCLOSE") + GET,
        asked(HOST, (b"connection", b"x"), (b"connection", b"y ,\tCLOSE")),
        END,
        passed=get(b"Connection: x", b"Connection: y ,\tCLOSE"),
    ),
    "a method that nobody knows": for_target(b"/", method=TOKEN),
    "a path and a query": for_target(b"/a%20b/?c=d&e"),
    "every character of a target": for_target(b"/" + IN_TARGET),
    "a path of two slashes": for_target(b"//a/b"),
    "the server itself": for_target(b"*", method=b"OPTIONS"),
    "an absolute target": for_absolute(b"http://b/path?query", b"b"),
    "an absolute target in capitals": for_absolute(b"HTTPS://B.example:8443/", b"B.example:8443"),
    "an absolute target without a path": for_absolute(b"http://b", b"b"),
    "an absolute target with a query alone": for_absolute(b"http://b:80?c", b"b:80"),
    "an absolute target of IPv6": for_absolute(b"http://[::1]:80/", b"[::1]:80"),
    "an absolute target in HTTP/1.0": good(
        b"GET http://b/ HTTP/1.0\r\n\r\n",
        asked((b"host", b"b"), target=b"http://b/", http_version=b"1.0"),
        END,
    ),
    "a Host with a port": for_host(b"b.example:8000"),
    "a Host with an empty port": for_host(b"b:"),
    "a Host of IPv4": for_host(b"127.0.0.1:65535"),
    "a Host of IPv6": for_host(b"[2001:db8::192.0.2.1]:1"),
    "a Host of a future version of IP": for_host(b"[v1f.a:b~c]"),
    "a Host of every other character": for_host(b"Az09-._~!$&'()*+,;=%7e%7E"),
    "white space around a value": for_value(b"\t a \t b\t ", b"a \t b"),
    "no white space before a value": for_value(b"a", b"a"),
    "an empty value": for_value(b"", b""),
    "a value of white space": for_value(b" \t ", b""),
    "every byte of a value": for_value(b" " + IN_VALUE, IN_VALUE),
    "a next line in ISO 8859-1, in a value": for_value(b" a\x85b", b"a\x85b"),
    "every character of a name": good(get(TOKEN + b": b"), asked(HOST, (TOKEN.lower(), b"b")), END),
    "a field that comes twice": good(
        get(b"X: 1", b"Y: 2", b"x: 3"), asked(HOST, (b"x", b"1"), (b"y", b"2"), (b"x", b"3")), END
    ),
    "an upgrade to HTTP/2": good(
        get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk")
        + GET,
        asked(
            HOST,
            (b"connection", b"Upgrade, HTTP2-Settings"),
            (b"upgrade", b"h2c"),
            (b"http2-settings", b"AAMAAABk"),
        ),
        END,
        asked(HOST),
        END,
    ),
    "an upgrade with a body": good(
        get(b"Connection: upgrade", b"Upgrade: x", b"Content-Length: 2") + b"ok" + GET,
        asked(HOST, (b"connection", b"upgrade"), (b"upgrade", b"x"), (b"content-length", b"2")),
        Data(data=b"ok"),
        END,
        asked(HOST),
        END,
    ),
    "no body, by its length": for_length(b"0", b""),
    "a body": for_length(b"5", b"hello"),
    "a body like a request": for_length(b"%d" % len(GET), GET),
    "a length with zeros before it": for_length(b"0000005", b"hello"),
    "a body, and a request": good(
        get(b"Content-Length: 3") + b"abc" + GET,
        asked(HOST, (b"content-length", b"3")),
        Data(data=b"abc"),
        END,
        asked(HOST),
        END,
    ),
    "a body, an empty line too many, and a request": good(
        get(b"Content-Length: 1") + b"a\r\n" + GET,
        asked(HOST, (b"content-length", b"1")),
        Data(data=b"a"),
        END,
        asked(HOST),
        END,
        passed=get(b"Content-Length: 1") + b"a" + GET,
    ),
    "no chunk": for_chunks(b"0\r\n\r\n", b""),
    "one chunk": for_chunks(b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
    "some chunks": for_chunks(b"2\r\nhe\r\n1\r\nl\r\n2\r\nlo\r\n0\r\n\r\n", b"hello"),
    "a chunk that looks like the end": for_chunks(b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", b"0\r\n\r\n"),
    "sizes in capitals, with zeros before them": for_chunks(
        b"00A\r\n0123456789\r\n0000000000000001\r\na\r\nb\r\n0123456789a\r\n00\r\n\r\n",
        b"0123456789a0123456789a",
    ),
    "extensions of chunks": for_chunks(
        b'1;a\r\na\r\n1;b=c; d="e\xe9f"\tg\r\nb\r\n0;\r\n\r\n', b"ab"
    ),
    "trailers": for_chunks(
        b"1\r\na\r\n0\r\nX-Sum: 1 \r\nx-sum:2\r\nY:\r\n\r\n",
        b"a",
        (b"x-sum", b"1"),
        (b"x-sum", b"2"),
        (b"y", b""),
    ),
    "trailers, and a request": good(
        CHUNKED + b"0\r\nX: y\r\n\r\n" + GET,
        asked(HOST, (b"transfer-encoding", b"chunked"), method=b"POST"),
        EndOfMessage(trailers=Headers(((b"x", b"y"),))),
        asked(HOST),
        END,
    ),
    "chunked in capitals": for_coding(b" Chunked"),
    "chunked with white space": for_coding(b"\t chunked \t"),
    "an expectation": for_expectation(b"100-continue"),
    "an expectation in capitals": for_expectation(b"100-Continue"),
    "an expectation without a body": good(
        get(b"Expect: 100-continue"), asked(HOST, (b"expect", b"100-continue")), END
    ),
    "an expectation that HTTP/1.0 does not know": good(
        lines(b"GET / HTTP/1.0", b"Expect: x", b"Expect: y"),
        asked((b"expect", b"x"), (b"expect", b"y"), http_version=b"1.0"),
        END,
    ),
}
"""Each is passed whole, but for what `Good.passed` leaves out."""


def bad(refused: bytes, status: int = 400) -> Bad:
    return Bad(passed=b"", refused=refused, status=status)


def bad_target(target: bytes, status: int = 400, *, method: bytes = b"GET") -> Bad:
    return bad(lines(b"%s %s HTTP/1.1" % (method, target), b"Host: a"), status)


def bad_fields(*fields: bytes, status: int = 400) -> Bad:
    return bad(get(*fields), status)


def bad_host(*fields: bytes) -> Bad:
    return bad(lines(b"GET / HTTP/1.1", *fields))


def bad_chunks(chunks: bytes, refused: bytes, body: bytes = b"") -> Bad:
    request = asked(HOST, (b"transfer-encoding", b"chunked"), method=b"POST")
    return Bad(
        passed=CHUNKED + chunks,
        refused=refused,
        status=400,
        events=(request, *([Data(data=body)] if body else [])),
    )


BAD: dict[str, Bad] = {
    # The request line.
    "HTTP/0.9": bad(b"GET /\r\n\r\n"),
    "HTTP/0.9 by its number": bad(b"GET / HTTP/0.9\r\n\r\n", 505),
    "HTTP/2.0": bad(lines(b"GET / HTTP/2.0", b"Host: a"), 505),
    "HTTP/9.9": bad(lines(b"GET / HTTP/9.9", b"Host: a"), 505),
    "the preface of HTTP/2": bad(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "no version": bad(lines(b"GET / ", b"Host: a")),
    "half a version": bad(lines(b"GET / HTTP/1", b"Host: a")),
    "two digits of a version": bad(lines(b"GET / HTTP/1.10", b"Host: a")),
    "http in small letters": bad(lines(b"GET / http/1.1", b"Host: a")),
    "a space before the method": bad(b" " + GET),
    "two spaces before the target": bad(lines(b"GET  / HTTP/1.1", b"Host: a")),
    "two spaces behind the target": bad(lines(b"GET /  HTTP/1.1", b"Host: a")),
    "a space behind the version": bad(lines(b"GET / HTTP/1.1 ", b"Host: a")),
    "a tab in place of a space": bad(lines(b"GET\t/ HTTP/1.1", b"Host: a")),
    "no method": bad(lines(b" / HTTP/1.1", b"Host: a")),
    "a method that is no token": bad(lines(b"G(T / HTTP/1.1", b"Host: a")),
    "a method that is not ASCII": bad(lines(b"G\xc9T / HTTP/1.1", b"Host: a")),
    "a space in the target": bad_target(b"/a b"),
    "a control byte in the target": bad_target(b"/\0"),
    "a DEL in the target": bad_target(b"/\x7f"),
    "a target that is not ASCII": bad_target(b"/\xc3\xa9"),
    "a fragment in the target": bad_target(b"/#a"),
    "a bare LF behind the request line": bad(b"GET / HTTP/1.1\nHost: a\r\n\r\n"),
    "a bare CR behind the request line": bad(b"GET / HTTP/1.1\rHost: a\r\n\r\n"),
    "two CRs behind the request line": bad(b"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"),
    "two empty lines before the request": bad(b"\r\n\r\n" + GET),
    "a bare LF before the request": bad(b"\n" + GET),
    "a bare CR before the request": bad(b"\r" + GET),
    # The target's form.
    "* with GET": bad_target(b"*"),
    "* with options": bad_target(b"*", method=b"options"),
    "a target of only an authority": bad_target(b"b:80"),
    "a relative target": bad_target(b"a/b"),
    "an absolute target of another scheme": bad_target(b"ftp://b/"),
    "an absolute target without a host": bad_target(b"http:///a"),
    "an absolute target with a user": bad_target(b"http://user@b/"),
    "an absolute target with a bad port": bad_target(b"http://b:x/"),
    "an absolute target without its Host": bad(b"GET http://b/ HTTP/1.1\r\n\r\n"),
    "CONNECT": bad_target(b"b:443", 501, method=b"CONNECT"),
    "CONNECT to a path": bad_target(b"/", 501, method=b"CONNECT"),
    # Host.
    "no Host": bad_host(b"X: y"),
    "no field at all": bad_host(),
    "two Hosts": bad_host(b"Host: a", b"X: y", b"HOST: a"),
    "two Hosts in HTTP/1.0": bad(lines(b"GET / HTTP/1.0", b"Host: a", b"Host: a")),
    "an empty Host": bad_host(b"Host:"),
    "a malformed Host in HTTP/1.0": bad(lines(b"GET / HTTP/1.0", b"Host: a/b")),
    "a Host with a space": bad_host(b"Host: a b"),
    "two in one Host": bad_host(b"Host: a, b"),
    "a Host with a user": bad_host(b"Host: user@a"),
    "a Host with a path": bad_host(b"Host: a/b"),
    "a Host with a query": bad_host(b"Host: a?b"),
    "a Host with a port of letters": bad_host(b"Host: a:http"),
    "a Host with a port of six digits": bad_host(b"Host: a:800000"),
    "a Host of a port alone": bad_host(b"Host: :80"),
    "a Host that is not ASCII": bad_host(b"Host: \xe9"),
    "a Host with a bracket that stays open": bad_host(b"Host: [::1"),
    "a Host with half a percent escape": bad_host(b"Host: a%4"),
    # Fields.
    "no colon": bad_fields(b"X"),
    "no name": bad_fields(b": y"),
    "a space before the colon": bad_fields(b"X : y"),
    "a tab before the colon": bad_fields(b"X\t: y"),
    "a space before the name": bad(lines(b"GET / HTTP/1.1", b" Host: a")),
    "a name that is no token": bad_fields(b"X(: y"),
    "a name that is not ASCII": bad_fields(b"\xe9: y"),
    "a control byte in a name": bad_fields(b"X\0: y"),
    "a folded line": bad_fields(b"X: y", b" z"),
    "a line folded by a tab": bad_fields(b"X: y", b"\tz"),
    "a folded Host": bad(b"GET / HTTP/1.1\r\nHost:\r\n a\r\n\r\n"),
    "a bare LF behind a field": bad(b"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"),
    "a bare LF behind the last field": bad(b"GET / HTTP/1.1\r\nHost: a\n\r\n"),
    "a bare LF for an empty line": bad(b"GET / HTTP/1.1\r\nHost: a\r\n\n"),
    "a head of bare LFs": bad(b"GET / HTTP/1.1\nHost: a\n\n"),
    "two CRs behind a field": bad(b"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"),
    **{
        f"the control byte {byte:#04x} in a value": bad_fields(b"X: y%cz" % byte)
        for byte in CONTROL
    },
    # How the body is framed.
    "a length and a coding": bad_fields(b"Content-Length: 5", b"Transfer-Encoding: chunked"),
    "a coding and a length": bad_fields(b"Transfer-Encoding: chunked", b"Content-Length: 0"),
    "a length twice": bad_fields(b"Content-Length: 4", b"content-length: 4"),
    "two lengths": bad_fields(b"Content-Length: 4", b"Content-Length: 5"),
    "a list of one length": bad_fields(b"Content-Length: 4, 4"),
    "a length with a plus": bad_fields(b"Content-Length: +4"),
    "a length with a minus": bad_fields(b"Content-Length: -4"),
    "a length with an underscore": bad_fields(b"Content-Length: 1_0"),
    "a length in hexadecimal": bad_fields(b"Content-Length: 0x4"),
    "a length with a decimal point": bad_fields(b"Content-Length: 4.0"),
    "a length with a space": bad_fields(b"Content-Length: 1 0"),
    "no digit in a length": bad_fields(b"Content-Length:"),
    "a length beyond 64 bits": bad_fields(b"Content-Length: 99999999999999999999"),
    "a length of 19 digits": bad_fields(b"Content-Length: 1000000000000000000"),
    "chunked in HTTP/1.0": bad(lines(b"POST / HTTP/1.0", b"Transfer-Encoding: chunked")),
    "chunked twice": bad_fields(b"Transfer-Encoding: chunked, chunked"),
    "chunked on two lines": bad_fields(
        b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"
    ),
    "chunked and nothing": bad_fields(b"Transfer-Encoding: chunked,"),
    "no coding": bad_fields(b"Transfer-Encoding:"),
    "gzip": bad_fields(b"Transfer-Encoding: gzip", status=501),
    "gzip, chunked": bad_fields(b"Transfer-Encoding: gzip, chunked", status=501),
    "gzip and chunked": bad_fields(
        b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked", status=501
    ),
    "chunked, gzip": bad_fields(b"Transfer-Encoding: chunked, gzip", status=501),
    "chunked with a parameter": bad_fields(b"Transfer-Encoding: chunked;a=b", status=501),
    "chunked with a letter too many": bad_fields(b"Transfer-Encoding: xchunked", status=501),
    "identity": bad_fields(b"Transfer-Encoding: identity", status=501),
    "chunked behind a vertical tab": bad_fields(b"Transfer-Encoding: \x0bchunked"),
    # What the client expects.
    "an expectation that nobody knows": bad_fields(b"Expect: 200-ok", status=417),
    "two expectations": bad_fields(b"Expect: 100-continue, x", status=417),
    "an expectation twice": bad_fields(
        b"Expect: 100-continue", b"Expect: 100-continue", status=417
    ),
    "an empty expectation": bad_fields(b"Expect:", status=417),
    # Chunks.
    "no size": bad_chunks(b"", b"\r\n"),
    "a size in no digits": bad_chunks(b"", b"g\r\n"),
    "a size with 0x": bad_chunks(b"", b"0x5\r\nhello\r\n"),
    "a size with a plus": bad_chunks(b"", b"+5\r\nhello\r\n"),
    "a size with a minus": bad_chunks(b"", b"-5\r\n"),
    "a size with an underscore": bad_chunks(b"", b"1_0\r\n"),
    "a space before a size": bad_chunks(b"", b" 5\r\n"),
    "a space behind a size": bad_chunks(b"", b"5 \r\n"),
    "a space before an extension": bad_chunks(b"", b"5 ;a\r\n"),
    "a size of 17 digits": bad_chunks(b"", b"00000000000000005\r\n"),
    "a bare LF for a size": bad_chunks(b"", b"\n0\r\n\r\n"),
    "a bare LF behind a size": bad_chunks(b"", b"5\nhello\r\n"),
    "a bare CR behind a size": bad_chunks(b"", b"5\rhello\r\n"),
    "a bare CR in an extension": bad_chunks(b"", b"5;a\rb\r\n"),
    "a bare LF behind an extension": bad_chunks(b"", b"5;a\nhello\r\n"),
    **{
        f"the control byte {byte:#04x} in an extension": bad_chunks(b"", b"5;a%cb\r\n" % byte)
        for byte in CONTROL
    },
    "20,000 bytes of extension": bad_chunks(b"", b"5;" + b"a" * 20_000 + b"\r\n"),
    "a bad size behind a good one": bad_chunks(b"1\r\na\r\n", b"x\r\n", b"a"),
    "a chunk that is too long": bad_chunks(b"5\r\nhello", b"!\r\n0\r\n\r\n", b"hello"),
    "a chunk without its line end": bad_chunks(b"5\r\nhello", b"0\r\n\r\n", b"hello"),
    "a bare LF behind a chunk": bad_chunks(b"5\r\nhello", b"\n0\r\n\r\n", b"hello"),
    "a bare CR behind a chunk": bad_chunks(b"5\r\nhello", b"\r0\r\n\r\n", b"hello"),
    "a bad size for the last chunk": bad_chunks(b"1\r\na\r\n", b"0x\r\n\r\n", b"a"),
    # Trailers.
    **{
        f"{name} among the trailers": bad_chunks(b"0\r\n", b"%s: 1\r\n\r\n" % name.encode("ascii"))
        for name in (
            *("Authorization", "Connection", "Content-Encoding", "content-length"),
            *("Content-Range", "Content-Type", "Expect", "HOST", "TE", "Trailer"),
            *("Transfer-Encoding", "Upgrade"),
        )
    },
    "a trailer without a colon": bad_chunks(b"0\r\n", b"X\r\n\r\n"),
    "a trailer with a space before the colon": bad_chunks(b"0\r\n", b"X : y\r\n\r\n"),
    "a trailer with a control byte": bad_chunks(b"0\r\n", b"X: \0\r\n\r\n"),
    "a folded trailer": bad_chunks(b"0\r\n", b"X: y\r\n z\r\n\r\n"),
    "a bare LF behind a trailer": bad_chunks(b"0\r\n", b"X: y\n\r\n"),
    "a bare LF behind the trailers": bad_chunks(b"0\r\n", b"X: y\r\n\n"),
    "a bare LF for no trailers": bad_chunks(b"0\r\n", b"\n"),
    "a bare CR among the trailers": bad_chunks(b"0\r\n", b"\rX: y\r\n\r\n"),
}
"""Each is refused with the same status however it was cut, and whatever follows."""


BREAKING_OFF: dict[str, bytes] = {
    "one byte": b"G",
    "half an empty line": b"\r",
    "half a request line": GET[:8],
    "half a head": GET[:-5],
    "a head without its empty line": GET[:-2],
    "half an empty line at a head's end": GET[:-1],
    "half a head behind a request": GET + GET[:-2],
    "no body": get(b"Content-Length: 5"),
    "half a body": get(b"Content-Length: 5") + b"hel",
    "no chunk": CHUNKED,
    "half a size": CHUNKED + b"1",
    "half a chunk": CHUNKED + b"5\r\nhe",
    "a chunk without its line end": CHUNKED + b"5\r\nhello",
    "a chunk with half a line end": CHUNKED + b"5\r\nhello\r",
    "no last chunk": CHUNKED + b"5\r\nhello\r\n",
    "half a last chunk": CHUNKED + b"0",
    "no trailers": CHUNKED + b"0\r\n",
    "half of the trailers": CHUNKED + b"0\r\nX: y\r\n",
    "half an empty line behind the trailers": CHUNKED + b"0\r\nX: y\r\n\r",
}
"""Right as far as they go, but the peer leaves behind them."""


FRAGMENTS = [
    *(b"GET / HTTP/1.1\r\n", b"POST /x HTTP/1.1\r\n", b"GET / HTTP/1.0\r\n", b"GET / HTTP/2.0\r\n"),
    *(b"GET http://h/ HTTP/1.0\r\n", b"CONNECT a:1 HTTP/1.1\r\n", b"GET /" + b"q" * 45),
    *(b"Host: a\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"x: y\r\n", b"b: " + b"c" * 200),
    *(b"\r\n", b"\r", b"\n", b" ", b"\0", b"a" * 70, b"HTTP/1.1", b"\r\nHost: a\r\n\r\n"),
    *(b"hello", b"5\r\nhello\r\n", b"0\r\n", b"0\r\n\r\n", b"0;a=b\r\n", b"f;" + b"g" * 20),
    *(b"50\r\n" + b"z" * 80 + b"\r\n", GET, POST, CHUNKED),
]
"""Of which fuzzed conversations are made."""
