"""An exchange that plays a script: what the client says, and a record of what it is told.

It is for tests of one object that stands on an exchange and is no application:
how it groups its events into writes, what it asks for and when, what it does with
pieces that are cut just so. A client in memory hides that, as it sees bytes. What
is a matter of a whole application is tested with `tremolo.testing`, and that this
one does what a served exchange does, in `test_fake_exchange`.
"""

import itertools
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVarTuple

import anyio.lowlevel
from anyio.abc import TaskGroup

from tremolo_core import ConnectionClosed, Data, EndOfMessage, Event, Headers, Request, Response
from tremolo_transport.exchange import (
    KEEP,
    ConnectionState,
    Exchange,
    Keep,
    Peer,
    Rate,
    ShutdownNotice,
)

Arguments = TypeVarTuple("Arguments")

_IDS = itertools.count(1)


class FakeConnection:
    def __init__(self) -> None:
        self.id = next(_IDS)
        self.state = ConnectionState.BUSY
        self.callbacks: list[Callable[[], None]] = []
        self.tasks: TaskGroup | None = None

    def on_close(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)

    def start_soon(
        self, function: Callable[[*Arguments], Awaitable[object]], *args: *Arguments
    ) -> None:
        assert self.tasks is not None, "nobody has said where tasks of the connection run"

        async def run() -> None:
            await function(*args)

        self.tasks.start_soon(run)

    def close(self) -> None:
        self.state = ConnectionState.CLOSED
        for callback in self.callbacks:
            callback()


class FakeExchange(Exchange):
    """`script` is what `receive` returns; behind its end it waits for ever."""

    def __init__(
        self,
        target: bytes = b"/",
        *,
        method: bytes = b"GET",
        headers: Iterable[tuple[bytes, bytes]] = ((b"host", b"example.com"),),
        http_version: bytes = b"1.1",
        script: Iterable[Event] = (EndOfMessage(),),
        connection: FakeConnection | None = None,
        peer: Peer = Peer(client=("192.0.2.1", 5000), server=("192.0.2.2", 80)),
    ) -> None:
        self.request = Request(
            method=method, target=target, headers=Headers.of(headers), http_version=http_version
        )
        self.peer = peer
        self.connection: FakeConnection = FakeConnection() if connection is None else connection
        self.shutdown = ShutdownNotice()
        self.script = list(script)
        self.sends: list[tuple[Event, ...]] = []
        self.body_limits: list[int | None] = []
        self.time_limits: list[float | None] = []
        self.paces: list[tuple[Rate | Keep, Rate | Keep, bool]] = []
        self.fail_next_send: BaseException | None = None
        self.before_send: Callable[[], None] = lambda: None

    async def receive(self) -> Event:
        if not self.script:
            await anyio.sleep_forever()
        if isinstance(self.script[0], ConnectionClosed):
            return self.script[0]
        return self.script.pop(0)

    async def send(self, *events: Event) -> None:
        self.before_send()
        await anyio.lowlevel.checkpoint()
        if self.fail_next_send is not None:
            error, self.fail_next_send = self.fail_next_send, None
            raise error
        self.sends.append(events)

    def pace(
        self,
        *,
        download: Rate | Keep = KEEP,
        upload: Rate | Keep = KEEP,
        lasting: bool = False,
    ) -> None:
        self.paces.append((download, upload, lasting))

    def limit_time(self, seconds: float | None) -> None:
        self.time_limits.append(seconds)

    def limit_body(self, size: int | None) -> None:
        self.body_limits.append(size)

    @property
    def disconnected(self) -> bool:
        return any(isinstance(event, ConnectionClosed) for event in self.script[:1])

    def cancelled_on_disconnect(self) -> AbstractContextManager[None]:
        return nullcontext()

    @property
    def response_started(self) -> bool:
        return any(isinstance(event, Response) for event in self.events)

    # What the tests ask for.

    @property
    def events(self) -> list[Event]:
        return [event for events in self.sends for event in events]

    @property
    def response(self) -> Response:
        (response,) = (event for event in self.events if isinstance(event, Response))
        return response

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def body(self) -> bytes:
        return b"".join(event.data for event in self.events if isinstance(event, Data))

    @property
    def complete(self) -> bool:
        return bool(self.events) and isinstance(self.events[-1], EndOfMessage)

    def header(self, name: bytes) -> bytes | None:
        return self.response.headers.get(name)


class QueueingExchange(FakeExchange):
    """One that takes what is to be written later, and what need not wait, as a connection's does.

    Only if it is `quick` need nothing wait.
    """

    queues = True

    def __init__(self, *, quick: bool = False) -> None:
        super().__init__()
        self.quick = quick
        self.queued: list[Event] = []
        self.at_once = 0
        """How many answers were sent without a wait."""
        self.fail_next_queue: BaseException | None = None

    def queue(self, *events: Event) -> None:
        if self.fail_next_queue is not None:
            error, self.fail_next_queue = self.fail_next_queue, None
            raise error
        self.queued += events

    def write_queued(self) -> None:
        self.sends.append(tuple(self.queued))
        self.queued.clear()

    async def send(self, *events: Event) -> None:
        events = (*self.queued, *events)
        self.queued.clear()
        await super().send(*events)

    def send_whole(self, response: Response, body: bytes) -> bool:
        assert response.headers.get(b"content-length") == b"%d" % len(body)
        return self._send_at_once(response, [body])

    def send_chunks(self, response: Response, pieces: Sequence[bytes]) -> bool:
        assert response.headers.get(b"content-length") is None
        return self._send_at_once(response, pieces)

    def _send_at_once(self, response: Response, pieces: Sequence[bytes]) -> bool:
        if not self.quick or self.queued or self.response_started:
            return False
        self.at_once += 1
        self.sends.append((response, *(Data(data=piece) for piece in pieces), EndOfMessage()))
        return True

    @property
    def response_started(self) -> bool:
        return any(isinstance(event, Response) for event in (*self.events, *self.queued))
