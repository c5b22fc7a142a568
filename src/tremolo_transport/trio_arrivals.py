"""Knows which of trio's streams can go on, by one wait for all of them.

trio's own way to wait for a socket tells the kernel so again for each wait,
which costs more than to receive. Here the kernel is told once per connection:
an epoll of our own reports each arrival, edge-triggered, and one task waits for
that epoll. What comes is asked for at the beginning of each turn (`trio_turn`), so that
whoever is told goes on in that turn; the task that waits is there only to have it begin.
What a stream makes of it is the business of `trio_stream`.
"""

import select
from typing import Protocol

from .trio_turn import TrioTurn

try:
    import trio
except ImportError:
    raise ImportError(
        "to serve on trio needs trio: pip install 'tremolo-anyio[trio]'", name="trio"
    ) from None

__all__ = ("ENDING", "INPUT", "ROOM", "Arrivals", "arrivals_here")

INPUT = select.EPOLLIN
"""The one event that most are: something has come."""

ROOM = select.EPOLLOUT
"""Among the events: the kernel takes something to send again."""

ENDING = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
"""Of these an end of the stream, or a failure, has some."""

_WANTED = INPUT | select.EPOLLRDHUP | select.EPOLLET


class _Watcher(Protocol):
    """Whoever is told."""

    def note(self, events: int) -> None:
        """Take note of what has happened since the last call; may raise nothing."""


class Arrivals:
    """Those of all streams of one run of trio."""

    __slots__ = ("_epoll", "_waiter", "_watchers", "turn")

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._watchers: dict[int, _Watcher] = {}
        self._waiter: trio.lowlevel.Task | None = None
        """The task that waits: trio has it go on when something has come."""
        self.turn = TrioTurn(self._tell)
        """At whose end what is sent meanwhile is written."""

    def watch(self, descriptor: int, watcher: _Watcher) -> None:
        """Tell `watcher` of what is there now, and of what comes, until `forget`.

        Raises OSError if the kernel cannot watch any more.
        """
        self._epoll.register(descriptor, _WANTED)
        self._watchers[descriptor] = watcher

    def want_room(self, descriptor: int, wanted: bool) -> None:
        """Tell of room too, or no more."""
        self._epoll.modify(descriptor, _WANTED | ROOM if wanted else _WANTED)

    def forget(self, descriptor: int) -> None:
        """Tell no more; to be called before the socket is closed."""
        # None is left when the event loop has ended.
        if self._watchers.pop(descriptor, None) is not None:
            self._epoll.unregister(descriptor)

    async def run(self) -> None:
        """Have the watchers told, until cancelled."""
        descriptor = self._epoll.fileno()
        self._waiter = waiter = trio.lowlevel.current_task()
        self.turn.begin()
        try:
            while True:
                # As long as it is there this task waits.
                waiter.custom_sleep_data = self
                await trio.lowlevel.wait_readable(descriptor)
        finally:
            self.turn.end()
            self._watchers.clear()
            self._epoll.close()

    def _tell(self) -> int:
        """Tell the watchers, and return how many were told."""
        waiter, watchers = self._waiter, self._watchers
        if waiter is not None and waiter.custom_sleep_data is not None:
            # trio takes it from a task that is to go on, so nothing has come.
            return 0
        ready = self._epoll.poll(0)
        for descriptor, events in ready:
            # One that was told before may have closed another.
            if (watcher := watchers.get(descriptor)) is not None:
                watcher.note(events)
        return len(ready)


_arrivals: trio.lowlevel.RunVar[Arrivals] = trio.lowlevel.RunVar("tremolo.arrivals")


def arrivals_here() -> Arrivals:
    """The `Arrivals` of the running event loop, which are told until it ends."""
    try:
        return _arrivals.get()
    except LookupError:
        arrivals = Arrivals()
        _arrivals.set(arrivals)
        # It belongs to no task: streams are made in one, used in others, and closed in a third.
        trio.lowlevel.spawn_system_task(arrivals.run)
        return arrivals
