"""httpx over the pool, for clients that block: each call runs the event loop until it is done.

`transport` does the same for those that do not.
"""

from collections.abc import AsyncIterator, Iterator

from .harness import Harness
from .http_connection import OutgoingRequest
from .needs_httpx import httpx
from .pool import Pool, Reply
from .stepped_loop import SteppedLoop
from .transport import REPLY, as_of_httpx, extensions_of, outgoing

__all__ = ("SyncTransport",)


class SyncTransport(httpx.BaseTransport):
    """Sends the requests of an `httpx.Client` over a pool."""

    def __init__(self, harness: Harness, loop: SteppedLoop) -> None:
        self._harness = harness
        self._pool = Pool(harness)
        self._loop = loop

    def ask(
        self, request: httpx.Request, *, to_its_end: bool = False
    ) -> tuple[Reply, bytes | None]:
        """Send a request; return its answer, and if wanted its body as `Reply.whole_body`."""
        assert isinstance(request.stream, httpx.SyncByteStream)
        self._harness.must_be_open()
        to_send = outgoing(request, _pieces_of(request.stream))
        try:
            return self._loop.run(self._ask, to_send, request.url.scheme, to_its_end)
        except Exception as error:
            failure = as_of_httpx(error, request)
        # Out here, what it was raised in stays its context.
        raise failure

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, unless that is done; its answer's body is read when it is asked for."""
        reply = request.extensions.pop(REPLY, None)
        if reply is None:
            reply, _ = self.ask(request)
        return httpx.Response(
            reply.status,
            headers=list(reply.headers),
            stream=_Body(reply, request, self._loop),
            extensions=extensions_of(reply),
        )

    def close(self) -> None:
        """Close the connections that are kept."""
        if self._harness.is_open:
            self._loop.run(self._pool.aclose)

    async def _ask(
        self, request: OutgoingRequest, scheme: str, to_its_end: bool
    ) -> tuple[Reply, bytes | None]:
        reply = await self._pool.ask(request, scheme)
        return reply, (await reply.whole_body() if to_its_end else None)


class _Body(httpx.SyncByteStream):
    def __init__(self, reply: Reply, request: httpx.Request, loop: SteppedLoop) -> None:
        self._reply = reply
        self._request = request
        self._loop = loop

    def __iter__(self) -> Iterator[bytes]:
        while True:
            try:
                data = self._loop.run(self._reply.__anext__)
            except StopAsyncIteration:
                return
            except Exception as error:
                failure = as_of_httpx(error, self._request)
                break
            yield data
        raise failure

    def close(self) -> None:
        self._loop.run(self._reply.aclose)


async def _pieces_of(stream: httpx.SyncByteStream) -> AsyncIterator[bytes]:
    for piece in stream:
        yield piece
