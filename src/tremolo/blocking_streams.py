"""Server-sent events as plain functions send them; see `blocking`."""

from anyio import from_thread

from .blocking import BlockingRequest, BlockingResponse
from .event_stream import EventStream

__all__ = ("BlockingEventStream",)


class BlockingEventStream:
    """An `EventStream` for plain functions."""

    __slots__ = ("_events",)

    def __init__(self, events: EventStream) -> None:
        self._events = events

    @property
    def request(self) -> BlockingRequest:
        """What the client asks for."""
        return BlockingRequest(self._events.request)

    @property
    def response(self) -> BlockingResponse:
        """What the events are the body of."""
        return BlockingResponse(self._events.response)

    @property
    def last_event_id(self) -> str | None:
        """As `EventStream.last_event_id`."""
        return self._events.last_event_id

    def send(
        self,
        data: str | bytes,
        event: str | bytes | None = None,
        event_id: str | bytes | None = None,
        retry: int = 0,
        *,
        strip: bool = True,
    ) -> None:
        """As `EventStream.send`."""

        async def send() -> None:
            await self._events.send(data, event, event_id, retry, strip=strip)

        from_thread.run(send)

    def comment(self, text: str | bytes = "") -> None:
        """As `EventStream.comment`."""
        from_thread.run(self._events.comment, text)

    def close(self) -> None:
        """As `EventStream.close`."""
        from_thread.run(self._events.close)
