"""Server-sent events to one client: what a handler is given as `sse`.

The bytes of an event are made in `event_encoder`.
"""

import math
from collections.abc import Awaitable, Callable

import anyio
from anyio import CancelScope
from anyio.lowlevel import checkpoint

from tremolo_core import ConnectionClosed
from tremolo_transport.exchange import ClientDisconnected

from .event_encoder import encode_comment, encode_event
from .request import Request
from .response import Response

__all__ = ("KEEPALIVE_SECONDS", "EventStream")

KEEPALIVE_SECONDS = 15.0
"""As WHATWG HTML 9.2.7 advises."""

_LAST_SILENCE_SECONDS = 1.0
"""After which a stream ends if the server stops; what is told word by word is told to its end."""

_FIELDS = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, must-revalidate"),
    (b"expires", b"Thu, 01 Jan 1970 00:00:00 GMT"),
    # nginx holds an answer back otherwise.
    (b"x-accel-buffering", b"no"),
)


class EventStream:
    """The events that one client is sent, as the answer to its request.

    Its fields stand in the response and may be changed there until the first
    event, or comment, is sent; that sends the head too. When the client leaves,
    the handler is cancelled, wherever it waits. A stream ends with its handler,
    and clients connect again then, unless the answer is 204.

    Sending waits while the client reads too slowly. It raises
    ClientDisconnected when the client is gone, which a handler need not catch,
    and LocalProtocolError behind `close`.
    """

    __slots__ = ("_cancel", "_pause", "_sent_at", "request", "response")

    def __init__(self, request: Request, response: Response) -> None:
        self.request = request
        self.response = response
        self._sent_at = 0.0
        """When something was sent last, by the clock of the event loop."""
        self._cancel: Callable[[], None] | None = None
        """Ends the handler, if it runs inside `accompany`."""
        self._pause: CancelScope | None = None
        """Around the wait for the client's leaving: its deadline is when to do something else."""
        for name, value in _FIELDS:
            response.set_header(name, value)

    @property
    def last_event_id(self) -> str | None:
        """The id of the last event that the client has seen, if it says so on coming back."""
        value = self.request.exchange.request.headers.get(b"last-event-id")
        return None if value is None else value.decode("utf-8", "replace")

    async def send(
        self,
        data: str | bytes,
        event: str | bytes | None = None,
        event_id: str | bytes | None = None,
        retry: int = 0,
        *,
        strip: bool = True,
    ) -> None:
        """Send one event.

        Line ends may be of any kind; with `strip`, those before and behind all
        of `data` are left out. `event` is its type, for clients that listen to
        some; `event_id` what a client that comes back tells as `last_event_id`;
        `retry` after how many milliseconds it should, 0 to leave that as it is.

        Raises ValueError for a line end in `event` or `event_id`.
        """
        await self._write(encode_event(data, event, event_id, retry, strip=strip))

    async def comment(self, text: str | bytes = "") -> None:
        """Send what clients pass over, such as to have the head sent before the first event."""
        await self._write(encode_comment(text))

    async def close(self) -> None:
        """End the stream."""
        await self.response.end()

    async def _write(self, data: bytes) -> None:
        await self.response.write(data)
        self._sent_at = anyio.current_time()
        if self.response.takes_no_more and self._cancel is not None:
            # An answer to HEAD, of which this was all.
            await self.response.end()
            self._cancel()
            await checkpoint()

    async def accompany(
        self, handler: Callable[[], Awaitable[None]], *, keepalive: float | None
    ) -> None:
        """Run `handler`, send comments meanwhile, and cancel it when the client leaves.

        A comment is sent after `keepalive` seconds of silence; None is never. If
        the server stops, the stream ends when it has been silent for a second:
        the handler is cancelled, and the client connects again.
        Raises what `handler` raises, and ClientDisconnected if the client has left.
        """
        failure: BaseException | None = None
        left: bool | None = None
        async with anyio.create_task_group() as group:
            self._cancel = group.cancel_scope.cancel

            async def attend() -> None:
                nonlocal left
                shutdown = self.request.exchange.shutdown
                shutdown.on_drain(self._wake)
                try:
                    left = await self._attend(keepalive)
                finally:
                    shutdown.forget_drain(self._wake)
                group.cancel_scope.cancel()

            group.start_soon(attend)
            try:
                await handler()
            except (Exception, SystemExit) as error:
                # Not to be wrapped in a group.
                failure = error
            group.cancel_scope.cancel()
        self._cancel = None
        if failure is not None:
            try:
                raise failure
            finally:
                # Its traceback holds this frame.
                del failure
        if left is None or self.response.ended:
            return
        if left:
            raise ClientDisconnected("the client has left")
        if not self.response.headers_sent():
            # Of any other answer a browser would make that it need not come again.
            await self.comment()
        await self.close()

    async def _attend(self, keepalive: float | None) -> bool:
        """Send comments until the client has left, true, or is to come again elsewhere."""
        seconds = math.inf if keepalive is None else keepalive
        shutdown = self.request.exchange.shutdown
        begun = anyio.current_time()
        due = begun + seconds
        while True:
            if shutdown.draining:
                due = min(due, max(begun, self._sent_at) + _LAST_SILENCE_SECONDS)
            with CancelScope(deadline=due) as self._pause:
                await self._until_client_leaves()
                return True
            now = anyio.current_time()
            silent_since = max(begun, self._sent_at)
            if shutdown.draining and now >= silent_since + _LAST_SILENCE_SECONDS:
                return False
            due = self._sent_at + seconds
            if now < due:
                continue
            due = now + seconds
            if self._may_comment():
                try:
                    await self.comment()
                except ClientDisconnected:
                    return True

    def _wake(self) -> None:
        """Have `_attend` look what is due."""
        if self._pause is not None:
            self._pause.deadline = -math.inf

    async def _until_client_leaves(self) -> None:
        exchange = self.request.exchange
        while not isinstance(await exchange.receive(), ConnectionClosed):
            pass

    def _may_comment(self) -> bool:
        """Whether the head is sent: whatever it says is the handler's to decide."""
        return self.response.headers_sent() and not self.response.ended
