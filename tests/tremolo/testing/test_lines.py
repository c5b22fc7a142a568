"""Both kinds of line keep the same promises."""

import socket
from collections.abc import AsyncIterator

import anyio
import pytest
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream

from tremolo.testing.lines import Line, SocketLine
from tremolo.testing.memory_line import memory_lines
from tremolo.testing.turns import let_others_run

pytestmark = pytest.mark.anyio

MORE_THAN_FITS = 20_000_000


async def memory() -> tuple[Line, Line]:
    return memory_lines()


async def over_socket() -> tuple[Line, Line]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
    client.setblocking(False)
    server.setblocking(False)
    return SocketLine(client), SocketLine(server)


@pytest.fixture(params=[memory, over_socket])
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Line, Line]]:
    one, other = await request.param()
    yield one, other
    await one.aclose()
    await other.aclose()


async def test_bytes_go_both_ways(pair: tuple[Line, Line]) -> None:
    line, other = pair
    await line.send(b"there")
    assert await other.receive() == b"there"
    await other.send(b"and back")
    assert await line.receive(3) == b"and"
    assert await line.receive() == b" back"


async def test_a_half_closed_line_still_receives(pair: tuple[Line, Line]) -> None:
    line, other = pair
    await line.send_eof()
    with pytest.raises(EndOfStream):
        await other.receive()
    await other.send(b"still here")
    assert await line.receive() == b"still here"


async def test_the_servers_end_is_told(pair: tuple[Line, Line]) -> None:
    line, other = pair
    await other.aclose()
    with pytest.raises(EndOfStream):
        await line.receive()


async def test_sending_waits_for_the_reader(pair: tuple[Line, Line]) -> None:
    line, other = pair
    sent = False

    async def send() -> None:
        nonlocal sent
        await line.send(bytes(MORE_THAN_FITS))
        sent = True

    received = 0
    async with anyio.create_task_group() as group:
        group.start_soon(send)
        await let_others_run()
        assert not sent
        while received < MORE_THAN_FITS:
            received += len(await other.receive())
    assert sent


async def test_a_server_that_has_left_breaks_the_line(pair: tuple[Line, Line]) -> None:
    line, other = pair
    await other.aclose()
    with pytest.raises(BrokenResourceError):
        while True:
            await line.send(bytes(1_000))


async def test_vanishing_resets(pair: tuple[Line, Line]) -> None:
    line, other = pair
    line.abort()
    line.abort()
    with pytest.raises(BrokenResourceError):
        await other.receive()


async def test_a_vanished_peer_breaks_the_line(pair: tuple[Line, Line]) -> None:
    line, other = pair
    other.abort()
    with pytest.raises(BrokenResourceError):
        await line.receive()
    with pytest.raises(BrokenResourceError):
        await line.send(b"x")


@pytest.mark.parametrize("close", [True, False], ids=["closed", "aborted"])
async def test_what_we_have_closed_says_so(pair: tuple[Line, Line], close: bool) -> None:
    line, _ = pair
    if close:
        await line.aclose()
        await line.aclose()
    else:
        line.abort()
    with pytest.raises(ClosedResourceError):
        await line.send(b"x")
    with pytest.raises(ClosedResourceError):
        await line.receive()


async def test_closing_wakes_who_waits(pair: tuple[Line, Line]) -> None:
    line, _ = pair

    async def receive() -> None:
        with pytest.raises(ClosedResourceError):
            await line.receive()

    async with anyio.create_task_group() as group:
        group.start_soon(receive)
        await let_others_run()
        await line.aclose()
