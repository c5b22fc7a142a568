"""The byte stream of trio: a non-blocking socket behind anyio's contract.

anyio's own stream works there too, but makes twice as many system calls: it
receives before anything can have come, and tells the kernel anew of each wait.
Which of the two is used is decided in `streams`; what the kernel tells comes
from `trio_arrivals`, and the half that sends is `trio_sending`.
"""

import socket
from collections.abc import Awaitable, Callable, Generator, Mapping
from types import coroutine
from typing import Any

from anyio import BrokenResourceError, BusyResourceError, ClosedResourceError, EndOfStream

from .native_stream import BYTES_PER_TURN, CALLS_PER_TURN
from .socket_attributes import attributes_of
from .trio_arrivals import ENDING, INPUT, ROOM
from .trio_sending import TrioSending
from .trio_traps import WOKEN, trap_of

try:
    import trio
except ImportError:
    raise ImportError(
        "to serve on trio needs trio: pip install 'tremolo-anyio[trio]'", name="trio"
    ) from None

__all__ = ("TrioStream",)

_READ_SIZE = 65_536
"""The most that is read before anybody asks for it."""

_current_task = trio.lowlevel.current_task
_reschedule = trio.lowlevel.reschedule


class TrioStream(TrioSending):
    """A connected socket on trio, with anyio's `ByteStream` contract.

    The one deviation is that of every `NativeStream`. A `send` that is
    cancelled has taken all bytes, and they are on their way; or none, if it
    still waited for others.
    """

    def __init__(self, sock: socket.socket) -> None:
        """Take over a connected, non-blocking socket."""
        TrioSending.__init__(self, sock)
        self._readable = True
        """Whether there may be something to receive, so that it makes sense to try."""
        self._ending = False
        """Whether nothing more will come than what is there."""
        self._early = b""
        """What was received before anybody asked for it."""
        self._reader: trio.lowlevel.Task | None = None
        """Whoever waits in `receive`."""
        self._serve: Callable[[bytes], bool] | None = None
        """What that task calls with what has come, before it goes on."""
        self._trap: Any = None
        """What trio is told for that; it is the same each time."""

    # What anyio's contract asks for.

    async def aclose(self) -> None:
        """Write what was sent, then close.

        What could not be written is dropped if this is cancelled, and if
        somebody waits in `send`, or did until that was cancelled.
        """
        self.write_held()
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
        self.write_held()
        if self._closed or self._unsent:
            return False
        self._close()
        return True

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
        return self._wait(self._trap)

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

    serves_meanwhile = True

    def serve_meanwhile(self, serve: Callable[[bytes], bool]) -> None:
        """As `NativeStream.serve_meanwhile`: in a step of the task, which goes no further up."""
        self._serve = serve

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

    @coroutine
    def _wait(self, trap: Any) -> Generator[Any, Any, None]:
        """Wait as `trio_traps.wait` does, on and on while all that comes is served meanwhile."""
        while True:
            result = yield trap
            serve, self._serve = self._serve, None
            if result is not WOKEN:
                # Cancelled.
                result.unwrap()
            if serve is None:
                return
            data = self.take(_READ_SIZE)
            if not data or not serve(data) or self._readable or self._trap is None:
                # There is more to do than to wait.
                return
            self._calls = self._bytes = 0
            self._serve = serve
            self._reader = _current_task()

    def _reader_leaves(self, _: object) -> trio.lowlevel.Abort:
        """As it is cancelled."""
        self._reader = None
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

    def _close(self) -> None:
        self._closed = True
        self._drop()
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
