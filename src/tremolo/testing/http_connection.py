"""A client's HTTP/1.1 connection: one request after the other, bodies streamed both ways.

Which connection a request goes over is decided in `pool`; httpx is put on top
by `transport` and `sync_transport`.
"""

from collections.abc import AsyncIterable

from anyio import BrokenResourceError, ClosedResourceError

from tremolo_core import Data, EndOfMessage, InformationalResponse, Response, value

from .harness import Harness
from .request_writer import kept_head
from .upload import Upload, pieces_of
from .wire import Wire

__all__ = ("HandlerFailed", "HttpConnection", "OutgoingRequest", "ServerClosed")

_LITTLE = 32_768
"""Bytes of a body that are sent before the answer is looked for: less than waits on its way."""


class ServerClosed(Exception):
    """The server has ended the connection before it answered anything."""


class HandlerFailed(Exception):
    """Carries what the handler has raised, so that nobody takes it for an error of ours."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


@value
class OutgoingRequest:
    """A request that is to be sent."""

    method: str
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes | AsyncIterable[bytes] = b""
    timeout: float | None = None
    """Seconds to wait for the server; None for as long as everybody does."""


class HttpConnection:
    """Sends requests over a wire. Made by `Pool`.

    Each call raises HandlerFailed if the handler has raised something and that
    is wanted, what iterating over the request's body has raised,
    RemoteProtocolError if the answer is not HTTP or breaks off, and TimeoutError
    if the server lets us wait. After any of those the connection is closed.
    """

    def __init__(self, wire: Wire, harness: Harness) -> None:
        self._wire = wire
        self._harness = harness
        self._patience = wire.timeout
        self._method = "GET"
        self._upload: Upload | None = None

    async def ask(self, request: OutgoingRequest) -> Response:
        """Send a request, and return the head of its answer.

        Raises ServerClosed if the server ends the connection instead.
        """
        self._wire.timeout = self._patience if request.timeout is None else request.timeout
        self._method = request.method
        try:
            await self._send(request)
            return await self._receive_head()
        except BaseException as error:
            await self.aclose()
            self._raise_cause(error)
            raise

    async def receive_body(self) -> Data | EndOfMessage:
        """Return what comes next of the answer."""
        try:
            event = await self._wire.receive_event(method=self._method)
        except BaseException as error:
            await self.aclose()
            self._raise_cause(error)
            raise
        assert isinstance(event, Data | EndOfMessage)
        return event

    def take_body(self) -> bytes | None:
        """Return the whole body, and the end, if it came with the head; None if it did not."""
        return self._wire.take_body()

    async def finish(self) -> bool:
        """Wait for the handler once the answer is complete; false if no request may follow."""
        if not self._wire.may_go_on or (self._upload is not None and not self._upload.done):
            await self.aclose()
        self._upload = None
        try:
            await self._harness.settle(self._wire.client)
        except BaseException:
            await self.aclose()
            raise
        failure = self._harness.take_failure(self._wire.client)
        if failure is not None:
            await self.aclose()
            raise HandlerFailed(failure)
        return not self._wire.closed

    async def aclose(self) -> None:
        """Leave: the server sees an end, wherever the answer is."""
        if self._upload is not None:
            self._upload.cancel()
        await self._wire.aclose()

    async def _send(self, request: OutgoingRequest) -> None:
        start, chunked = kept_head(request.method, request.target, request.headers)
        body = request.body
        if isinstance(body, bytes) and len(body) <= _LITTLE and not chunked:
            try:
                await self._wire.send(start + body)
            except (BrokenResourceError, ClosedResourceError):
                # It may have answered before it closed: reading will tell.
                return
        else:
            pieces = pieces_of(body) if isinstance(body, bytes) else body
            self._upload = Upload(self._wire, start, pieces, chunked=chunked)
            self._harness.start_soon(self._upload.run)

    async def _receive_head(self) -> Response:
        while True:
            try:
                event = await self._wire.receive_event(method=self._method)
            except (BrokenResourceError, ClosedResourceError):
                raise ServerClosed from None
            match event:
                case Response():
                    return event
                case InformationalResponse():
                    # 101 is final too, but switching protocols has a method of its own.
                    continue
                case _:
                    raise ServerClosed

    def _raise_cause(self, error: BaseException) -> None:
        """Raise what is behind `error`, if that is known: it explains more."""
        if isinstance(error, Exception):
            if self._upload is not None and self._upload.error is not None:
                raise self._upload.error
            failure = self._harness.take_failure(self._wire.client)
            if failure is not None:
                raise HandlerFailed(failure)
