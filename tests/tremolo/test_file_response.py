"""Opening what is a file and nothing else, and sending it."""

import asyncio
import os
import socket
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest
import sniffio

from tremolo.exceptions import NotFound
from tremolo.file_answer import FileAnswer, FileFacts, Section
from tremolo.file_response import boundary, open_file, run_in, send_body, slice_of
from tremolo_core import Data, EndOfMessage

from .fake_exchange import FakeExchange

pytestmark = pytest.mark.anyio


def test_a_regular_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    os.utime(path, ns=(0, 1_000_000_000_500_000_000))
    found = open_file(path)
    with found.file as file:
        assert file.read() == b"0123456789"
    assert found.size == 10
    assert found.validators.modified == 1_000_000_000
    assert found.validators.etag == b'"de0b6b3c5316500-a"'
    assert found.validators.settled
    os.utime(path)
    with open_file(bytes(path)).file:
        pass


def test_a_file_that_was_just_written_may_be_written_again(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a")
    os.utime(path, ns=(0, 1 << 62))
    found = open_file(path)
    found.file.close()
    assert not found.validators.settled


def test_two_states_have_two_tags(tmp_path: Path) -> None:
    path = tmp_path / "file"
    tags: set[bytes | None] = set()
    for content, moment in ((b"a", 1), (b"b", 2), (b"bc", 2)):
        path.write_bytes(content)
        os.utime(path, ns=(0, moment))
        found = open_file(path)
        found.file.close()
        tags.add(found.validators.etag)
    assert len(tags) == 3


def test_what_is_no_regular_file_is_not_found(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "socket"))
        for name in ("pipe", "loop", "socket", "none", "", "a" * 300, "pipe/file"):
            with pytest.raises(NotFound):
                open_file(tmp_path / name)
    for path in ("/dev/zero", "a\0b"):
        with pytest.raises(NotFound):
            open_file(path)


def test_a_section_has_a_tag_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    found = open_file(path)
    found.file.close()
    whole = slice_of(found, 0, -1, b"a/b")
    assert whole == FileFacts(size=10, content_type=b"a/b", validators=found.validators)
    assert slice_of(found, 0, 10, b"a/b") == whole
    tags = {
        slice_of(found, offset, count, b"a/b").validators.etag
        for offset, count in ((0, -1), (0, 5), (5, 5), (5, 4))
    }
    assert len(tags) == 4


async def test_a_body_is_sent_in_order(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    body = (b"<", Section(offset=5, count=5), b"|", Section(offset=0, count=3), b">")
    exchange = FakeExchange()
    found = open_file(path)
    with found.file:
        answer = FileAnswer(status=206, fields=(), body=body)
        await send_body(exchange, found.file, answer, piece=2)
    pieces = [event.data for event in exchange.events if isinstance(event, Data)]
    assert pieces == [b"<", b"56", b"78", b"9", b"|", b"01", b"2", b">"]
    assert exchange.events[-1] == EndOfMessage()


async def test_an_executor_of_threads() -> None:
    with ThreadPoolExecutor(1) as executor:
        assert await run_in(executor, lambda: 5) == 5
    assert await run_in(None, lambda: 5) == 5


class Awaitable:
    """What it returns can be awaited, as that of Tremolo's own executor."""

    def submit(self, function: Callable[[], int]) -> object:
        async def run() -> int:
            await anyio.lowlevel.checkpoint()
            return function()

        if sniffio.current_async_library() == "asyncio":
            return asyncio.ensure_future(run())
        return run()


async def test_an_executor_that_is_awaited() -> None:
    assert await run_in(Awaitable(), lambda: 5) == 5


async def test_what_fails_in_an_executor_is_raised() -> None:
    class Failing:
        def submit(self, function: Callable[[], int]) -> Future[int]:
            future: Future[int] = Future()
            future.set_exception(OSError("no"))
            return future

    with pytest.raises(OSError, match="no"):
        await run_in(Failing(), lambda: 5)


def test_a_boundary_is_like_no_other() -> None:
    assert boundary() != boundary()
    assert len(boundary()) == 32
