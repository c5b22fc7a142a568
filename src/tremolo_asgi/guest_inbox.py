"""What another server gives us: received by whoever asks for it, or ahead of that while watched.

What the messages mean is known to `guest_messages`; which of the events a
handler is told is decided in `guest_exchange`.
"""

from collections import deque
from collections.abc import Callable

import anyio
from anyio.abc import TaskGroup

from tremolo_core import BytesMessage, ConnectionClosed, Data, Event, TextMessage

from .guest_messages import received_events
from .types import Receive

__all__ = ("GuestInbox",)

_READ_AHEAD = 65_536
"""Bytes that are received for a handler that does not ask for them; as `Limits.read_ahead`."""


class GuestInbox:
    """The events of one exchange. At most one task at a time is inside the server's `receive`."""

    __slots__ = (
        "_callbacks",
        "_events",
        "_group",
        "_news",
        "_reading",
        "_receive",
        "_size",
        "gone",
    )

    def __init__(self, receive: Receive, group: TaskGroup) -> None:
        """`group` runs the watch, if there is one."""
        self.gone = False
        """Whether the client is known to have left."""
        self._receive = receive
        self._group: TaskGroup | None = group
        self._events: deque[Event] = deque()
        self._size = 0
        """Bytes, about, of the events that wait."""
        self._reading = False
        self._news = anyio.Event()
        self._callbacks: list[Callable[[], None]] = []

    async def next_event(self) -> Event:
        """Return the next event; ConnectionClosed at the end, and ever after.

        What is known is returned without a checkpoint. A cancelled call has lost
        nothing, if the server's `receive` keeps to that.
        """
        while not self._events:
            if self.gone:
                return ConnectionClosed()
            await self._read_or_wait()
        event = self._events.popleft()
        self._size -= _size_of(event)
        self._tell()
        return event

    def watch_soon(self) -> None:
        """From now on, notice that the client leaves though nobody asks."""
        group, self._group = self._group, None
        if group is not None:
            group.start_soon(self._watch)

    def on_gone(self, callback: Callable[[], None]) -> None:
        """Call `callback` as soon as the client has left; at once if it has."""
        if self.gone:
            callback()
        else:
            self._callbacks.append(callback)

    def forget_gone(self, callback: Callable[[], None]) -> None:
        """Take back an `on_gone`; nothing happens if it was called meanwhile."""
        if callback in self._callbacks:
            self._callbacks.remove(callback)

    def note_gone(self) -> None:
        """Note that the client has left."""
        self.gone = True
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()
        self._tell()

    async def _watch(self) -> None:
        while not self.gone:
            if self._size < _READ_AHEAD:
                await self._read_or_wait()
            else:
                await self._news.wait()

    async def _read_or_wait(self) -> None:
        if self._reading:
            await self._news.wait()
            return
        self._reading = True
        try:
            for event in received_events(await self._receive()):
                if isinstance(event, ConnectionClosed):
                    self.note_gone()
                else:
                    self._events.append(event)
                    self._size += _size_of(event)
        finally:
            self._reading = False
            self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = anyio.Event()


def _size_of(event: Event) -> int:
    match event:
        case Data() | BytesMessage():
            return len(event.data)
        case TextMessage():
            return len(event.text)
        case _:
            return 0
