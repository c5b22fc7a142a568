"""The half of `asyncio_stream` that sends: at once, as a turn ends, or when there is room."""

import asyncio
import itertools
import socket
from abc import abstractmethod
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from contextlib import suppress

from anyio import BrokenResourceError, BusyResourceError, ClosedResourceError
from anyio.lowlevel import checkpoint

from .native_stream import MOST_HELD, NativeStream
from .turn_end import turn_end_of

__all__ = ("AsyncioSending", "Turn")

_MOST_GATHERED = 262_144
"""Bytes of large pieces that are written together, as many as come within one turn.

Four of 64 KiB in one call take a seventh less of the kernel's time than one by one.
"""

_MOST_UNSENT = 65_536
"""Bytes that wait to be sent before whoever sends has to wait."""

_LITTLE_UNSENT = _MOST_UNSENT // 4
"""Bytes that may still wait when whoever sends goes on."""

_MOST_PARTS = 64
"""That are sent in one call; Linux takes 1,024, others fewer."""

_NOT_NOW = (BlockingIOError, InterruptedError)


class AsyncioSending(NativeStream):
    """A socket as far as it sends, and what is known of its end."""

    def __init__(self, sock: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self._socket = sock
        self._loop = loop
        self._turn_end = turn_end_of(loop)
        self._held: bytes | memoryview = b""
        """What was sent at once and is to be written when the loop's turn ends."""
        self._gathered: list[bytes] = []
        """The same of large pieces, in parts; only one of the two has anything."""
        self._gathered_size = 0
        self._unsent: deque[memoryview] | None = None
        """What the kernel has not taken; mostly it takes everything."""
        self._unsent_size = 0
        self._little = _LITTLE_UNSENT
        self._room: asyncio.Future[None] | None = None
        """Made when too much is unsent; done when only a little is."""
        self._unawaited = False
        """Whether nobody has waited for that, as it was sent at once."""
        self._ending = False
        """Whether the peer is to hear of the end, behind what was sent."""
        self._closed = False
        """Whether we have closed it, perhaps with something unsent."""
        self._lost = False
        """Whether the connection is gone, for whatever reason."""
        self._error: OSError | None = None
        """Why."""
        self.takes_at_once = True
        """As `NativeStream.takes_at_once`."""

    # What anyio's contract asks for.

    async def send(self, item: bytes | memoryview) -> None:
        """As `NativeStream.send`."""
        self.write_held()
        if self._room is not None:
            await self._take_over(self._room)
        self._must_be_open()
        self._write(item)
        self._calls += 1
        self._bytes += len(item)
        # The call above may have made it.
        room: asyncio.Future[None] | None = self._room
        if room is not None:
            await self._wait_for_room(room)
        elif self.turn_is_over:
            await self.next_turn()

    async def send_eof(self) -> None:
        """As `ByteStream.send_eof`; the peer hears of it after what was sent."""
        self.write_held()
        if not (self._ending or self._closed or self._lost):
            self._ending = True
            self.takes_at_once = False
            if self._unsent is None:
                self._shut_down()
        await checkpoint()

    # What a `NativeStream` can do beyond.

    def send_at_once(self, item: bytes | memoryview) -> None:
        """As `NativeStream.send_at_once`; what is short is written behind that of others."""
        self._calls += 1
        size = len(item)
        if size <= MOST_HELD and not (self._held or self._gathered or self._turn_end.alone):
            # Not counted by its bytes: so little comes to its number of calls first.
            self._held = item
            self._turn_end.add(self, self._loop)
        else:
            self._bytes += size
            self.write_held()
            self._write(item)

    def send_parts_at_once(self, parts: Sequence[bytes]) -> int:
        """As `NativeStream.send_parts_at_once`."""
        size = sum(map(len, parts))
        self._calls += 1
        self._bytes += size
        if size <= MOST_HELD:
            # Whoever sends little by little wants it to be there.
            self.write_held()
            self._write_parts(parts)
            return size
        first = not self._gathered
        if first:
            self.write_held()
        # They are not copied to be joined.
        self._gathered += parts
        self._gathered_size += size
        if self._gathered_size >= _MOST_GATHERED or self._unsent is not None:
            self.write_held()
        elif first:
            self._turn_end.add(self, self._loop)
        return size

    async def until_written(self) -> None:
        """As `NativeStream.until_written`."""
        self.write_held()
        if self._room is not None:
            await self._take_over(self._room)
        self._must_be_open()
        if self._unsent is not None:
            self._little = 0
            self._want_room()
            try:
                await self._wait_for_room(self._room)
            finally:
                self._little = _LITTLE_UNSENT

    @property
    def unwritten(self) -> int:
        """As `NativeStream.unwritten`."""
        return len(self._held) + self._gathered_size + self._unsent_size

    def next_turn(self) -> "Turn":
        """As `NativeStream.next_turn`."""
        self._calls = self._bytes = 0
        return _TURN

    # What `turn_end` calls.

    def write_held(self) -> None:
        """Write what was sent at once and is held, unless that was done."""
        if self._gathered:
            parts, self._gathered, self._gathered_size = self._gathered, [], 0
            self._write_parts(parts)
        elif held := self._held:
            self._held = b""
            self._write(held)

    # How it works.

    def _write(self, item: bytes | memoryview) -> None:
        """Send what the kernel takes now, and the rest when it takes more."""
        if self._unsent is None:
            try:
                sent = self._socket.send(item)
            except _NOT_NOW:
                sent = 0
            except OSError as error:
                self._end(error)
                return
            if sent == len(item):
                return
            item = memoryview(item)[sent:]
        self._keep((item,))

    def _write_parts(self, parts: Sequence[bytes | memoryview]) -> None:
        """As `_write` of one after the other, in one call."""
        if self._unsent is None:
            try:
                sent = self._socket.sendmsg(parts[:_MOST_PARTS])
            except _NOT_NOW:
                sent = 0
            except OSError as error:
                self._end(error)
                return
            if sent == sum(map(len, parts)):
                return
            parts = _behind(sent, parts)
        self._keep(parts)

    def _keep(self, parts: Iterable[bytes | memoryview]) -> None:
        """Send `parts` when the kernel takes more; they are not copied."""
        if self._unsent is None:
            try:
                self._loop.add_writer(self._socket.fileno(), self._write_unsent)
            except OSError as error:
                # The kernel cannot watch any more.
                self._end(error)
                return
            self._unsent = deque()
        for part in parts:
            self._unsent.append(memoryview(part))
            self._unsent_size += len(part)
        if self._unsent_size > _MOST_UNSENT:
            self._want_room()

    def _write_unsent(self) -> None:
        """Send more, as the event loop says that there is room."""
        unsent = self._unsent
        assert unsent is not None
        try:
            sent = self._socket.sendmsg(itertools.islice(unsent, _MOST_PARTS))
        except _NOT_NOW:
            return
        except OSError as error:
            self._end(error)
            return
        self._unsent_size -= sent
        while unsent and sent >= len(unsent[0]):
            sent -= len(unsent.popleft())
        if unsent:
            unsent[0] = unsent[0][sent:]
        else:
            self._forget_unsent()
        if self._unsent_size <= self._little:
            self._give_room()
        if unsent:
            return
        if self._closed:
            self._end(None)
        elif self._ending:
            self._shut_down()

    def _forget_unsent(self) -> None:
        if self._unsent is not None:
            self._unsent = None
            self._unsent_size = 0
            self._loop.remove_writer(self._socket.fileno())

    def _shut_down(self) -> None:
        # A peer that has gone hears of nothing.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    @abstractmethod
    def _end(self, error: OSError | None) -> None:
        """Drop what is left and close the socket, unless that was done; `error` is why."""

    # Whoever sends waits, one at a time.

    def _want_room(self) -> None:
        if self._room is None:
            self._room = self._loop.create_future()
            self._unawaited = True
            self.takes_at_once = False

    def _give_room(self) -> None:
        room, self._room = self._room, None
        if room is not None:
            self.takes_at_once = not (self._ending or self._closed or self._lost)
            if not room.done():
                room.set_result(None)

    async def _take_over(self, room: asyncio.Future[None]) -> None:
        """Wait in place of whoever has sent at once."""
        if not self._unawaited:
            raise BusyResourceError("writing to")
        await self._wait_for_room(room)

    async def _wait_for_room(self, room: asyncio.Future[None] | None) -> None:
        if room is not None:
            self._unawaited = False
            # The next to send is busy until there is room, also if this is cancelled.
            await asyncio.shield(room)
        self._calls = self._bytes = 0
        self._must_be_open()

    def _must_be_open(self) -> None:
        if self._closed or (self._ending and not self._lost):
            raise ClosedResourceError
        if self._lost:
            raise BrokenResourceError from self._error


def _behind(count: int, parts: Sequence[bytes | memoryview]) -> Sequence[bytes | memoryview]:
    """What is left of `parts` without the first `count` bytes."""
    for index, part in enumerate(parts):
        if count < len(part):
            return (memoryview(part)[count:], *parts[index + 1 :])
        count -= len(part)
    return ()


class Turn:
    """What is awaited for others to run: a turn of the event loop, where a future takes two."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        # As `asyncio.sleep(0)` does.
        yield


_TURN = Turn()
