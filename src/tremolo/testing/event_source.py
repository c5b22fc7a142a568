"""An answer whose server-sent events a test reads one by one.

How they are made of its bytes is the business of `event_decoder`.
"""

from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Self

from .errors import Misbehaviour
from .event_decoder import EventDecoder, ServerSentEvent
from .needs_httpx import httpx

__all__ = ("EventSource", "SyncEventSource")


class _Events:
    """What has been decoded and not yet been asked for."""

    def __init__(self, response: httpx.Response) -> None:
        """Raises Misbehaviour if the answer is none of events."""
        kind = response.headers.get("content-type", "no type")
        if response.status_code != 200 or kind.partition(";")[0].strip() != "text/event-stream":
            raise Misbehaviour(
                f"{response.request.method} {response.request.url} was answered with"
                f" {response.status_code} and {kind}, not with 200 and text/event-stream"
            )
        self.response = response
        """The answer; its body is read by iterating over this."""
        self._decoder = EventDecoder()
        self._ready: deque[ServerSentEvent] = deque()


class EventSource(_Events):
    """The events of an answer, until it ends. Made by `Client.sse`."""

    def __init__(self, response: httpx.Response, body: AsyncIterator[bytes]) -> None:
        super().__init__(response)
        self._body = body

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ServerSentEvent:
        while not self._ready:
            self._ready += self._decoder.receive_data(await anext(self._body))
        return self._ready.popleft()


class SyncEventSource(_Events):
    """The events of an answer, until it ends. Made by `SyncClient.sse`."""

    def __init__(self, response: httpx.Response, body: Iterator[bytes]) -> None:
        super().__init__(response)
        self._body = body

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> ServerSentEvent:
        while not self._ready:
            self._ready += self._decoder.receive_data(next(self._body))
        return self._ready.popleft()
