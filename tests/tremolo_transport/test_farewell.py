"""How a connection ends; that it does not last for ever is tested in `test_driver`."""

import anyio
import pytest
from anyio import BrokenResourceError, CancelScope

from tremolo_core import Connection, Data, EndOfMessage, Event, Response, Signal
from tremolo_transport.answers import Answers
from tremolo_transport.farewell import close, linger, linger_scope, owes, write_last
from tremolo_transport.link import Link
from tremolo_transport.memory import MemoryStream, memory_stream_pair
from tremolo_transport.peer import Peer

from .conversations import GET, Client, surroundings
from .test_exchange import plain

pytestmark = pytest.mark.anyio


async def test_what_is_owed_is_written() -> None:
    client, server = memory_stream_pair()
    connection = Connection()
    connection.receive_data(b"nonsense\r\n\r\n")
    with pytest.raises(Exception, match="malformed"):
        connection.next_event()
    async with anyio.create_task_group() as group:
        link = Link(server, connection)
        await write_last(link, Answers(link, Peer(), surroundings(plain, group)))
    assert (await Client(client).answer()).status == 400


async def test_half_an_answer_is_broken_off() -> None:
    _, server = memory_stream_pair()
    connection = Connection()
    connection.receive_data(GET)
    connection.next_event()
    async with anyio.create_task_group() as group:
        link = Link(server, connection)
        answers = Answers(link, Peer(), surroundings(plain, group))
        await answers.send(Response(status=200), Data(data=b"half"))
        await write_last(link, answers)
    assert link.broken


async def test_a_peer_that_ends_is_listened_to_no_longer() -> None:
    client, server = memory_stream_pair()
    await client.send(b"more")
    client.abort()
    await linger(server)
    client, server = memory_stream_pair()
    await client.send(b"more")
    await client.send_eof()
    await linger(server)
    assert await Client(client).some() == b""


async def test_lingering_has_an_end() -> None:
    assert anyio.current_time() < linger_scope().deadline < anyio.current_time() + 10


@pytest.mark.parametrize("error", [OSError("no"), BrokenResourceError()])
async def test_a_stream_is_closed_even_in_a_cancelled_scope_and_if_it_complains(
    error: Exception,
) -> None:
    closed = 0

    class Stubborn(MemoryStream):
        async def aclose(self) -> None:
            nonlocal closed
            await super().aclose()
            closed += 1
            raise error

    _, server = memory_stream_pair()
    with CancelScope() as scope:
        scope.cancel()
        await close(Stubborn(server._incoming, server._outgoing))
    assert closed == 1


def answered(request: bytes, *more: Event) -> Link:
    connection = Connection()
    connection.receive_data(request)
    connection.next_event()
    connection.send(Response(status=204), *more)
    return Link(memory_stream_pair()[1], connection)


async def test_nothing_is_owed_after_a_last_answer_that_is_written() -> None:
    link = answered(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), EndOfMessage())
    while link.connection.next_event() is not Signal.NEED_DATA:
        pass
    assert owes(link)
    await link.flush()
    assert not owes(link)


async def test_something_is_owed_to_a_peer_that_may_send_more() -> None:
    link = answered(GET, EndOfMessage())
    await link.flush()
    assert owes(link)


async def test_nothing_is_owed_to_a_peer_that_has_gone() -> None:
    link = answered(GET)
    link.break_off()
    assert not owes(link)
