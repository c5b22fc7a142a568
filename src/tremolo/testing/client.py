"""The client that tests ask an application with: httpx's, with a server of its own behind it.

`sync_client` has the same for tests that are no coroutines. What a test is told
of the application is decided in `harness`.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from types import TracebackType
from typing import Any, Self

from anyio import CancelScope

from .event_source import EventSource
from .harness import Harness, Terms
from .kept_requests import KeptRequests, kept_url
from .lines import Line
from .needs_httpx import httpx
from .pool import Pool
from .short_way import add_to_elapsed, has_short_way, whole_response
from .transport import BODY, REPLY, Transport
from .under_test import Testable, find_handler
from .websocket import WebSocketSession
from .websocket_handshake import HandshakeTerms, open_websocket
from .wire import Wire

__all__ = ("Client",)


class Client(httpx.AsyncClient):
    """An `httpx.AsyncClient` whose requests go to `app`, wherever their URL points.

        async with Client(app) as client:
            response = await client.get("/hello")

    Entering it starts the application up, leaving it shuts that down: through
    the code that serves in production, over connections in memory. `app` is a
    Tremolo application, one that speaks ASGI 3, or a handler of exchanges.

    With `tcp` the same goes over a real socket. What a handler raises is raised
    here too, by the request that it was to answer, unless
    `raise_server_exceptions` is false; what it leaves behind fails the test when
    the client is left, as Misbehaviour, unless `check_leaks` is false: a task, a
    generator that is not closed, a context variable that other requests see, or
    the handler itself if it runs on for `grace` seconds after its client has
    left.

    A request returns when its handler has, too. It waits for `timeout` seconds
    at most, by default 30, or an hour of a `Clock`; `grace` is 5 by default, or
    60 of a `Clock`. The other arguments up to `follow_redirects` are httpx's, and
    `options` are those of `tremolo.serve`.

    Raises ConfigError, a ValueError, for an option that cannot be, and
    NotAnApplication, a TypeError, for such an `app`; entering raises what the
    application's start-up raises.
    """

    def __init__(
        self,
        app: Testable,
        *,
        tcp: bool = False,
        raise_server_exceptions: bool = True,
        check_leaks: bool = True,
        timeout: float | None = None,
        grace: float | None = None,
        base_url: str = "http://testserver",
        headers: Mapping[str, str] | None = None,
        cookies: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        auth: httpx.Auth | tuple[str, str] | None = None,
        follow_redirects: bool = False,
        **options: Any,
    ) -> None:
        terms = Terms(
            tcp=tcp,
            raise_server_exceptions=raise_server_exceptions,
            check_leaks=check_leaks,
            timeout=timeout,
            grace=grace,
        )
        self.harness = Harness(find_handler(app, options), terms)
        """The server behind it, for tools such as `split_everywhere`."""
        self._to_server = Transport(Pool(self.harness))
        super().__init__(
            transport=self._to_server,
            base_url=kept_url(base_url),
            headers=headers,
            cookies=dict(cookies or {}),
            params=params,
            auth=auth,
            follow_redirects=follow_redirects,
            timeout=None,
            trust_env=False,
        )
        self._requests = KeptRequests(self, super().build_request)

    async def __aenter__(self) -> Self:
        await self.harness.open()
        return await super().__aenter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        # What was done wrong was done elsewhere: pytest shows the test, not this.
        __tracebackhide__ = True
        try:
            await super().__aexit__(exc_type, exc_value, traceback)
        finally:
            await self.harness.close(exc_value)

    def build_request(self, method: str, url: httpx.URL | str, **arguments: Any) -> httpx.Request:
        return self._requests.build(method, url, arguments)

    async def send(
        self,
        request: httpx.Request,
        *,
        stream: bool = False,
        auth: Any = httpx.USE_CLIENT_DEFAULT,
        follow_redirects: Any = httpx.USE_CLIENT_DEFAULT,
    ) -> httpx.Response:
        if stream or not has_short_way(self, request, auth):
            return await super().send(
                request, stream=stream, auth=auth, follow_redirects=follow_redirects
            )
        began = perf_counter()
        reply, body = await self._to_server.ask(request, to_its_end=True)
        if body is not None:
            return whole_response(request, reply, body, began=began)
        # httpx has more to do with it.
        request.extensions[REPLY] = reply
        waited = perf_counter() - began
        response = await super().send(request, follow_redirects=follow_redirects)
        return add_to_elapsed(response, waited)

    @asynccontextmanager
    async def connection(
        self,
        *,
        scheme: str = "http",
        capacity: int | None = None,
        wrap: Callable[[Line], Line] | None = None,
    ) -> AsyncIterator[Wire]:
        """Open a connection, to send and receive bytes, and close it at the end.

        `capacity` is how many bytes wait on their way in either direction, about:
        64 KiB by default. `wrap` may put something between the connection and
        its user.
        """
        wire = await self.harness.connect(scheme=scheme, capacity=capacity, wrap=wrap)
        try:
            yield wire
        finally:
            with CancelScope(shield=True):
                await wire.aclose()
        failure = self.harness.take_failure(wire.client)
        if failure is not None:
            raise failure

    @asynccontextmanager
    async def sse(
        self, url: str, *, method: str = "GET", **arguments: Any
    ) -> AsyncIterator[EventSource]:
        """Ask for server-sent events, to iterate over, and leave at the end.

        `arguments` are those of `stream`. Raises Misbehaviour if the answer is
        none of events.
        """
        headers = httpx.Headers(arguments.pop("headers", None))
        headers.setdefault("accept", "text/event-stream")
        headers.setdefault("cache-control", "no-store")
        async with self.stream(method, url, headers=headers, **arguments) as response:
            yield EventSource(response, response.extensions[BODY])

    @asynccontextmanager
    async def websocket(
        self,
        url: str,
        *,
        subprotocols: Sequence[str] = (),
        compression: bool = False,
        **arguments: Any,
    ) -> AsyncIterator[WebSocketSession]:
        """Open a WebSocket, and close it at the end with 1000, unless that is done.

        `subprotocols` are offered in the order of preference, permessage-deflate
        if there is to be `compression`; `arguments`, such as `headers` and
        `params`, are those of `build_request`.

        Raises WebSocketRefused if the application answers with an ordinary
        response, and what its handler has raised, as a request does.
        """
        request = self.build_request("GET", url, **arguments)
        terms = HandshakeTerms(subprotocols=tuple(subprotocols), compression=compression)
        async with open_websocket(self.harness, request, terms) as session:
            self.cookies.extract_cookies(session.response)
            yield session
