"""The raw level, in memory and over a real socket alike."""

from collections.abc import AsyncIterator

import anyio
import pytest
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream

from tremolo.testing import Client, Clock, Wire
from tremolo_core import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Headers,
    InformationalResponse,
    RemoteProtocolError,
    Response,
)
from tremolo_transport.exchange import ClientDisconnected, Exchange

from .handlers import CHUNKED, GET, LAST, echo, hello, show

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["memory", "tcp"])
def tcp(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
async def wire(tcp: bool) -> AsyncIterator[Wire]:
    async with Client(show, tcp=tcp) as client, client.connection() as wire:
        yield wire


async def test_an_answer_is_read_whole(wire: Wire) -> None:
    await wire.send(GET)
    answer = await wire.receive_response()
    assert answer.status == 200
    assert answer.headers.get(b"content-length") == b"%d" % len(answer.body)
    assert answer.body == b"GET /\nhost: testserver\n\n"


async def test_an_answer_is_read_event_by_event(tcp: bool) -> None:
    async with Client(echo, tcp=tcp) as client, client.connection() as wire:
        await wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
        response = await wire.receive_event()
        assert isinstance(response, Response)
        assert await wire.receive_event() == Data(data=b"ab")
        await wire.send(b"cd")
        assert await wire.receive_event() == Data(data=b"cd")
        assert await wire.receive_event() == EndOfMessage()


async def test_bytes_are_read_as_they_come(wire: Wire) -> None:
    await wire.send(LAST)
    assert await wire.receive_bytes(9) == b"HTTP/1.1 "
    rest = await wire.receive_to_end()
    assert rest.startswith(b"200 OK\r\n")
    with pytest.raises(EndOfStream):
        await wire.receive_bytes()


async def test_one_byte_at_a_time(wire: Wire) -> None:
    await wire.send(GET, piece=1)
    assert (await wire.receive_response()).status == 200


async def test_pipelined_requests_are_answered_in_order(wire: Wire) -> None:
    targets = [b"/%d" % number for number in range(5)]
    await wire.send(b"".join(GET.replace(b"/ ", target + b" ") for target in targets))
    answers = [await wire.receive_response() for _ in targets]
    assert [answer.body.split()[1] for answer in answers] == targets


async def test_bytes_behind_an_answer_are_the_next_ones(wire: Wire) -> None:
    await wire.send(GET + LAST)
    await wire.receive_response()
    assert (await wire.receive_bytes(12)) == b"HTTP/1.1 200"
    assert (await wire.receive_to_end()).endswith(b"\n\n")


async def test_a_half_closed_connection_is_answered(wire: Wire) -> None:
    await wire.send(GET)
    await wire.send_eof()
    assert (await wire.receive_response()).status == 200
    assert await wire.receive_event() == ConnectionClosed()


async def test_the_method_says_how_long_an_answer_is(wire: Wire) -> None:
    await wire.send(GET.replace(b"GET", b"HEAD") + GET)
    answer = await wire.receive_response(method="HEAD")
    assert int(answer.headers.get(b"content-length") or 0) > 0
    assert answer.body == b""
    assert (await wire.receive_response()).body.startswith(b"GET /\n")


async def test_interim_answers_and_trailers_are_kept(tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(InformationalResponse(status=103))
        await exchange.send(
            Response(status=200, headers=CHUNKED),
            EndOfMessage(trailers=Headers(((b"a", b"b"),))),
        )

    async with Client(handler, tcp=tcp) as client, client.connection() as wire:
        await wire.send(GET)
        answer = await wire.receive_response()
    assert [interim.status for interim in answer.interim] == [103]
    assert answer.trailers == ((b"a", b"b"),)


async def test_a_client_that_waits_to_be_told_to_go_on(wire: Wire) -> None:
    await wire.send(
        b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    )
    event = await wire.receive_event()
    assert isinstance(event, InformationalResponse)
    assert event.status == 100
    await wire.send(b"ok")
    assert (await wire.receive_response()).body.endswith(b"\n\nok")


async def test_an_end_instead_of_an_answer(wire: Wire) -> None:
    await wire.send_eof()
    assert await wire.receive_event() == ConnectionClosed()
    with pytest.raises(EndOfStream):
        await wire.receive_response()


async def test_an_answer_that_breaks_off(tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200, headers=CHUNKED), Data(data=b"half"))

    async with (
        Client(handler, tcp=tcp, raise_server_exceptions=False) as client,
        client.connection() as wire,
    ):
        await wire.send(GET)
        with pytest.raises((RemoteProtocolError, BrokenResourceError)):
            await wire.receive_response()


async def test_a_handler_learns_that_its_client_has_vanished(tcp: bool) -> None:
    asked, gone = anyio.Event(), anyio.Event()

    async def handler(exchange: Exchange) -> None:
        asked.set()
        with exchange.cancelled_on_disconnect():
            await anyio.sleep_forever()
        assert exchange.disconnected
        gone.set()

    async with Client(handler, tcp=tcp) as client, client.connection() as wire:
        await wire.send(GET)
        await asked.wait()
        await wire.abort()
        with anyio.fail_after(60):
            await gone.wait()
        with pytest.raises(ClosedResourceError):
            await wire.send(b"x")


async def test_events_and_bytes_are_not_mixed(wire: Wire) -> None:
    await wire.send(GET)
    assert isinstance(await wire.receive_event(), Response)
    with pytest.raises(RuntimeError, match="go on with receive_event"):
        await wire.receive_bytes()


async def test_what_the_handler_raised_is_raised_where_the_connection_ends(tcp: bool) -> None:
    async def handler(exchange: Exchange) -> None:
        raise ValueError("as it should")

    async with Client(handler, tcp=tcp) as client:
        with pytest.raises(ValueError, match="as it should"):
            async with client.connection() as wire:
                await wire.send(GET)
                assert (await wire.receive_response()).status == 500


async def test_who_waits_too_long_is_told_for_what(tremolo_clock: Clock) -> None:
    async with Client(hello, timeout=7) as client, client.connection() as wire:
        with pytest.raises(TimeoutError, match="the server sent nothing for 7 s"):
            await wire.receive_bytes()


async def test_a_server_that_does_not_read_is_named(tremolo_clock: Clock) -> None:
    async def handler(exchange: Exchange) -> None:
        with exchange.cancelled_on_disconnect():
            await anyio.sleep_forever()
        raise ClientDisconnected

    async with Client(handler, timeout=7) as client, client.connection(capacity=100) as wire:
        await wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
        with pytest.raises(TimeoutError, match=r"did not read for 7 s, so b'xxx"):
            await wire.send(b"x" * 1_000_000)
