"""One stream and the core connection on it: what has become of them, and who is told.

Whose turn it is to read and to write is the business of `link`.
"""

from collections.abc import Callable
from contextlib import suppress

import anyio
from anyio import BrokenResourceError, CancelScope, ClosedResourceError
from anyio.abc import ByteStream

from tremolo_core import Connection

from .departure import Departure
from .native_stream import NativeStream
from .pace import ConnectionPace, Pace
from .read_size import ReadSize

__all__ = ("Line",)


class Line:
    """The state of both, and the news of it."""

    __slots__ = (
        "_called_off",
        "_departure",
        "_moved_seen",
        "_news",
        "_past_scope",
        "_read_scope",
        "_reads_seen",
        "_size",
        "_written",
        "broken",
        "connection",
        "eof",
        "framed",
        "hung_up",
        "left_to_task",
        "moved",
        "pace",
        "quick",
        "reading",
        "reads",
        "sent",
        "stirred",
        "stream",
        "writes",
        "writing",
    )

    def __init__(self, stream: ByteStream, connection: Connection, *, pace: Pace = Pace()) -> None:
        self.stream = stream
        self.quick = stream if isinstance(stream, NativeStream) else None
        """The stream, if it can be written to without a wait, and a reader called off."""
        self._called_off = False
        """Whether the reader was interrupted, or the last that there was."""
        self.connection = connection
        self.sent = 0
        """Bytes that the stream has taken."""
        self.reading = False
        """Whether a task is inside `stream.receive`."""
        self.reads = 0
        """How often a task has entered it: who polls enters and is cancelled again and again."""
        self.moved = 0
        """How often it has brought bytes."""
        self._reads_seen = self._moved_seen = -1
        """What the two were at the last `was_read`."""
        self.left_to_task = False
        """Whether the task that waits for a request is to go on with what was begun without it."""
        self.framed = False
        """Whether a WebSocket was accepted."""
        self.eof = False
        """Whether the peer has said that it will send no more, and that was read."""
        self.hung_up = False
        """Whether the kernel says so, while bytes before it have not been read."""
        self.stirred = False
        """Whether this exchange has seen more than a plain answer: somebody has read or waited for
        news, or has changed the pace."""
        self.broken = False
        """Whether nothing can be sent or received any more."""
        self.pace = ConnectionPace(pace)
        """What is written is held to here; whoever is told of bodies keeps to it for them."""
        self._size = ReadSize(connection, self.pace)
        self._news: anyio.Event | None = None
        """Set when the reader has something to tell, or has left; made on demand."""
        self._read_scope: CancelScope | None = None
        """Where the reader waits, if it may be interrupted."""
        self._past_scope: CancelScope | None = None
        """Where something is written past the stream, and so does not hear of the stream's end."""
        self.writing = False
        """Whether a task is inside `stream.send`, or waits to be."""
        self._written: anyio.Event | None = None
        """Set when the writer has nothing left to write; made on demand."""
        self.writes = 0
        """How many writes have begun, but for whole answers, which `sent` tells of; each is short,
        or can be seen to go on by `unwritten`."""
        self._departure = Departure()

    @property
    def peer_gone(self) -> bool:
        """Whether the peer is known to have left, or to have half-closed."""
        return self.eof or self.hung_up or self.broken

    @property
    def unwritten(self) -> int:
        """Bytes that the stream has taken and the kernel has not, as far as that can be told."""
        return 0 if self.quick is None else self.quick.unwritten

    # News.

    def tell(self) -> None:
        """Wake all who wait for news."""
        if self._news is not None:
            self._news.set()
            self._news = None

    async def news(self) -> None:
        """Wait until the reader has moved bytes, has left, or `tell` is called."""
        self.stirred = True
        if self._news is None:
            self._news = anyio.Event()
        await self._news.wait()

    async def pause(self, seconds: float) -> bool:
        """Wait for so long, or until there is news; true if there is."""
        with anyio.move_on_after(seconds):
            await self.news()
            return True
        return False

    # The end.

    def break_off(self) -> None:
        """Give up: nothing more will be sent."""
        self.broken = True
        if self._past_scope is not None:
            self._past_scope.cancel()
        self.connection.send_failed()
        self._departure.tell()
        self.tell()

    async def abort(self) -> None:
        """Give up, and wake who waits for the stream to take something: it is closed at once."""
        self.break_off()
        with suppress(BrokenResourceError, ClosedResourceError, OSError):
            await anyio.aclose_forcefully(self.stream)

    def note_hang_up(self) -> None:
        """Note what the kernel said while nobody could read."""
        self.hung_up = True
        self._departure.tell()
        self.tell()

    def on_gone(self, callback: Callable[[], None]) -> None:
        """Call `callback` as soon as the peer is gone; at once if it is."""
        if self.peer_gone:
            callback()
        else:
            self._departure.call(callback)

    def forget_gone(self, callback: Callable[[], None]) -> None:
        """Take back an `on_gone`; nothing happens if it was called meanwhile."""
        self._departure.forget(callback)
