import itertools

import anyio
import pytest
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream

from tremolo.testing import Clock
from tremolo.testing.hostile_lines import (
    CountingLine,
    SlowLine,
    SplitLine,
    Vanished,
    VanishingLine,
)
from tremolo_transport import MemoryStream, memory_stream_pair

pytestmark = pytest.mark.anyio


async def pieces(stream: MemoryStream, received: list[bytes]) -> None:
    """Note what each call receives, until the end."""
    try:
        while True:
            received.append(await stream.receive())
    except (EndOfStream, BrokenResourceError):
        pass


async def test_bytes_are_counted() -> None:
    ours, theirs = memory_stream_pair()
    line = CountingLine(ours)
    await line.send(b"four")
    await theirs.send(b"seven..")
    await line.receive(3)
    await line.receive()
    assert (line.sent, line.received) == (4, 7)


@pytest.mark.parametrize("at", range(1, 6))
async def test_what_is_sent_arrives_in_two_parts(at: int) -> None:
    ours, theirs = memory_stream_pair()
    line = SplitLine(ours, at=at, pause=0)
    received: list[bytes] = []
    async with anyio.create_task_group() as group:
        group.start_soon(pieces, theirs, received)
        await line.send(b"abcdef")
        await line.send_eof()
    assert received == [b"abcdef"[:at], b"abcdef"[at:]]


async def test_the_cut_counts_from_the_beginning() -> None:
    ours, theirs = memory_stream_pair()
    line = SplitLine(ours, at=4, pause=0)
    received: list[bytes] = []
    async with anyio.create_task_group() as group:
        group.start_soon(pieces, theirs, received)
        for piece in (b"abc", b"def", b"ghi"):
            await line.send(piece)
        await line.send_eof()
    assert b"".join(received) == b"abcdefghi"
    # Somewhere between two pieces is the cut, and its first part went as a whole.
    assert 4 in itertools.accumulate(map(len, received))


async def test_time_passes_at_the_cut(tremolo_clock: Clock) -> None:
    ours, _ = memory_stream_pair()
    began = tremolo_clock.time()
    await SplitLine(ours, at=1, pause=7).send(b"ab")
    assert tremolo_clock.time() - began == pytest.approx(7)


@pytest.mark.parametrize("after", range(6))
async def test_one_vanishes_after_what_it_has_sent(after: int) -> None:
    ours, theirs = memory_stream_pair()
    line = VanishingLine(ours, after=after)
    received: list[bytes] = []
    async with anyio.create_task_group() as group:
        group.start_soon(pieces, theirs, received)
        with pytest.raises(Vanished):
            await line.send(b"abcdef")
    assert b"".join(received) == b"abcdef"[:after]
    with pytest.raises(BrokenResourceError):
        await theirs.receive()
    with pytest.raises(Vanished):
        await line.receive()


async def test_or_after_what_it_has_received() -> None:
    ours, theirs = memory_stream_pair()
    line = VanishingLine(ours, after=5)
    await line.send(b"ab")
    await theirs.send(b"cdef")
    assert await line.receive(2) == b"cd"
    assert await line.receive() == b"e"
    with pytest.raises(Vanished):
        await line.receive()


async def test_one_reads_slowly(tremolo_clock: Clock) -> None:
    ours, theirs = memory_stream_pair()
    reports: list[int] = []
    line = SlowLine(ours, rate=100, report=reports.append)
    await theirs.send(b"x" * 1_000)
    began = tremolo_clock.time()
    received = 0
    while received < 1_000:
        received += len(await line.receive())
    assert tremolo_clock.time() - began == pytest.approx(10)
    assert reports == list(range(10, 1_001, 10))


async def test_all_else_is_passed_on() -> None:
    ours, theirs = memory_stream_pair()
    line = CountingLine(ours)
    await line.send_eof()
    with pytest.raises(EndOfStream):
        await theirs.receive()
    await line.aclose()
    with pytest.raises(ClosedResourceError):
        await ours.receive()
    ours, theirs = memory_stream_pair()
    CountingLine(ours).abort()
    with pytest.raises(BrokenResourceError):
        await theirs.receive()
