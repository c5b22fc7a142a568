"""What the kernel tells of sockets, to whoever watches them, by one task of trio's."""

import select
import socket
from collections.abc import Iterator

import anyio
import pytest
import trio
import trio.testing
from anyio.lowlevel import checkpoint

from tremolo_transport.trio_arrivals import ENDING, ROOM, Arrivals, arrivals_here

from .conversations import PATIENCE

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "trio"


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        one.setblocking(False)
        yield one, other


class Notes:
    """A watcher that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[int] = []
        self.told = anyio.Event()

    def note(self, events: int) -> None:
        self.events.append(events)
        self.told.set()
        self.told = anyio.Event()

    async def next(self) -> int:
        with anyio.fail_after(PATIENCE):
            await self.told.wait()
        return self.events[-1]


Sockets = tuple[socket.socket, socket.socket]


async def test_what_is_there_already_is_told_and_then_what_comes_once(sockets: Sockets) -> None:
    one, other = sockets
    notes = Notes()
    arrivals = arrivals_here()
    other.send(b"x")
    arrivals.watch(one.fileno(), notes)
    assert not await notes.next() & ENDING
    await trio.testing.wait_all_tasks_blocked()
    assert len(notes.events) == 1
    other.send(b"y")
    await notes.next()
    other.shutdown(socket.SHUT_WR)
    assert await notes.next() & ENDING
    assert len(notes.events) == 3
    arrivals.forget(one.fileno())


async def test_room_is_told_while_it_is_wanted(sockets: Sockets) -> None:
    one, other = sockets
    notes = Notes()
    arrivals = arrivals_here()
    arrivals.watch(one.fileno(), notes)
    arrivals.want_room(one.fileno(), True)
    assert await notes.next() == ROOM
    arrivals.want_room(one.fileno(), False)
    other.send(b"x")
    assert not await notes.next() & ROOM
    arrivals.forget(one.fileno())


async def test_nothing_is_told_of_what_is_forgotten(sockets: Sockets) -> None:
    one, other = sockets
    arrivals = arrivals_here()
    notes = Notes()
    arrivals.watch(one.fileno(), notes)
    arrivals.forget(one.fileno())
    other.send(b"x")
    arrivals.watch(other.fileno(), seen := Notes())
    one.send(b"x")
    await seen.next()
    assert notes.events == []
    arrivals.forget(other.fileno())


async def test_whoever_is_told_may_have_another_forgotten(sockets: Sockets) -> None:
    one, other = sockets
    arrivals = arrivals_here()
    told: list[int] = []

    class Rival:
        def __init__(self, own: int, its: int) -> None:
            self._own, self._its = own, its

        def note(self, events: int) -> None:
            told.append(self._own)
            arrivals.forget(self._its)

    arrivals.watch(one.fileno(), Rival(one.fileno(), other.fileno()))
    arrivals.watch(other.fileno(), Rival(other.fileno(), one.fileno()))
    one.send(b"x")
    other.send(b"x")
    await trio.testing.wait_all_tasks_blocked()
    assert len(told) == 1
    arrivals.forget(told[0])


async def test_whoever_is_told_goes_on_in_the_same_turn(sockets: Sockets) -> None:
    one, other = sockets
    arrivals = arrivals_here()
    seen: list[str] = []

    class Watcher:
        async def wait(self, *, task_status: trio.TaskStatus[None]) -> None:
            self.task = trio.lowlevel.current_task()
            task_status.started()
            await trio.lowlevel.wait_task_rescheduled(lambda _: trio.lowlevel.Abort.FAILED)
            seen.append("goes on")

        def note(self, events: int) -> None:
            seen.append("told")
            trio.lowlevel.reschedule(self.task)

    class Ends(trio.abc.Instrument):
        def before_io_wait(self, timeout: float) -> None:
            seen.append("the turn ends")

    watcher = Watcher()
    with anyio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            await nursery.start(watcher.wait)
            arrivals.watch(one.fileno(), watcher)
            trio.lowlevel.add_instrument(ends := Ends())
            other.send(b"x")
    trio.lowlevel.remove_instrument(ends)
    arrivals.forget(one.fileno())
    told = seen.index("told")
    assert seen[told : told + 2] == ["told", "goes on"]


class Polls:
    """An epoll that counts how often it is asked."""

    def __init__(self, epoll: select.epoll) -> None:
        self._epoll = epoll
        self.count = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._epoll, name)

    def poll(self, timeout: float) -> list[tuple[int, int]]:
        self.count += 1
        return self._epoll.poll(timeout)


async def test_the_kernel_is_asked_only_in_turns_in_which_something_has_come(
    sockets: Sockets,
) -> None:
    one, other = sockets
    arrivals = arrivals_here()
    notes = Notes()
    arrivals.watch(one.fileno(), notes)
    await trio.testing.wait_all_tasks_blocked()
    polls = Polls(arrivals._epoll)
    arrivals._epoll = polls  # type: ignore[assignment]  # it has what is used of one
    for count in range(1, 4):
        for _ in range(5):
            await checkpoint()
        assert polls.count == count - 1
        other.send(b"x")
        await notes.next()
        assert polls.count == count
    assert len(notes.events) == 3
    arrivals.forget(one.fileno())


async def test_one_event_loop_has_one() -> None:
    assert arrivals_here() is arrivals_here()


def test_it_ends_with_its_event_loop() -> None:
    found: list[Arrivals] = []

    async def live() -> None:
        found.append(arrivals_here())
        await trio.testing.wait_all_tasks_blocked()

    for _ in range(2):
        trio.run(live)
    assert found[0] is not found[1]
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        for arrivals in found:
            with pytest.raises(ValueError, match="closed"):
                arrivals.watch(one.fileno(), Notes())
            # It knows of nothing, so there is nothing to forget.
            arrivals.forget(one.fileno())
