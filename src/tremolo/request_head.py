"""What a request says before its body: method, target, fields, and who sent it.

The body is read through `request` and, from worker threads, through `blocking`.
"""

import os
import re
import secrets
import socket
import struct
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias, overload

from anyio.abc import ByteStream

from tremolo_core import Headers, Request
from tremolo_core.targets import split_target
from tremolo_transport.exchange import Address, Exchange

from .connection_server import ConnectionServer, socket_of, stream_of
from .contexts import RequestContext
from .cookies import parse_cookies
from .exceptions import BadRequest
from .urlencoded import parse_fields

__all__ = ("PathParameters", "RequestHead", "RequestHeader", "RequestHeaders")

_MOST_QUERY_FIELDS = 100
"""As many as nggit/tremolo takes; each costs a list and two strings."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})

_SLASH = ord("/")

PathParameters: TypeAlias = Mapping[str, Any] | tuple[bytes | None, ...]
"""By name; or the groups, in their order, of a regular expression that names none."""

_SHORTEST_UID = 16

_LENGTH = re.compile(rb"[0-9]+")


class RequestHeaders(dict[bytes, list[bytes]]):
    """Header fields by lower-case name; each has a list with the value of every line."""

    @classmethod
    def of(cls, fields: Headers) -> "RequestHeaders":
        """Group `fields` by name, in the order of the wire."""
        headers = cls()
        for name, value in fields:
            headers.setdefault(name, []).append(value)
        return headers

    @overload
    def getlist(self, name: bytes, separator: bytes = b",", split: None = None) -> list[bytes]: ...

    @overload
    def getlist(
        self, name: bytes, separator: bytes = b",", *, split: bytes
    ) -> list[tuple[bytes, bytes]]: ...

    def getlist(
        self, name: bytes, separator: bytes = b",", split: bytes | None = None
    ) -> list[bytes] | list[tuple[bytes, bytes]]:
        """The members of a list field, over all its lines, in their order and case.

        White space around members is removed, empty members are dropped. With
        `split`, such as `b";"`, each is a pair of what comes before the first
        one and what comes after it, where nothing may come.
        """
        members = (part.strip() for line in self.get(name, ()) for part in line.split(separator))
        if split is None:
            return [member for member in members if member]
        pairs = (member.partition(split) for member in members)
        return [(head.strip(), rest.strip()) for head, _, rest in pairs if head.strip()]


class RequestHeader:
    """The head of a request in its parts, for applications that pass it on."""

    __slots__ = ("_request",)

    def __init__(self, request: Request) -> None:
        self._request = request

    @property
    def line(self) -> bytes:
        """The request line without its end, such as `b"GET / HTTP/1.1"`."""
        request = self._request
        return b"%s %s HTTP/%s" % (request.method, request.target, request.http_version)

    def getheaders(self) -> list[tuple[bytes, bytes]]:
        """The fields in the order of the wire, each as its lower-case name and its value."""
        return list(self._request.headers)


class RequestHead:
    """The facts of a request. All bytes are as they stood on the wire."""

    __slots__ = (
        "_context",
        "_cookies",
        "_headers",
        "_options",
        "_parameters",
        "_query",
        "exchange",
        "path",
        "query_string",
        "url",
    )

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        """What the transport knows: the request with its answer, event by event."""
        self._context: RequestContext | None = None
        self._cookies: dict[str, list[str]] | None = None
        self._headers: RequestHeaders | None = None
        self._options: Mapping[str, Any] = _NOTHING
        self._parameters: PathParameters = ()
        self._query: dict[str, list[str]] | None = None
        self.url = target = exchange.request.target
        """The request's target: not decoded, with its query."""
        # As `split_target`, without a call for what most are.
        if target[0] == _SLASH:
            self.path, _, self.query_string = target.partition(b"?")
        else:
            self.path, self.query_string = split_target(target)

    @property
    def method(self) -> bytes:
        """Such as `b"GET"`; methods are case-sensitive (RFC 9110 9.1)."""
        return self.exchange.request.method

    @property
    def version(self) -> bytes:
        """`b"1.1"` or `b"1.0"`."""
        return self.exchange.request.http_version

    @property
    def is_valid(self) -> bool:
        """True: what is malformed is refused before any application sees it."""
        return True

    @property
    def headers(self) -> RequestHeaders:
        """The header fields by lower-case name."""
        if self._headers is None:
            self._headers = RequestHeaders.of(self.exchange.request.headers)
        return self._headers

    @property
    def header(self) -> RequestHeader:
        """The request line, and the fields in the order of the wire."""
        return RequestHeader(self.exchange.request)

    @property
    def query(self) -> dict[str, list[str]]:
        """The fields of the query, decoded as UTF-8; those without a value are left out.

        Raises BadRequest if there are more than a hundred.
        """
        if self._query is None:
            try:
                self._query = parse_fields(
                    self.query_string.decode("latin-1"), most=_MOST_QUERY_FIELDS
                )
            except ValueError as error:
                raise BadRequest("too many fields in the query", cause=error) from error
            self.context["query"] = self._query
        return self._query

    @property
    def cookies(self) -> dict[str, list[str]]:
        """The values of each cookie, in the order of the wire; names are case-sensitive."""
        if self._cookies is None:
            self._cookies = parse_cookies(self.exchange.request.headers.get_all(b"cookie"))
        return self._cookies

    @property
    def host(self) -> bytes:
        """Host and port as the client knows them; empty if an HTTP/1.0 request names none.

        A trusted proxy's X-Forwarded-Host, or `host` in Forwarded, comes before `Host`.
        """
        return self.exchange.peer.host or self.exchange.request.headers.get(b"host") or b""

    @property
    def scheme(self) -> bytes:
        """`b"http"` or `b"https"`."""
        return self.exchange.peer.scheme.encode("ascii")

    @property
    def is_secure(self) -> bool:
        """Whether the request came over TLS."""
        return self.exchange.peer.scheme == "https"

    @property
    def client(self) -> Address | None:
        """The client's IP address and port; None where it has none, as in memory."""
        return self.exchange.peer.client

    @property
    def ip(self) -> bytes:
        """The client's IP address; empty where it has none."""
        client = self.exchange.peer.client
        return b"" if client is None else client[0].encode("utf-8", "surrogateescape")

    @property
    def server(self) -> ConnectionServer:
        """What may be done with the connection. Raises RuntimeError once that has ended."""
        return ConnectionServer(self.exchange.connection)

    @property
    def protocol(self) -> ConnectionServer:
        """The same as `server`."""
        return self.server

    @property
    def transport(self) -> ByteStream | None:
        """The stream that the connection runs on; None where another server has it."""
        return stream_of(self.exchange.connection)

    @property
    def socket(self) -> socket.socket | None:
        """The socket that the connection runs on; None where there is none, as in memory."""
        return socket_of(self.exchange.connection)

    @property
    def upgraded(self) -> bool:
        """Whether the request asks for a WebSocket and has been given one."""
        return self.exchange.request.upgrade is not None and self.exchange.response_started

    @property
    def content_type(self) -> bytes:
        """The type of the body; `b"application/octet-stream"` if the client names none."""
        return self.exchange.request.headers.get(b"content-type") or b"application/octet-stream"

    @property
    def content_length(self) -> int:
        """The length that the client announced; -1 if it announced none."""
        length = self.exchange.request.headers.get(b"content-length")
        return -1 if length is None or not _LENGTH.fullmatch(length) else int(length)

    @property
    def transfer_encoding(self) -> list[bytes]:
        """The transfer codings of the body, in lower case; none, or `chunked`."""
        codings = self.exchange.request.headers.get_list(b"transfer-encoding")
        return [coding.lower() for coding in codings]

    @property
    def http_keepalive(self) -> bool:
        """Whether the client would send another request on the connection."""
        request = self.exchange.request
        return request.http_version != b"1.0" and not request.headers.has_token(
            b"connection", b"close"
        )

    @property
    def http_continue(self) -> bool:
        """Whether the client waits for `100 Continue`, which reading the body sends."""
        return self.exchange.request.headers.has_token(b"expect", b"100-continue")

    @property
    def has_body(self) -> bool:
        """Whether a body follows that is not known to be empty."""
        return (
            self.content_length > 0
            or self.exchange.request.headers.get(b"transfer-encoding") is not None
        )

    @property
    def context(self) -> RequestContext:
        """What the application keeps for this request."""
        if self._context is None:
            self._context = RequestContext(self._options)
            if self._parameters:
                self._context["path"] = self._parameters
        return self._context

    @property
    def ctx(self) -> RequestContext:
        """The same object as `context`."""
        return self.context

    @property
    def params(self) -> RequestContext:
        """The same object as `context`; it holds `path` and `query` once they are known."""
        return self.context

    def uid(self, length: int = 32, *, ts_offset: int = 0) -> bytes:
        """Return `length` bytes, at least 16, that no other request is given.

        The first four are the time in seconds since 1970, and `ts_offset` more; then
        come two for the client's port, two for the process, and random ones,
        fit for secrets from 16 of them on. Raises ValueError for fewer than 16.
        """
        if length < _SHORTEST_UID:
            raise ValueError(f"a uid has at least {_SHORTEST_UID} bytes, not {length}")
        client = self.exchange.peer.client
        port = 0 if client is None or client[1] is None else client[1]
        seconds = (int(time.time()) + ts_offset) & 0xFFFF_FFFF
        known = struct.pack(">IHH", seconds, port & 0xFFFF, os.getpid() & 0xFFFF)
        return known + secrets.token_bytes(length - len(known))

    def matched(self, options: Mapping[str, Any], parameters: PathParameters) -> None:
        """Take over what the route tells, for the context. Called once a route is found."""
        if self._context is None:
            # The context is made when somebody asks for it, which most handlers never do.
            self._options = options
            self._parameters = parameters
            return
        self._context.options.update(options)
        if parameters:
            self._context["path"] = parameters
