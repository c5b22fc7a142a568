"""An exchange with nobody behind it, for tests of what stands on top of one.

They look at how messages are grouped into calls of it, and have it refuse a call: what a
client sees, which is all that `tremolo.testing` would tell, is bytes.
What it does is what `Exchange` promises, as far as the bridge relies on it;
`test_applications` has the same conversations over real sockets.
"""

from contextlib import AbstractContextManager

import anyio

from tremolo_core import (
    ConnectionClosed,
    Event,
    Headers,
    LocalProtocolError,
    Request,
    Response,
)
from tremolo_transport.exchange import (
    ClientDisconnected,
    Exchange,
    Peer,
    ShutdownNotice,
)

__all__ = ("FakeExchange", "request")


def request(method: bytes = b"GET", target: bytes = b"/") -> Request:
    return Request(method=method, target=target, headers=Headers([(b"host", b"example.org")]))


class FakeExchange(Exchange):
    """Gives out `incoming`, then waits for `leave`; keeps each call's events in `sent`."""

    def __init__(self, *incoming: Event, asked: Request | None = None) -> None:
        self.request = asked or request()
        self.peer = Peer(client=("192.0.2.1", 50_000), server=("192.0.2.2", 80))
        self.shutdown = ShutdownNotice()
        self.sent: list[tuple[Event, ...]] = []
        self.refusal: LocalProtocolError | None = None
        """What the next call of `send` raises, having sent nothing."""
        self.waiting = anyio.Event()
        """Set when somebody waits for the client to leave."""
        self._incoming = list(incoming)
        self._left = anyio.Event()

    def leave(self) -> None:
        """The client resets the connection."""
        self._left.set()

    async def receive(self) -> Event:
        if self._incoming:
            return self._incoming.pop(0)
        if not self._left.is_set():
            self.waiting.set()
            await self._left.wait()
        return ConnectionClosed()

    async def send(self, *events: Event) -> None:
        if self._left.is_set():
            raise ClientDisconnected("the client has left")
        refusal, self.refusal = self.refusal, None
        if refusal is not None:
            raise refusal
        self.sent.append(events)

    def limit_body(self, size: int | None) -> None:
        raise AssertionError("the bridge has no limits of its own")

    def limit_time(self, seconds: float | None) -> None:
        raise AssertionError("the bridge has no limits of its own")

    @property
    def disconnected(self) -> bool:
        return self._left.is_set()

    def cancelled_on_disconnect(self) -> AbstractContextManager[None]:
        raise AssertionError("the bridge does not cancel applications")

    @property
    def response_started(self) -> bool:
        return any(isinstance(event, Response) for events in self.sent for event in events)
