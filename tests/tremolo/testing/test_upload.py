from collections.abc import AsyncGenerator, AsyncIterator, Callable

import anyio
import pytest
from anyio import EndOfStream

from tremolo.testing.turns import let_others_run
from tremolo.testing.upload import Upload, pieces_of
from tremolo.testing.wire import Wire
from tremolo_transport import MemoryStream, memory_stream_pair

pytestmark = pytest.mark.anyio

HEAD = b"POST / HTTP/1.1\r\n\r\n"


def connect(capacity: int = 65_536) -> tuple[Wire, MemoryStream]:
    ours, theirs = memory_stream_pair(capacity)
    left: Callable[[], None] = lambda: None  # noqa: E731 - it is typed
    return Wire(ours, client=("192.0.2.1", 5000), timeout=60, on_left=left), theirs


async def body() -> AsyncIterator[bytes]:
    yield b"some"
    yield b""
    yield b"more"


async def test_a_body_is_sent_as_its_pieces() -> None:
    wire, server = connect()
    upload = Upload(wire, HEAD, body(), chunked=False)
    await upload.run()
    assert upload.done
    assert await server.receive() == HEAD + b"somemore"


async def test_or_in_chunks_none_of_which_is_empty_but_the_last() -> None:
    wire, server = connect()
    await Upload(wire, HEAD, body(), chunked=True).run()
    assert await server.receive() == HEAD + b"4\r\nsome\r\n4\r\nmore\r\n0\r\n\r\n"


async def test_what_making_it_raises_is_kept_and_the_server_left_alone() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"some"
        raise ValueError("as it should")

    wire, server = connect()
    upload = Upload(wire, HEAD, broken(), chunked=False)
    await upload.run()
    assert isinstance(upload.error, ValueError)
    assert wire.closed
    with pytest.raises(anyio.BrokenResourceError):
        await server.receive()


async def test_a_server_that_wants_no_more_is_told_no_more() -> None:
    wire, server = connect()
    await server.aclose()
    upload = Upload(wire, HEAD, body(), chunked=False)
    await upload.run()
    assert upload.done
    assert upload.error is None


async def test_it_can_be_cancelled_and_closes_what_makes_the_body() -> None:
    closed: list[str] = []

    async def endless() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"x" * 100
        finally:
            closed.append("closed")

    wire, server = connect(capacity=100)
    upload = Upload(wire, HEAD, endless(), chunked=False)
    async with anyio.create_task_group() as group:
        group.start_soon(upload.run)
        await let_others_run()
        upload.cancel()
    assert closed == ["closed"]
    await wire.aclose()
    with pytest.raises(EndOfStream):
        while True:
            await server.receive()


async def test_bytes_are_sent_in_pieces() -> None:
    data = bytes(150_000)
    pieces = [piece async for piece in pieces_of(data)]
    assert b"".join(pieces) == data
    assert len(pieces) == 3
