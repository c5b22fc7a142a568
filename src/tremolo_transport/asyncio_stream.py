"""The byte stream of asyncio and uvloop: a non-blocking socket behind anyio's contract.

anyio's own stream works there too, but makes a system call and a turn of the
event loop for every `receive` and every `send`; and the transport of an event loop,
beneath it, begins with a future and three turns and takes another to end. Which
of the streams is used is decided in `streams`; what the kernel tells comes from
`asyncio_arrivals`, and the half that sends is `asyncio_sending`.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NoReturn, TypeVar

from anyio import BrokenResourceError, BusyResourceError, ClosedResourceError, EndOfStream
from anyio.lowlevel import checkpoint

from .asyncio_arrivals import watch_of
from .asyncio_sending import AsyncioSending
from .native_stream import BYTES_PER_TURN, CALLS_PER_TURN
from .socket_attributes import attributes_of
from .socket_reading import read_bytes, read_view
from .wake import Wake

__all__ = ("AsyncioStream",)

T = TypeVar("T", bytes, memoryview)

_READ_SIZE = 65_536
"""The most that is read before anybody asks for it. While so much waits for `receive`, the kernel
is left to hold the rest."""


class AsyncioStream(AsyncioSending):
    """A connected socket on asyncio or uvloop, with anyio's `ByteStream` contract.

    The one deviation is that of every `NativeStream`. A `send` that is
    cancelled has taken all bytes: they are on their way.
    """

    def __init__(self, sock: socket.socket, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Take over a connected, non-blocking socket, on a `loop` that `watches_sockets`.

        What has come already is read at once: a request that comes together with
        its connection need not be watched for. Raises nothing: if the peer has gone,
        or the kernel cannot watch any more, whoever receives is told.
        """
        AsyncioSending.__init__(self, sock, loop or asyncio.get_running_loop())
        self._watch = watch_of(self._loop)
        self._descriptor = sock.fileno()
        self._watched = False
        """Whether we are told of what comes."""
        self._received = b""
        """What waits for `receive`: mostly one read, which is passed on as it is."""
        self._more = False
        """Whether the kernel had more when it was left there."""
        self._eof = False
        self._over = False
        """Whether nothing more will come: at the end, or as we have closed it, or it is lost."""
        self._reader = Wake(self._loop)
        """Wakes whoever is in `receive`; it carries no data, so that none can be lost with it."""
        self._ended: asyncio.Future[None] | None = None
        """Wakes whoever waits in `aclose` for what is still to be written."""
        if not self._read():
            self._begin_watch()

    # What anyio's contract asks for.

    async def aclose(self) -> None:
        """Write what was sent, then close.

        What could not be written is dropped if this is cancelled, and if
        somebody still waits in `send`.
        """
        self.write_held()
        self._close()
        if self._room is not None and not self._unawaited:
            self._end(None)
        if self._lost:
            await checkpoint()
            return
        if self._ended is None:
            self._ended = self._loop.create_future()
        try:
            await asyncio.shield(self._ended)
        except asyncio.CancelledError:
            self._end(None)
            raise

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        """The socket and its two addresses."""
        return attributes_of(self._socket)

    # What a `NativeStream` can do beyond.

    def call_on_input(self, callback: Callable[[], None]) -> bool:
        """As `NativeStream.call_on_input`."""
        if self._received or self._over:
            return False
        if not (self._watched or self._begin_watch()):
            return False
        self._on_input = callback
        return True

    def close_at_once(self) -> bool:
        """As `NativeStream.close_at_once`."""
        self.write_held()
        if self._closed or self._unsent is not None:
            return False
        self._close()
        return True

    # The halves of `receive`.

    def readiness(self) -> Awaitable[None] | None:
        """As `NativeStream.readiness`."""
        if self._received or self._more:
            self._calls += 1
            if self._calls < CALLS_PER_TURN and self._bytes < BYTES_PER_TURN:
                return None
            return self.next_turn()
        if self._reader.serve is not None:
            # What stands in for the task asks for more, perhaps in an eager task: what the first
            # waits for is to wake nobody else.
            self._reader = Wake(self._loop)
        if self._reader.callback is not None:
            raise BusyResourceError("reading from")
        if self._over:
            self._raise_end()
        if not (self._watched or self._begin_watch()):
            self._raise_end()
        self._calls = self._bytes = 0
        return self._reader

    def take(self, most: int) -> bytes:
        """As `NativeStream.take`."""
        data = self._received
        if not data and self._more:
            return self._take_from_kernel(read_bytes, most) or b""
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
        return self._take_from_kernel(read_view, most) or b""

    serves_meanwhile = True

    def serve_meanwhile(self, serve: Callable[[bytes], bool]) -> None:
        """As `NativeStream.serve_meanwhile`."""
        self._reader.stand_in(serve)

    def call_reader_off(self) -> None:
        """As `NativeStream.call_reader_off`."""
        self._reader.soon()

    # How it works.

    def _read(self) -> bool:
        """Read, as there is something; false if there was nothing, not even the end."""
        try:
            data = self._socket.recv(_READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            self._end(error)
            return True
        if not data:
            # Else we would be told of it again and again.
            self._end_watch()
            self._eof = self._over = True
            self._wake_reader()
            return True
        if self._reader.serve is not None and len(data) < _READ_SIZE:
            # Whoever waits has taken all that came before.
            self._calls = self._bytes = 0
            self._reader.serve_now(data)
            return True
        if self._received:
            # More than twice `_READ_SIZE` is never joined.
            data = self._received + data
        self._received = data
        if len(data) >= _READ_SIZE and self._watched:
            self._end_watch()
            self._more = True
        if self._on_input is None:
            self._reader.now()
        else:
            self._wake_reader()
        return True

    def _take_from_kernel(self, read: Callable[[socket.socket, int], T], most: int) -> T | None:
        """`read` what was left there; if that is nothing, we are to be told of more again."""
        data: T | None = None
        if not (self._closed or self._lost):
            try:
                data = read(self._socket, most)
            except OSError as error:
                self._end(error)
        self._bytes += len(data or b"")
        self._more = bool(data)
        return data

    def _begin_watch(self) -> bool:
        """Be told of what comes; false if the kernel cannot do that, which ends the stream."""
        try:
            self._watch.add_reader(self._descriptor, self._read)
        except OSError as error:
            self._end(error)
            return False
        self._watched = True
        return True

    def _end_watch(self) -> None:
        if self._watched:
            self._watched = False
            self._watch.remove_reader(self._descriptor)

    def _raise_end(self) -> NoReturn:
        """Say why nothing more will be received."""
        if self._closed:
            raise ClosedResourceError
        if self._eof:
            raise EndOfStream
        raise BrokenResourceError from self._error

    def _wake_reader(self) -> None:
        if self._on_input is None:
            self._reader.soon()
        else:
            callback, self._on_input = self._on_input, None
            callback()

    def _close(self) -> None:
        """Receive nothing more, and end as soon as all is written."""
        self._closed = self._over = True
        self.takes_at_once = False
        self._end_watch()
        self._wake_reader()
        if self._unsent is None:
            self._end(None)

    def _end(self, error: OSError | None) -> None:
        if self._lost:
            return
        self._lost = self._over = True
        self._error = error
        self.takes_at_once = False
        self._held = b""
        self._gathered, self._gathered_size = [], 0
        self._forget_unsent()
        self._end_watch()
        self._socket.close()
        self._give_room()
        self._wake_reader()
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)
