"""Sockets that one wait of the event loop is for: each is called, and what they send is held."""

import asyncio
import functools
import gc
import math
import os
import socket
import sys
import tempfile
import warnings
import weakref
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from typing import Any

import anyio
import pytest

from tremolo_transport.asyncio_arrivals import watch_of, watches_sockets
from tremolo_transport.turn_end import turn_end_of

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="its event loop watches no sockets"),
]

COLOUR: ContextVar[str] = ContextVar("COLOUR", default="none")


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    if request.param:
        pytest.importorskip("uvloop")
    return "asyncio", {"use_uvloop": request.param}


class Log:
    """What has happened, in order."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._news = asyncio.Event()

    def note(self, what: str) -> None:
        self.seen.append(what)
        self._news.set()

    async def until(self, count: int) -> list[str]:
        """Wait for so many entries, as the kernel tells in its own time."""
        while len(self.seen) < count:
            self._news.clear()
            await self._news.wait()
        return self.seen

    def write_held(self) -> None:
        self.note("written")


class Pair:
    """Two sockets, of which the second is watched."""

    def __init__(self, name: str, log: Log) -> None:
        self.name = name
        self.log = log
        self.then: Callable[[], None] = self.read
        self.peer, self.sock = socket.socketpair()
        self.sock.setblocking(False)
        # As a stream has it, and so holds the loop.
        self.loop = asyncio.get_running_loop()
        self.watch = watch_of(self.loop)
        self.watch.add_reader(self.sock.fileno(), self._call)

    def _call(self) -> None:
        self.log.note(self.name)
        self.then()

    def read(self) -> None:
        self.sock.recv(100)

    def leave(self) -> None:
        """Leave what has come where it is."""

    def read_and_hold(self) -> None:
        loop = asyncio.get_running_loop()
        self.read()
        turn_end_of(loop).add(self.log, loop)

    def read_and_fail(self) -> None:
        self.read_and_hold()
        raise LookupError("planted")

    def read_and_note_colour(self) -> None:
        self.read()
        self.log.note(COLOUR.get())

    def close(self) -> None:
        if self.sock.fileno() >= 0:
            self.watch.remove_reader(self.sock.fileno())
        self.sock.close()
        self.peer.close()


@pytest.fixture
async def log() -> Log:
    return Log()


@pytest.fixture
async def pairs(log: Log) -> AsyncIterator[tuple[Pair, Pair]]:
    made = Pair("a", log), Pair("b", log)
    # They keep it.
    turn_end_of(asyncio.get_running_loop()).longest = math.inf
    yield made
    for pair in made:
        pair.close()


async def test_a_loop_on_this_system_watches_sockets_and_has_one_watch() -> None:
    loop = asyncio.get_running_loop()
    assert watches_sockets(loop)
    assert watch_of(loop) is watch_of(loop)


async def test_what_is_not_read_is_told_again(pairs: tuple[Pair, Pair], log: Log) -> None:
    pair, _ = pairs
    pair.then = pair.leave
    pair.peer.send(b"x")
    assert (await log.until(3))[:3] == ["a", "a", "a"]


async def test_what_is_read_is_not_told_again(pairs: tuple[Pair, Pair], log: Log) -> None:
    pair, other = pairs
    pair.peer.send(b"x")
    await log.until(1)
    other.peer.send(b"x")
    assert await log.until(2) == ["a", "b"]


async def test_one_that_was_removed_is_not_called(pairs: tuple[Pair, Pair], log: Log) -> None:
    def close_both() -> None:
        for pair in pairs:
            pair.close()

    for pair in pairs:
        # Whichever is the first.
        pair.then = close_both
        pair.peer.send(b"x")
    await log.until(1)
    await asyncio.sleep(0)
    assert len(log.seen) == 1


async def test_to_remove_twice_is_no_fault(pairs: tuple[Pair, Pair], log: Log) -> None:
    pair, other = pairs
    for _ in range(2):
        pair.watch.remove_reader(pair.sock.fileno())
    pair.peer.send(b"x")
    other.peer.send(b"x")
    assert await log.until(1) == ["b"]


async def test_what_is_sent_meanwhile_is_written_behind_the_last(
    pairs: tuple[Pair, Pair], log: Log
) -> None:
    for pair in pairs:
        pair.then = pair.read_and_hold
        # Both have come before the loop looks.
        pair.peer.send(b"x")
    seen = await log.until(4)
    assert sorted(seen[:2]) == ["a", "b"]
    assert seen[2:] == ["written", "written"]


@pytest.mark.parametrize("count", [1, 2])
async def test_only_where_one_has_come_alone_is_there_nothing_to_hold_for(
    pairs: tuple[Pair, Pair], log: Log, count: int
) -> None:
    turn_end = turn_end_of(asyncio.get_running_loop())

    def read_and_note(pair: Pair) -> None:
        pair.read()
        log.note("alone" if turn_end.alone else "held")

    for pair in pairs[:count]:
        pair.then = functools.partial(read_and_note, pair)
        pair.peer.send(b"x")
    seen = await log.until(2 * count)
    assert seen[1::2] == (["alone"] if count == 1 else ["held", "held"])
    assert not turn_end.alone, "nor in what other callbacks of the loop send"


async def test_one_that_fails_is_told_of_and_keeps_nobody_else_from_being_called(
    pairs: tuple[Pair, Pair], log: Log
) -> None:
    contexts: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: contexts.append(context))
    for pair in pairs:
        pair.then = pair.read_and_fail
        pair.peer.send(b"x")
    assert sorted(await log.until(4)) == ["a", "b", "written", "written"]
    await asyncio.sleep(0)
    assert [str(context["exception"]) for context in contexts] == ["planted", "planted"]


async def test_a_callback_sees_nothing_of_who_was_the_first_to_watch(log: Log) -> None:
    COLOUR.set("of the first")
    pair = Pair("a", log)
    pair.then = pair.read_and_note_colour
    pair.peer.send(b"x")
    assert await log.until(2) == ["a", "none"]
    pair.close()


async def test_without_sockets_nothing_of_it_is_left_in_the_loop(log: Log) -> None:
    before = _open_descriptors()
    for _ in range(2):
        pair = Pair("a", log)
        pair.peer.send(b"x")
        await log.until(1)
        pair.close()
        assert _open_descriptors() == before
        log.seen.clear()


async def test_nor_where_a_socket_cannot_be_watched() -> None:
    before = _open_descriptors()
    with tempfile.TemporaryFile() as file, pytest.raises(PermissionError):
        watch_of(asyncio.get_running_loop()).add_reader(file.fileno(), lambda: None)
    assert _open_descriptors() == before


def test_a_loop_that_has_ended_with_sockets_is_not_kept(
    anyio_backend: tuple[str, dict[str, bool]],
) -> None:
    peers: list[socket.socket] = []

    async def main() -> weakref.ref[asyncio.AbstractEventLoop]:
        pair = Pair("a", Log())
        peers.append(pair.peer)
        turn_end_of(pair.loop).add(pair.log, pair.loop)
        return weakref.ref(pair.loop)

    with warnings.catch_warnings():
        # Of the sockets that are left.
        warnings.simplefilter("ignore", ResourceWarning)
        loop = anyio.run(main, backend=anyio_backend[0], backend_options=anyio_backend[1])
        gc.collect()
    assert loop() is None
    [peer] = peers
    assert peer.recv(1) == b"", "nor are they"
    peer.close()


def _open_descriptors() -> int:
    """How many there are."""
    if sys.platform != "linux":
        pytest.skip("counts descriptors in /proc")
    return len(os.listdir("/proc/self/fd"))
