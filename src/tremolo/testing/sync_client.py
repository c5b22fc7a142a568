"""The client for tests that are plain functions: `Client`, each call of which blocks.

What it needs is asynchronous, and runs in an event loop of the client's own:
`stepped_loop`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter
from types import TracebackType
from typing import Any, Self

from .clock import Backend, Clock
from .errors import Misbehaviour
from .event_source import SyncEventSource
from .harness import Harness, Terms
from .kept_requests import KeptRequests, kept_url
from .needs_httpx import httpx
from .short_way import add_to_elapsed, has_short_way, whole_response
from .stepped_loop import open_loop
from .sync_transport import SyncTransport
from .sync_websocket import SyncWebSocketSession
from .transport import REPLY
from .under_test import Testable, find_handler
from .websocket_handshake import HandshakeTerms, open_websocket

__all__ = ("SyncClient",)


class SyncClient(httpx.Client):
    """An `httpx.Client` whose requests go to `app`, wherever their URL points.

        with SyncClient(app) as client:
            response = client.get("/hello")

    The application runs in the same thread, on an event loop of `backend` that
    stands still between the client's calls; with a `clock` no call waits. All
    else is as with `Client`. Entering raises RuntimeError where an event loop
    runs already: there `Client` is to be used.
    """

    def __init__(
        self,
        app: Testable,
        *,
        backend: Backend = "asyncio",
        clock: Clock | None = None,
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
        self._harness = Harness(find_handler(app, options), terms)
        self._loop = open_loop(backend, clock)
        self._to_server = SyncTransport(self._harness, self._loop)
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

    def __enter__(self) -> Self:
        try:
            self._loop.run(self._harness.open)
        except BaseException:
            self._loop.close()
            raise
        return super().__enter__()

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        # What was done wrong was done elsewhere: pytest shows the test, not this.
        __tracebackhide__ = True
        try:
            super().__exit__(exc_type, exc_value, traceback)
        finally:
            try:
                self._loop.run(self._harness.close, exc_value)
            except Misbehaviour as error:
                # Nor the event loop in which that was found out.
                raise error.with_traceback(None) from None
            finally:
                self._loop.close()

    def build_request(self, method: str, url: httpx.URL | str, **arguments: Any) -> httpx.Request:
        return self._requests.build(method, url, arguments)

    def send(
        self,
        request: httpx.Request,
        *,
        stream: bool = False,
        auth: Any = httpx.USE_CLIENT_DEFAULT,
        follow_redirects: Any = httpx.USE_CLIENT_DEFAULT,
    ) -> httpx.Response:
        if stream or not has_short_way(self, request, auth):
            return super().send(
                request, stream=stream, auth=auth, follow_redirects=follow_redirects
            )
        began = perf_counter()
        reply, body = self._to_server.ask(request, to_its_end=True)
        if body is not None:
            return whole_response(request, reply, body, began=began)
        # httpx has more to do with it.
        request.extensions[REPLY] = reply
        waited = perf_counter() - began
        response = super().send(request, follow_redirects=follow_redirects)
        return add_to_elapsed(response, waited)

    @contextmanager
    def sse(self, url: str, *, method: str = "GET", **arguments: Any) -> Iterator[SyncEventSource]:
        """Ask for server-sent events, to iterate over, and leave at the end.

        `arguments` are those of `stream`. Raises Misbehaviour if the answer is
        none of events.
        """
        headers = httpx.Headers(arguments.pop("headers", None))
        headers.setdefault("accept", "text/event-stream")
        headers.setdefault("cache-control", "no-store")
        with self.stream(method, url, headers=headers, **arguments) as response:
            yield SyncEventSource(response, response.iter_bytes())

    @contextmanager
    def websocket(
        self,
        url: str,
        *,
        subprotocols: Sequence[str] = (),
        compression: bool = False,
        **arguments: Any,
    ) -> Iterator[SyncWebSocketSession]:
        """Open a WebSocket, and close it at the end; all is as with `Client.websocket`."""
        request = self.build_request("GET", url, **arguments)
        terms = HandshakeTerms(subprotocols=tuple(subprotocols), compression=compression)
        self._harness.must_be_open()
        opened = open_websocket(self._harness, request, terms)
        session = self._loop.run(opened.__aenter__)
        try:
            self.cookies.extract_cookies(session.response)
            yield SyncWebSocketSession(session, self._loop)
        except BaseException as error:
            self._loop.run(opened.__aexit__, type(error), error, error.__traceback__)
            raise
        self._loop.run(opened.__aexit__, None, None, None)
