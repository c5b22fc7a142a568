"""Conversations of a raw client with the server, on any pair of streams, no clock running.

The server's side is built by hand from its parts, so that a test says itself
what time it is. The client's side is read by h11, which knows nothing of us.
"""

import os
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import Context

import anyio
import h11
import pytest
from anyio import EndOfStream
from anyio.abc import ByteStream, SocketAttribute, SocketStream, TaskGroup
from anyio.lowlevel import checkpoint

from tremolo_core import value
from tremolo_transport.driver import Driver
from tremolo_transport.exchange import Handler
from tremolo_transport.memory import MemoryStream, memory_stream_pair
from tremolo_transport.peer import peer_of
from tremolo_transport.settings import ServerSettings
from tremolo_transport.shutdown import ShutdownNotice
from tremolo_transport.streams import Transport, open_stream
from tremolo_transport.surroundings import Surroundings
from tremolo_transport.sweeper import Sweeper

PATIENCE = 5.0
"""Seconds after which a test that hangs fails; no test that works comes near."""

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

Pair = tuple[ByteStream, ByteStream]
MakePair = Callable[[], AbstractAsyncContextManager[Pair]]


@value
class Answer:
    """One answer as a client sees it."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    interim: tuple[int, ...] = ()
    """The statuses of the answers before it."""
    complete: bool = True
    """False if the connection ended in the middle of it."""

    def get(self, name: bytes) -> bytes | None:
        return dict(self.headers).get(name)


class Client:
    """What is on the client's side of a stream."""

    def __init__(self, stream: ByteStream) -> None:
        self.stream = stream
        self._unread = b""

    async def send(self, data: bytes) -> None:
        await self.stream.send(data)

    async def some(self) -> bytes:
        """The next bytes that the server sent, `b""` at their end."""
        if self._unread:
            data, self._unread = self._unread, b""
            return data
        try:
            return await self.stream.receive()
        except EndOfStream:
            return b""

    async def until(self, mark: bytes) -> bytes:
        """All bytes up to and including `mark`."""
        data = b""
        while mark not in data:
            more = await self.some()
            assert more, f"the server closed after {data!r}"
            data += more
        end = data.index(mark) + len(mark)
        self._unread = data[end:] + self._unread
        return data[:end]

    async def rest(self) -> bytes:
        """All bytes up to the end of the connection."""
        data = b""
        while more := await self.some():
            data += more
        return data

    async def answer(self, method: str = "GET") -> Answer:
        """The next answer."""
        parser = h11.Connection(h11.CLIENT)
        parser.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
        if parser.our_state is not h11.DONE:
            parser.send(h11.EndOfMessage())
        head: h11.Response | None = None
        interim: list[int] = []
        body = b""
        while True:
            try:
                event = parser.next_event()
            except h11.RemoteProtocolError:
                assert head is not None, "the connection ended before an answer"
                return Answer(
                    status=head.status_code,
                    headers=tuple(head.headers),
                    body=body,
                    interim=tuple(interim),
                    complete=False,
                )
            match event:
                case h11.NEED_DATA:
                    parser.receive_data(await self.some())
                case h11.InformationalResponse():
                    interim.append(event.status_code)
                case h11.Response():
                    head = event
                case h11.Data():
                    body += event.data
                case h11.EndOfMessage():
                    self._unread = parser.trailing_data[0] + self._unread
                    assert head is not None
                    return Answer(
                        status=head.status_code,
                        headers=tuple(head.headers),
                        body=body,
                        interim=tuple(interim),
                    )
                case _:
                    raise AssertionError(f"the connection ended before an answer: {event!r}")

    async def ask(self, request: bytes = GET) -> Answer:
        """Send a request and return its answer."""
        await self.send(request)
        return await self.answer(request.partition(b" ")[0].decode())


