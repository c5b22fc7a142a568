"""The byte stream of asyncio and uvloop: a protocol of theirs behind anyio's contract.

anyio's own stream works there too, but makes a system call and a turn of the
event loop for every `receive` and every `send`; this one reads and writes
three to four times as often. Which of the two is used is decided in `streams`.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, NoReturn, TypeVar, cast

from anyio import BrokenResourceError, BusyResourceError, ClosedResourceError, EndOfStream
from anyio.lowlevel import checkpoint

from .asyncio_arrivals import watches_sockets
from .asyncio_sending import SendsAtOnce
from .native_stream import BYTES_PER_TURN, CALLS_PER_TURN
from .socket_attributes import attributes_of
from .socket_reading import read_past_the_loop, view_past_the_loop
from .socket_transport import SocketTransport
from .wake import Wake

__all__ = ("AsyncioStream",)

T = TypeVar("T", bytes, memoryview)

_MOST_BUFFERED = 65_536
"""Received bytes that wait for `receive` before the kernel is left to hold the rest."""


class AsyncioStream(asyncio.Protocol, SendsAtOnce):
    """A connected socket on asyncio or uvloop, with anyio's `ByteStream` contract.

    The one deviation is that of every `NativeStream`. A `send` that is
    cancelled has taken all bytes: they are on their way.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        SendsAtOnce.__init__(self, loop or asyncio.get_running_loop())
        self._received = b""
        """What waits for `receive`: mostly one read, which is passed on as it is."""
        self._reading = True
        """Whether the event loop reads."""
        self._more = False
        """Whether the kernel had more when the event loop was told to leave it there."""
        self._eof = False
        self._closed = False
        """Whether we have closed it."""
        self._error: Exception | None = None
        self._reader = Wake(self._loop)
        """Wakes whoever is in `receive`; it carries no data, so that none can be lost with it."""
        self._on_input: Callable[[], None] | None = None
        """Called in place of a reader."""
        self._ended: asyncio.Future[None] | None = None
        """Wakes whoever waits in `aclose` for what is still to be written."""

    @classmethod
    async def from_socket(cls, sock: socket.socket) -> "AsyncioStream":
        """Take over a connected, non-blocking socket. Raises OSError if its peer has gone."""
        if watches_sockets(loop := asyncio.get_running_loop()):
            return cls.over(sock, loop)
        _, stream = await loop.connect_accepted_socket(cls, sock)
        return stream

    @classmethod
    def over(cls, sock: socket.socket, loop: asyncio.AbstractEventLoop) -> "AsyncioStream":
        """The same without waiting, on a `loop` that will watch sockets."""
        # Which loop runs would be another system call.
        stream = cls(loop)
        transport = SocketTransport(sock, stream, loop)
        stream.connection_made(transport)
        stream._reading = transport.begin()
        return stream

    # What anyio's contract asks for.

    async def send(self, item: bytes | memoryview) -> None:
        """As `NativeStream.send`."""
        self.write_held()
        if self._drained is not None:
            await self._take_over(self._drained)
        self._usable_transport().write(item)
        self._calls += 1
        self._bytes += len(item)
        # The call above may have set it.
        drained: asyncio.Future[None] | None = self._drained
        if drained is not None:
            await self._wait_for_room(drained)
        elif self._calls >= CALLS_PER_TURN or self._bytes >= BYTES_PER_TURN:
            await self.next_turn()

    @property
    def unwritten(self) -> int:
        """As `NativeStream.unwritten`."""
        transport = self._transport
        if transport is None or self._lost:
            return 0
        return len(self._held) + transport.get_write_buffer_size()

    async def until_written(self) -> None:
        """As `NativeStream.until_written`."""
        self.write_held()
        if self._drained is not None:
            await self._take_over(self._drained)
        transport = self._usable_transport()
        # With no room, the loop tells as soon as nothing waits in it any more.
        transport.set_write_buffer_limits(0)
        try:
            # The call above may have set it.
            drained: asyncio.Future[None] | None = self._drained
            if drained is not None:
                await self._wait_for_room(drained)
        finally:
            transport.set_write_buffer_limits()

    async def send_eof(self) -> None:
        """As `ByteStream.send_eof`; the peer hears of it after what was sent."""
        self.write_held()
        if self._transport is not None and not (self._lost or self._closed):
            # A peer that has gone hears of nothing.
            with suppress(OSError):
                self._transport.write_eof()
        await checkpoint()

    async def aclose(self) -> None:
        """Write what was sent, then close.

        What could not be written is dropped if this is cancelled, and if
        somebody still waits in `send`.
        """
        self.write_held()
        transport = self._transport
        self._closed = True
        self.takes_at_once = False
        self._wake_reader()
        if transport is None or self._lost:
            await checkpoint()
            return
        if self._drained is not None and not self._unawaited:
            transport.abort()
        else:
            transport.close()
        # The calls above may have set it.
        lost: bool = self._lost
        if lost:
            await checkpoint()
            return
        if self._ended is None:
            self._ended = self._loop.create_future()
        try:
            await asyncio.shield(self._ended)
        except asyncio.CancelledError:
            transport.abort()
            raise

    def call_on_input(self, callback: Callable[[], None]) -> bool:
        """As `NativeStream.call_on_input`."""
        if self._received or self._eof or self._lost or self._closed:
            return False
        if not self._reading:
            self._resume_reading()
        self._on_input = callback
        return True

    def forget_call(self) -> None:
        """As `NativeStream.forget_call`."""
        self._on_input = None

    def close_at_once(self) -> bool:
        """As `NativeStream.close_at_once`."""
        self.write_held()
        transport = self._transport
        if transport is None or self._drained is not None or self._closed or self.unwritten:
            return False
        self._closed = True
        self.takes_at_once = False
        self._wake_reader()
        transport.close()
        return True

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        """The socket and its two addresses."""
        return {} if self._transport is None else attributes_of(self._transport)

    # The halves of `receive`.

    def readiness(self) -> Awaitable[None] | None:
        """As `NativeStream.readiness`."""
        if self._received or self._more:
            self._calls += 1
            if self._calls < CALLS_PER_TURN and self._bytes < BYTES_PER_TURN:
                return None
            return self.next_turn()
        if self._reader.callback is not None:
            raise BusyResourceError("reading from")
        if self._closed or self._eof or self._lost:
            self._raise_end()
        if not self._reading:
            self._resume_reading()
        self._calls = self._bytes = 0
        return self._reader

    def take(self, most: int) -> bytes:
        """As `NativeStream.take`."""
        data = self._received
        if not data and self._more:
            return self._take_from_kernel(read_past_the_loop, most) or b""
        if len(data) <= most:
            self._received = b""
        else:
            self._received = data[most:]
            data = data[:most]
        return data

    def take_view(self, most: int) -> bytes | memoryview:
        """As `NativeStream.take_view`."""
        if self._received or not self._more:
            return self.take(most)
        return self._take_from_kernel(view_past_the_loop, most) or b""

    def call_reader_off(self) -> None:
        """As `NativeStream.call_reader_off`."""
        self._reader.soon()

    def next_turn(self) -> asyncio.Future[None]:
        """As `NativeStream.next_turn`."""
        self._calls = self._bytes = 0
        turn: asyncio.Future[None] = self._loop.create_future()
        self._loop.call_soon(_wake, turn)
        return turn

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        # uvloop's is none by inheritance, but has all that one has.
        self._transport = cast(asyncio.Transport, transport)
        self.takes_at_once = True

    def data_received(self, data: bytes) -> None:
        """Take what was read."""
        if self._received:
            # More than `_MOST_BUFFERED` is never joined.
            data = self._received + data
        self._received = data
        if len(data) >= _MOST_BUFFERED and self._reading and self._transport is not None:
            self._reading = False
            self._more = True
            self._transport.pause_reading()
        if self._on_input is None:
            self._reader.now()
        else:
            self._wake_reader()

    def eof_received(self) -> bool:
        """Note that the peer will send no more; true, as we may still have something to say."""
        self._eof = True
        self._wake_reader()
        return True

    def pause_writing(self) -> None:
        """Have whoever sends wait."""
        self._drained = self._loop.create_future()
        self.takes_at_once = False

    def resume_writing(self) -> None:
        """Let whoever waits to send go on."""
        drained, self._drained = self._drained, None
        self.takes_at_once = not (self._closed or self._lost)
        if drained is not None and not drained.done():
            drained.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._lost = True
        self._held = b""
        self._error = exc or self._error
        self._wake_reader()
        self.resume_writing()
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)

    # How it works.

    def _raise_end(self) -> NoReturn:
        """Say why nothing more will be received."""
        if self._closed:
            raise ClosedResourceError
        if self._eof:
            raise EndOfStream
        raise BrokenResourceError from self._error

    async def _take_over(self, drained: asyncio.Future[None]) -> None:
        """Wait in place of whoever has sent at once."""
        if not self._unawaited:
            raise BusyResourceError("writing to")
        self._unawaited = False
        await self._wait_for_room(drained)

    async def _wait_for_room(self, drained: asyncio.Future[None]) -> None:
        # The next to send is busy until there is room, also if this is cancelled.
        await asyncio.shield(drained)
        self._calls = self._bytes = 0
        self._usable_transport()

    def _usable_transport(self) -> asyncio.Transport:
        if self._transport is None or self._closed or self._lost or self._transport.is_closing():
            self._refuse()
        return self._transport

    def _refuse(self) -> NoReturn:
        """Say why nothing can be sent."""
        if self._closed or self._transport is None:
            raise ClosedResourceError
        raise BrokenResourceError from self._error

    def _resume_reading(self) -> None:
        self._reading = True
        if self._transport is not None and not (self._lost or self._eof or self._closed):
            self._transport.resume_reading()

    def _take_from_kernel(self, read: Callable[[Any, int], T], most: int) -> T | None:
        """`read` what the event loop has left there; if that is nothing, it is to read again."""
        transport = self._transport
        data: T | None = None
        if not (transport is None or self._closed or self._lost or transport.is_closing()):
            try:
                data = read(transport.get_extra_info("socket"), most)
            except OSError as error:
                self._error = error
                transport.abort()
        self._bytes += len(data or b"")
        self._more = bool(data)
        return data

    def _wake_reader(self) -> None:
        if self._on_input is None:
            self._reader.soon()
        else:
            callback, self._on_input = self._on_input, None
            callback()


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
