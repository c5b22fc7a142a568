"""The byte stream of trio: a non-blocking socket behind anyio's contract.

anyio's own stream works there too, but makes twice as many system calls: it
receives before anything can have come, and tells the kernel anew of each wait.
Which of the two is used is decided in `streams`; what the kernel tells comes
from `trio_arrivals`.
"""

import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from anyio import BrokenResourceError, BusyResourceError, ClosedResourceError, EndOfStream

from .native_stream import BYTES_PER_TURN, CALLS_PER_TURN, NativeStream
from .socket_attributes import attributes_of
from .trio_arrivals import ENDING, INPUT, ROOM, arrivals_here
from .trio_traps import WOKEN, trap_of, wait

try:
    import trio
except ImportError:
    raise ImportError(
        "to serve on trio needs trio: pip install 'tremolo-anyio[trio]'", name="trio"
    ) from None

__all__ = ("TrioStream",)

_READ_SIZE = 65_536
"""The most that is read before anybody asks for it."""

_NOTHING = memoryview(b"")

_current_task = trio.lowlevel.current_task
_reschedule = trio.lowlevel.reschedule


class TrioStream(NativeStream):
    """A connected socket on trio, with anyio's `ByteStream` contract.

    The one deviation is that of every `NativeStream`. A `send` that is
    cancelled has taken all bytes, and they are on their way; or none, if it
    still waited for others.
    """

    def __init__(self, sock: socket.socket) -> None:
        """Take over a connected, non-blocking socket."""
        self._socket = sock
        self._arrivals = arrivals_here()
        self._watched = False
        """Whether we are told what happens: only if somebody had to wait for it."""
        self._room_wanted = False
        """Whether we are told of room to send, too."""
        self._readable = True
        """Whether there may be something to receive, so that it makes sense to try."""
        self._ending = False
        """Whether nothing more will come than what is there."""
        self._early = b""
        """What was received before anybody asked for it."""
        self._closed = False
        """Whether we have closed it."""
        self._error: OSError | None = None
        """Why nothing can be sent any more."""
        self._reader: trio.lowlevel.Task | None = None
        """Whoever waits in `receive`."""
        self._trap: Any = None
        """What trio is told for that; it is the same each time."""
        self._unsent = _NOTHING
        """What the kernel had no room for: at most one item."""
        self._writer: trio.lowlevel.Task | None = None
        """Whoever waits until it is sent."""
        self._awaited = False
        """Whether anybody has waited for that."""
        self.takes_at_once = True
        """As `NativeStream.takes_at_once`: nothing is unsent, and there is no error."""

    # What anyio's contract asks for.

    async def send(self, item: bytes | memoryview) -> None:
        """As `NativeStream.send`."""
        if not self.takes_at_once:
            await self._until_sent()
        self.send_at_once(item)
        # The call above may have changed it.
        at_once: bool = self.takes_at_once
        if not at_once:
            await self._until_sent()
        elif self.turn_is_over:
            await self.next_turn()

    def send_at_once(self, item: bytes | memoryview) -> None:
        """As `NativeStream.send_at_once`."""
        size = len(item)
        self._calls += 1
        self._bytes += size
        try:
            sent = self._socket.send(item)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._fail(error)
            return
        if sent < size:
            self._unsent = memoryview(item)[sent:]
            self._awaited = False
            self.takes_at_once = False
            self._want_room()

    async def until_written(self) -> None:
        """As `NativeStream.until_written`."""
        if not self.takes_at_once:
            await self._until_sent()

    async def send_eof(self) -> None:
        """As `ByteStream.send_eof`; the peer hears of it after what was sent."""
        if self._unsent:
            await self._until_sent()
        # A peer that has gone hears of nothing.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        """Write what was sent, then close.

        What could not be written is dropped if this is cancelled, and if
        somebody waits in `send`, or did until that was cancelled.
        """
        if self._unsent and not self._awaited:
            self._closed = True
            self._wake_reader()
            try:
                await self._until_sent()
            except (BrokenResourceError, ClosedResourceError):
                pass
            finally:
                self._close()
            return
        self._close()
        await trio.lowlevel.checkpoint()

    def call_on_input(self, callback: Callable[[], None]) -> bool:
        """As `NativeStream.call_on_input`."""
        if self._closed or self._early or not self._wait_would_begin():
            return False
        self._on_input = callback
        return True

    def close_at_once(self) -> bool:
        """As `NativeStream.close_at_once`."""
        if self._closed or self._unsent:
            return False
        self._close()
        return True

    @property
    def unwritten(self) -> int:
        """As `NativeStream.unwritten`."""
        return len(self._unsent)

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        """The socket, and its two addresses while it is open."""
        return attributes_of(self._socket)

    # The halves of `receive`.

    def readiness(self) -> Awaitable[Any] | None:
        """As `NativeStream.readiness`."""
        if self._readable or self._early:
            self._calls += 1
            if self._calls < CALLS_PER_TURN and self._bytes < BYTES_PER_TURN:
                return None
            return self.next_turn()
        if self._reader is not None:
            raise BusyResourceError("reading from")
        if self._closed:
            raise ClosedResourceError
        if not self._watched:
            try:
                self._watch()
            except OSError as error:
                raise BrokenResourceError from error
        self._calls = self._bytes = 0
        if self._trap is None:
            self._trap = trap_of(self._reader_leaves)
        self._reader = _current_task()
        return wait(self._trap)

    def take(self, most: int) -> bytes:
        """As `NativeStream.take`."""
        if self._early:
            data, self._early = self._early[:most], self._early[most:]
            return data
        if self._closed:
            raise ClosedResourceError
        if not self._readable:
            return b""
        try:
            data = self._socket.recv(most)
        except BlockingIOError:
            self._readable = False
            return b""
        except OSError as error:
            raise BrokenResourceError from error
        if not data:
            self._ending = True
            raise EndOfStream
        if len(data) < most:
            # That was all, and of what comes next we are told (epoll(7), question 9): but not
            # again of an end that we were told of already.
            self._readable = self._ending
        else:
            self._bytes += most
        return data

    def call_reader_off(self) -> None:
        """As `NativeStream.call_reader_off`."""
        if self._reader is not None:
            self._wake_reader()

    async def next_turn(self) -> None:
        """As `NativeStream.next_turn`."""
        self._calls = self._bytes = 0
        await trio.lowlevel.checkpoint()

    # What `trio_arrivals` calls.

    def note(self, events: int) -> None:
        """Take note that something has come, or can be sent."""
        task = self._reader
        if events == INPUT and task is not None:
            # Mostly it is a request that was waited for.
            self._readable = True
            self._reader = None
            _reschedule(task, WOKEN)
            return
        if events & ROOM:
            self._note_room()
        if events & ~ROOM:
            self._readable = True
            if events & ENDING:
                self._ending = True
            self._wake_reader()

    # How it works.

    async def _until_sent(self) -> None:
        """Wait until the kernel has what is unsent; raises as `send` if it never will."""
        if self._writer is not None:
            raise BusyResourceError("writing to")
        if self._unsent:
            self._writer = _current_task()
            self._awaited = True
            self._calls = self._bytes = 0
            await trio.lowlevel.wait_task_rescheduled(self._writer_leaves)
        if self._closed:
            raise ClosedResourceError
        if self._error is not None:
            raise BrokenResourceError from self._error

    def _reader_leaves(self, _: object) -> trio.lowlevel.Abort:
        """As it is cancelled."""
        self._reader = None
        return trio.lowlevel.Abort.SUCCEEDED

    def _writer_leaves(self, _: object) -> trio.lowlevel.Abort:
        self._writer = None
        return trio.lowlevel.Abort.SUCCEEDED

    def _wait_would_begin(self) -> bool:
        """Whether nothing has come, of which we will be told."""
        try:
            if self._readable:
                # Nobody has tried yet, or not to the end.
                self._early = self.take(_READ_SIZE)
            if not self._watched:
                self._watch()
        except (OSError, BrokenResourceError, EndOfStream):
            # Who receives is told.
            return False
        return not (self._early or self._readable)

    def _watch(self) -> None:
        self._arrivals.watch(self._socket.fileno(), self)
        self._watched = True

    def _want_room(self) -> None:
        """Be told of room, which may be so already: that mostly costs more than to stay so."""
        try:
            if not self._watched:
                self._watch()
            if not self._room_wanted:
                self._arrivals.want_room(self._socket.fileno(), True)
                self._room_wanted = True
        except OSError as error:
            self._fail(error)

    def _note_room(self) -> None:
        if not self._unsent:
            # A unix socket has room after each answer, which nobody need know.
            self._room_wanted = False
            self._arrivals.want_room(self._socket.fileno(), False)
            return
        try:
            self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(error)
            return
        if not self._unsent:
            self._unsent = _NOTHING
            self.takes_at_once = not self._closed
            self._wake_writer()

    def _fail(self, error: OSError) -> None:
        """Note that nothing can be sent any more."""
        self._error = error
        self._unsent = _NOTHING
        self.takes_at_once = False
        self._wake_writer()

    def _close(self) -> None:
        self._closed = True
        self._unsent = _NOTHING
        self.takes_at_once = False
        # It holds the stream.
        self._trap = None
        if self._watched:
            self._watched = False
            self._arrivals.forget(self._socket.fileno())
        self._socket.close()
        self._wake_reader()
        self._wake_writer()

    def _wake_reader(self) -> None:
        if self._reader is not None:
            task, self._reader = self._reader, None
            _reschedule(task, WOKEN)
        elif self._on_input is not None:
            callback, self._on_input = self._on_input, None
            callback()

    def _wake_writer(self) -> None:
        if self._writer is not None:
            task, self._writer = self._writer, None
            _reschedule(task)
