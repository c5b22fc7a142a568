"""Two byte streams joined back to back in memory: a connection without a socket.

It keeps anyio's `ByteStream` contract to the letter, back-pressure included, so
what runs on it runs on a socket.
"""

from anyio import BrokenResourceError, ClosedResourceError, EndOfStream, Event, ResourceGuard
from anyio.abc import ByteStream
from anyio.lowlevel import checkpoint

__all__ = ("MemoryStream", "memory_stream_pair")

_CAPACITY = 65_536
"""Bytes that one direction holds before `send` waits: about what a loopback socket holds."""


class _Pipe:
    """One direction: what its writer has sent and its reader not yet received."""

    __slots__ = ("broken", "capacity", "data", "ended", "moved")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.data = bytearray()
        self.ended = False
        """The writer will send no more; what waits can still be read."""
        self.broken = False
        """Nothing more gets through, and what waited is lost."""
        self.moved = Event()
        """Set, and replaced, whenever any of the above changes."""

    def tell(self) -> None:
        self.moved.set()
        self.moved = Event()

    def end(self) -> None:
        self.ended = True
        self.tell()

    def break_off(self) -> None:
        self.broken = True
        self.data.clear()
        self.tell()


class MemoryStream(ByteStream):
    """One end of a pair. Made by `memory_stream_pair`."""

    def __init__(self, incoming: _Pipe, outgoing: _Pipe) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._closed = False
        self._receiving = ResourceGuard("reading from")
        self._sending = ResourceGuard("writing to")

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        if max_bytes < 1:
            raise ValueError("max_bytes must be a positive integer")
        pipe = self._incoming
        with self._receiving:
            await checkpoint()
            while not pipe.data:
                if self._closed:
                    raise ClosedResourceError
                if pipe.broken:
                    raise BrokenResourceError
                if pipe.ended:
                    raise EndOfStream
                await pipe.moved.wait()
        data = bytes(pipe.data[:max_bytes])
        del pipe.data[:max_bytes]
        pipe.tell()
        return data

    async def send(self, item: bytes) -> None:
        pipe = self._outgoing
        rest = memoryview(item)
        with self._sending:
            await checkpoint()
            while True:
                if self._closed or pipe.ended:
                    raise ClosedResourceError
                if pipe.broken:
                    raise BrokenResourceError
                room = pipe.capacity - len(pipe.data)
                if room > 0:
                    pipe.data += rest[:room]
                    rest = rest[room:]
                    pipe.tell()
                if not rest:
                    return
                await pipe.moved.wait()

    async def send_eof(self) -> None:
        self._outgoing.end()

    async def aclose(self) -> None:
        """Close both directions; the other end can still read what was sent."""
        self._closed = True
        self._outgoing.end()
        self._incoming.break_off()
        await checkpoint()

    def abort(self) -> None:
        """Vanish as a peer does whose machine was reset: what was under way is lost."""
        self._closed = True
        self._outgoing.break_off()
        self._incoming.break_off()


def memory_stream_pair(capacity: int = _CAPACITY) -> tuple[MemoryStream, MemoryStream]:
    """Two streams, each of which receives what the other sends.

    `capacity` is how many bytes each direction holds before `send` waits.
    """
    one, other = _Pipe(capacity), _Pipe(capacity)
    return MemoryStream(one, other), MemoryStream(other, one)
