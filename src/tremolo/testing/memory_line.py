"""A connection in memory, for one that is tested by it: both its ends are native streams.

So the server takes the ways over it that it takes over a socket, and whoever sends
can have the other end act upon that before the call returns. It holds as many bytes
as it is told to. How an end waits is the business of `waits`.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, NoReturn

from anyio import BrokenResourceError, BusyResourceError, ClosedResourceError, EndOfStream
from anyio.lowlevel import checkpoint

from tremolo_transport.native_stream import BYTES_PER_TURN, CALLS_PER_TURN, NativeStream

from .waits import new_wait

__all__ = ("MemoryLine", "memory_lines")

_CAPACITY: Final = 65_536
"""Bytes that wait on their way: about what a loopback socket holds."""

_MOST_AT_ONCE: Final = 32_768
"""Bytes for which there has to be room where nobody is to wait: what a server sends without a look.

Where there is never so much, as towards a slow reader, it waits for all that it sends.
"""

_NOTHING: Final = memoryview(b"")


class MemoryLine(NativeStream):
    """One end. Made by `memory_lines`."""

    _peer: "MemoryLine"
    """The other end."""

    def __init__(self, capacity: int, *, in_step: bool) -> None:
        """With `in_step` whoever reads here does so inside the call of who sends there."""
        self._room = capacity
        """How many bytes may come."""
        self._come: deque[bytes] = deque()
        """What has come and was not received."""
        self._ended = False
        """Whether nothing will come behind that."""
        self._lost = False
        """Whether the other end has vanished, and with it what it has sent."""
        self._closed = False
        """Whether we have closed this end."""
        self._eof = False
        """Whether we have told the other end that nothing more will come."""
        self._unheard = False
        """Whether the other end takes nothing more."""
        self._unsent = _NOTHING
        """What it has no room for yet: at most one item."""
        self._awaited = False
        """Whether anybody has waited for that."""
        self._reader = new_wait(in_step=in_step)
        self._writer = new_wait(in_step=False)
        self.takes_at_once = capacity >= _MOST_AT_ONCE
        """As `NativeStream.takes_at_once`."""

    # What anyio's contract asks for.

    async def send(self, item: bytes | memoryview) -> None:
        """As `NativeStream.send`."""
        if not self.takes_at_once:
            await self._until_sent()
            if self._eof:
                raise ClosedResourceError
        self.send_at_once(item)
        if self._unsent:
            await self._until_sent()
        elif self.turn_is_over:
            await self.next_turn()

    def send_at_once(self, item: bytes | memoryview) -> None:
        """As `NativeStream.send_at_once`; the other end may have acted upon it on return."""
        peer = self._peer
        size = len(item)
        self._calls += 1
        self._bytes += size
        room = peer._room - size
        if room < _MOST_AT_ONCE or not size:
            self._unsent = memoryview(item)
            self._awaited = False
            self._pass_on()
            return
        # Mostly there is room for this, and for as much again.
        peer._room = room
        peer._come.append(bytes(item))
        peer._wake_reader()

    async def until_written(self) -> None:
        """As `NativeStream.until_written`."""
        if not self.takes_at_once:
            await self._until_sent()

    async def send_eof(self) -> None:
        """As `ByteStream.send_eof`; the other end hears of it after what was sent."""
        if self._unsent:
            await self._until_sent()
        if not self._eof:
            self._end()
        await checkpoint()

    async def aclose(self) -> None:
        """Have the other end take what was sent, then close.

        What it has not taken is dropped if this is cancelled, and if somebody
        waits in `send`, or did until that was cancelled.
        """
        if self._unsent and not self._awaited:
            self._closed = True
            self._wake_reader()
            try:
                while self._unsent:
                    await self._writer.begin()
            finally:
                self._close()
            return
        self._close()
        await checkpoint()

    def abort(self) -> None:
        """Vanish as a peer does whose machine was reset: what was under way is lost."""
        self._peer._lost = True
        self._peer._come.clear()
        self._close()

    # What `NativeStream` adds.

    def readiness(self) -> Awaitable[Any] | None:
        """As `NativeStream.readiness`."""
        if self._come:
            self._calls += 1
            return self.next_turn() if self.turn_is_over else None
        if self._has_ended:
            self._raise_end()
        if self._reader.waiting:
            raise BusyResourceError("reading from")
        self._calls = self._bytes = 0
        return self._reader.begin()

    def take(self, most: int) -> bytes:
        """As `NativeStream.take`."""
        come = self._come
        if not come:
            return b""
        data = come.popleft()
        if come:
            data += b"".join(come)
            come.clear()
        if len(data) > most:
            come.append(data[most:])
            data = data[:most]
        self._room += len(data)
        self._bytes += len(data)
        sender = self._peer
        if sender._unsent:
            sender._pass_on()
        elif not sender.takes_at_once:
            sender._look_for_room()
        return data

    def call_reader_off(self) -> None:
        """As `NativeStream.call_reader_off`."""
        self._reader.end()

    @property
    def turn_is_over(self) -> bool:
        """As `NativeStream.turn_is_over`, by one number of bytes for both directions."""
        return self._calls >= CALLS_PER_TURN or self._bytes >= BYTES_PER_TURN

    async def next_turn(self) -> None:
        """As `NativeStream.next_turn`."""
        self._calls = self._bytes = 0
        await checkpoint()

    @property
    def unwritten(self) -> int:
        """As `NativeStream.unwritten`."""
        return len(self._unsent)

    def call_on_input(self, callback: Callable[[], None]) -> bool:
        """As `NativeStream.call_on_input`."""
        if self._come or self._has_ended:
            return False
        self._on_input = callback
        return True

    def close_at_once(self) -> bool:
        """As `NativeStream.close_at_once`."""
        if self._closed or self._unsent:
            return False
        self._close()
        return True

    # How it works.

    def _pass_on(self) -> None:
        """Give the other end what is unsent, as far as there is room."""
        peer, unsent = self._peer, self._unsent
        piece = bytes(unsent[: peer._room])
        if piece:
            self._unsent = unsent[len(piece) :]
            peer._room -= len(piece)
            peer._come.append(piece)
            # Whoever reads there may do so now, and bring us what there is to read here.
            peer._wake_reader()
        if not self._unsent:
            self._writer.end()
        self._look_for_room()

    def _look_for_room(self) -> None:
        self.takes_at_once = self._peer._room >= _MOST_AT_ONCE and not (
            self._unsent or self._closed or self._eof or self._unheard
        )

    async def _until_sent(self) -> None:
        """Wait until the other end has all that was sent; raises as `send` if it never will."""
        if self._writer.waiting:
            raise BusyResourceError("writing to")
        while self._unsent:
            self._awaited = True
            self._calls = self._bytes = 0
            await self._writer.begin()
        if self._closed:
            raise ClosedResourceError
        if self._unheard:
            raise BrokenResourceError

    @property
    def _has_ended(self) -> bool:
        """Whether nothing will come behind what has come."""
        return self._closed or self._lost or self._ended

    def _raise_end(self) -> NoReturn:
        """Say why."""
        if self._closed:
            raise ClosedResourceError
        if self._lost:
            raise BrokenResourceError
        raise EndOfStream

    def _wake_reader(self) -> None:
        if self._on_input is None:
            self._reader.end()
        else:
            callback, self._on_input = self._on_input, None
            callback()

    def _end(self) -> None:
        """Have the other end know that nothing more will come."""
        self._eof = True
        self.takes_at_once = False
        self._peer._ended = True
        self._peer._wake_reader()

    def _close(self) -> None:
        self._closed = True
        self._come.clear()
        # Nobody takes what the other end has sent, and sends.
        self._peer._stop_sending(unheard=True)
        self._stop_sending(unheard=False)
        self._end()
        self._wake_reader()

    def _stop_sending(self, *, unheard: bool) -> None:
        self._unheard = self._unheard or unheard
        self._unsent = _NOTHING
        self.takes_at_once = False
        self._writer.end()


def memory_lines(
    capacity: int | None = None, *, in_step: bool = False
) -> tuple[MemoryLine, MemoryLine]:
    """Two ends, each of which receives what the other sends.

    `capacity` is how many bytes each direction holds before `send` waits: None is 64 KiB. With
    `in_step` whoever receives at the second end does so, on asyncio and uvloop,
    inside the call of who sends at the first.
    """
    if capacity is None:
        capacity = _CAPACITY
    one, other = MemoryLine(capacity, in_step=False), MemoryLine(capacity, in_step=in_step)
    one._peer, other._peer = other, one
    return one, other
