"""httpx over the pool: its requests go to the server under test, wherever their URL points.

`sync_transport` does the same for clients that block.
"""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Final

from anyio import BrokenResourceError, ClosedResourceError

from tremolo_core import LocalProtocolError, RemoteProtocolError

from .http_connection import HandlerFailed, OutgoingRequest, ServerClosed
from .needs_httpx import httpx
from .pool import Pool, Reply

__all__ = ("BODY", "REPLY", "Transport", "as_of_httpx", "extensions_of", "outgoing")

BODY: Final = "tremolo.body"
"""The extension of an answer that has its body as an iterator, which is no generator."""

REPLY: Final = "tremolo.reply"
"""The extension of a request that was sent already: what has come of it."""


class Transport(httpx.AsyncBaseTransport):
    """Sends the requests of an `httpx.AsyncClient` over a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def ask(
        self, request: httpx.Request, *, to_its_end: bool = False
    ) -> tuple[Reply, bytes | None]:
        """Send a request; return its answer, and if wanted its body as `Reply.whole_body`."""
        assert isinstance(request.stream, httpx.AsyncByteStream)
        to_send = outgoing(request, request.stream)
        try:
            reply = await self._pool.ask(to_send, request.url.scheme)
            return reply, (await reply.whole_body() if to_its_end else None)
        except Exception as error:
            failure = as_of_httpx(error, request)
        # Out here, what it was raised in stays its context.
        raise failure

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, unless that is done; its answer's body is read when it is asked for."""
        reply = request.extensions.pop(REPLY, None)
        if reply is None:
            reply, _ = await self.ask(request)
        body = _Body(reply, request)
        return httpx.Response(
            reply.status,
            headers=list(reply.headers),
            stream=body,
            extensions={**extensions_of(reply), BODY: body},
        )

    async def aclose(self) -> None:
        """Close the connections that are kept."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    # A generator that is left early would wait for the garbage collector.

    def __init__(self, reply: Reply, request: httpx.Request) -> None:
        self._reply = reply
        self._request = request

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._reply)
        except StopAsyncIteration:
            raise
        except Exception as error:
            failure = as_of_httpx(error, self._request)
        raise failure

    async def aclose(self) -> None:
        await self._reply.aclose()


def outgoing(request: httpx.Request, stream: AsyncIterable[bytes]) -> OutgoingRequest:
    """A request of httpx as the pool takes it."""
    try:
        body: bytes | AsyncIterable[bytes] = request.content
    except httpx.RequestNotRead:
        body = stream
    return OutgoingRequest(
        method=request.method,
        target=request.extensions.get("target", request.url.raw_path),
        headers=tuple(request.headers.raw),
        body=body,
        timeout=request.extensions.get("timeout", {}).get("read"),
    )


def extensions_of(reply: Reply) -> dict[str, object]:
    """What httpx tells besides status and fields."""
    return {"http_version": b"HTTP/1.1", "reason_phrase": reply.reason}


def as_of_httpx(error: Exception, request: httpx.Request) -> BaseException:
    """What to raise for `error`: what httpx has for that, or what the handler itself has raised."""
    match error:
        case HandlerFailed():
            return error.error
        case ServerClosed():
            text = "the server ended the connection without an answer"
            return httpx.RemoteProtocolError(text, request=request)
        case RemoteProtocolError():
            translated: httpx.TransportError = httpx.RemoteProtocolError(
                str(error), request=request
            )
        case LocalProtocolError():
            translated = httpx.LocalProtocolError(str(error), request=request)
        case TimeoutError():
            translated = httpx.ReadTimeout(str(error), request=request)
        case BrokenResourceError() | ClosedResourceError():
            text = "the server broke the connection off"
            translated = httpx.ReadError(text, request=request)
        case _:
            return error
    translated.__cause__ = error
    return translated
