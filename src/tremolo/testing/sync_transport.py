"""httpx over the pool, for clients that block: each call runs the event loop until it is done.

`transport` does the same for those that do not.
"""

from collections.abc import AsyncIterator, Iterator

from .harness import Harness
from .needs_httpx import httpx
from .pool import Pool, Reply
from .stepped_loop import SteppedLoop
from .transport import as_of_httpx, extensions_of, outgoing

__all__ = ("SyncTransport",)


class SyncTransport(httpx.BaseTransport):
    """Sends the requests of an `httpx.Client` over a pool."""

    def __init__(self, harness: Harness, loop: SteppedLoop) -> None:
        self._harness = harness
        self._pool = Pool(harness)
        self._loop = loop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; its answer's body is read when it is asked for."""
        assert isinstance(request.stream, httpx.SyncByteStream)
        self._harness.must_be_open()
        to_send = outgoing(request, _pieces_of(request.stream))
        try:
            reply = self._loop.run(self._pool.ask, to_send, request.url.scheme)
        except Exception as error:
            failure = as_of_httpx(error, request)
        else:
            return httpx.Response(
                reply.status,
                headers=list(reply.headers),
                stream=_Body(reply, request, self._loop),
                extensions=extensions_of(reply),
            )
        # Out here, what it was raised in stays its context.
        raise failure

    def close(self) -> None:
        """Close the connections that are kept."""
        if self._harness.is_open:
            self._loop.run(self._pool.aclose)


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