class Conversation:
    """One client with the connection that serves it."""

    def __init__(self, client: Client, driver: Driver, sweeper: Sweeper, around: Surroundings):
        self.client = client
        self.driver = driver
        self.sweeper = sweeper
        self.around = around
        self.ended = anyio.Event()
        """Set when the server has ended the connection."""
        self.now = 1_000.0
        """What the test says the time is, in seconds."""

    def sweep(self, *, later: float = 0.25) -> None:
        """Let `later` seconds pass, at whose end the sweeper looks."""
        self.now += later
        self.sweeper.sweep(self.now)

    async def run(self) -> None:
        try:
            await self.driver.run()
        finally:
            self.sweeper.drivers.discard(self.driver)
            self.ended.set()


async def settle() -> None:
    """Let every other task run until it waits for something that only this one can bring."""
    for _ in range(50):
        await checkpoint()


@asynccontextmanager
async def conversation(
    handler: Handler,
    *,
    settings: ServerSettings | None = None,
    make_pair: MakePair | None = None,
    capacity: int = 65_536,
    context: Context | None = None,
) -> AsyncIterator[Conversation]:
    """A client that talks to a server which runs `handler`; afterwards it leaves.

    At the end nothing of the server may be left running, or the test fails.
    """
    async with (make_pair or memory_pair(capacity))() as (client, server):
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as group:
                around = surroundings(handler, group, settings=settings, context=context)
                sweeper = Sweeper(around)
                driver = Driver(server, peer_of(server), around)
                sweeper.drivers.add(driver)
                talk = Conversation(Client(client), driver, sweeper, around)
                group.start_soon(talk.run)
                yield talk
                await client.aclose()
                await talk.ended.wait()


def surroundings(
    handler: Handler,
    group: TaskGroup,
    *,
    settings: ServerSettings | None = None,
    context: Context | None = None,
) -> Surroundings:
    """Those of a server whose services live in `group`, by default with an empty context."""
    return Surroundings(
        handler,
        settings=settings or ServerSettings(),
        context=Context() if context is None else context,
        task_group=group,
        shutdown=ShutdownNotice(),
    )


def memory_pair(capacity: int = 65_536) -> MakePair:
    @asynccontextmanager
    async def make() -> AsyncIterator[Pair]:
        yield memory_stream_pair(capacity)

    return make


def tcp_pair(transport: Transport, *, buffers: int | None = None) -> MakePair:
    """Two ends of a connection over the loopback interface, the server's as `transport` says.

    The kernel holds about `buffers` bytes on the way, by default as many as it likes.
    """

    @asynccontextmanager
    async def make() -> AsyncIterator[Pair]:
        client, server = tcp_sockets(buffers=buffers)
        async with (
            await SocketStream.from_socket(client) as one,
            await open_stream(server, transport) as other,
        ):
            yield one, other

    return make


over_every_stream = pytest.mark.parametrize(
    "make_pair",
    [memory_pair(), tcp_pair(Transport.ANYIO), tcp_pair(Transport.NATIVE)],
    ids=["memory", "tcp", "native"],
)
over_sockets = pytest.mark.parametrize("transport", list(Transport), ids=lambda one: one.value)


def raw_socket(stream: ByteStream) -> socket.socket:
    """A second descriptor of the stream's socket, to be closed by the caller."""
    return socket.socket(fileno=os.dup(stream.extra(SocketAttribute.raw_socket).fileno()))


async def reset(stream: ByteStream) -> None:
    """Vanish as a peer does whose process was killed with something still unread."""
    if isinstance(stream, MemoryStream):
        stream.abort()
    else:
        with raw_socket(stream) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await stream.aclose()


def tcp_sockets(*, buffers: int | None = None) -> tuple[socket.socket, socket.socket]:
    """Two connected sockets, not blocking."""
    with socket.socket() as listener:
        client = socket.socket()
        for sock in (listener, client):
            if buffers is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffers)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffers)
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        client.connect(listener.getsockname())
        server, _ = listener.accept()
    client.setblocking(False)
    server.setblocking(False)
    return client, server
