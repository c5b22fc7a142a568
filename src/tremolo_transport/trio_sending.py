"""The half of `trio_stream` that sends: at once, as a turn ends, or when there is room."""

import socket
from abc import abstractmethod
from contextlib import suppress

from anyio import BrokenResourceError, BusyResourceError, ClosedResourceError

from .native_stream import MOST_HELD, NativeStream
from .trio_arrivals import arrivals_here

try:
    import trio
except ImportError:
    raise ImportError(
        "to serve on trio needs trio: pip install 'tremolo-anyio[trio]'", name="trio"
    ) from None

__all__ = ("TrioSending",)

_NOTHING = memoryview(b"")


class TrioSending(NativeStream):
    """A socket as far as it sends, and what the kernel is asked to tell of it."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._arrivals = arrivals_here()
        self._turn = self._arrivals.turn
        self._watched = False
        """Whether we are told what happens: only if somebody had to wait for it."""
        self._room_wanted = False
        """Whether we are told of room to send, too."""
        self._closed = False
        """Whether we have closed it."""
        self._error: OSError | None = None
        """Why nothing can be sent any more."""
        self._held: bytes | memoryview = b""
        """What was sent at once and is to be written when the turn ends."""
        self._unsent = _NOTHING
        """What the kernel had no room for: at most one item, and what came behind it at once."""
        self._writer: trio.lowlevel.Task | None = None
        """Whoever waits until it is sent."""
        self._awaited = False
        """Whether anybody has waited for that."""
        self.takes_at_once = True
        """As `NativeStream.takes_at_once`: nothing is unsent, and there is no error."""

    # What anyio's contract asks for.

    async def send(self, item: bytes | memoryview) -> None:
        """As `NativeStream.send`."""
        self.write_held()
        if not self.takes_at_once:
            await self._until_sent()
        self._calls += 1
        self._bytes += len(item)
        self._write(item)
        # The call above may have changed it.
        at_once: bool = self.takes_at_once
        if not at_once:
            await self._until_sent()
        elif self.turn_is_over:
            await self.next_turn()

    async def send_eof(self) -> None:
        """As `ByteStream.send_eof`; the peer hears of it after what was sent."""
        self.write_held()
        if self._unsent:
            await self._until_sent()
        # A peer that has gone hears of nothing.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        await trio.lowlevel.checkpoint()

    # What a `NativeStream` can do beyond.

    def send_at_once(self, item: bytes | memoryview) -> None:
        """As `NativeStream.send_at_once`; what is short is written behind that of others."""
        self._calls += 1
        size = len(item)
        turn = self._turn
        if turn.holding and size <= MOST_HELD and not self._held:
            # Not counted by its bytes: so little comes to its number of calls first.
            self._held = item
            turn.hold(self)
        else:
            self._bytes += size
            self.write_held()
            self._write(item)

    async def until_written(self) -> None:
        """As `NativeStream.until_written`."""
        self.write_held()
        if not self.takes_at_once:
            await self._until_sent()

    @property
    def unwritten(self) -> int:
        """As `NativeStream.unwritten`."""
        return len(self._held) + len(self._unsent)

    # What `trio_arrivals` and `trio_turn` call.

    @abstractmethod
    def note(self, events: int) -> None:
        """Take note that something has come, or can be sent; may raise nothing."""

    def write_held(self) -> None:
        """Write what was sent at once and is held, unless that was done."""
        if held := self._held:
            self._held = b""
            self._write(held)

    # How it works.

    def _write(self, item: bytes | memoryview) -> None:
        """Send what the kernel takes now, and the rest when it takes more."""
        if not self.takes_at_once:
            # What was held has found this out, just before.
            if self._unsent:
                self._unsent = memoryview(b"".join((self._unsent, item)))
            return
        try:
            sent = self._socket.send(item)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._fail(error)
            return
        if sent < len(item):
            self._unsent = memoryview(item)[sent:]
            self._awaited = False
            self.takes_at_once = False
            self._want_room()

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

    def _watch(self) -> None:
        self._arrivals.watch(self._socket.fileno(), self)
        self._watched = True

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
        self._drop()
        self._wake_writer()

    def _drop(self) -> None:
        """Drop what was not written, and take no more."""
        self._held = b""
        self._unsent = _NOTHING
        self.takes_at_once = False

    # Whoever sends waits, one at a time.

    async def _until_sent(self) -> None:
        """Wait until the kernel has what is unsent; raises as `send` if it never will."""
        if self._writer is not None:
            raise BusyResourceError("writing to")
        if self._unsent:
            self._writer = trio.lowlevel.current_task()
            self._awaited = True
            self._calls = self._bytes = 0
            await trio.lowlevel.wait_task_rescheduled(self._writer_leaves)
        if self._closed:
            raise ClosedResourceError
        if self._error is not None:
            raise BrokenResourceError from self._error

    def _writer_leaves(self, _: object) -> trio.lowlevel.Abort:
        self._writer = None
        return trio.lowlevel.Abort.SUCCEEDED

    def _wake_writer(self) -> None:
        if self._writer is not None:
            task, self._writer = self._writer, None
            trio.lowlevel.reschedule(task)
