"""What hostile peers bring to light is in `test_planted_bugs`; here are handlers that stand up."""

import itertools

import anyio
import pytest

from tremolo.testing import (
    Answer,
    Client,
    Clock,
    Misbehaviour,
    Wire,
    abort_everywhere,
    slow_reader,
    split_everywhere,
)
from tremolo_core import Data, EndOfMessage, Response
from tremolo_transport.exchange import ClientDisconnected, Exchange

from .handlers import CHUNKED, GET, LAST, hello, show

pytestmark = pytest.mark.anyio

POST = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"


@pytest.fixture(params=[False, True], ids=["memory", "tcp"])
def tcp(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def post(wire: Wire) -> Answer:
    await wire.send(POST)
    return await wire.receive_response()


async def post_twice(wire: Wire) -> list[Answer]:
    await wire.send(POST * 2)
    return [await wire.receive_response() for _ in range(2)]


async def to_the_end(wire: Wire) -> bytes:
    await wire.send(LAST)
    return await wire.receive_to_end()


async def test_the_answer_is_the_same_however_it_is_asked_for(tcp: bool) -> None:
    async with Client(show, tcp=tcp) as client:
        answer = await split_everywhere(client, post)
    assert answer.body.endswith(b"\n\nabc")


async def test_a_conversation_may_have_more_than_one_request() -> None:
    async with Client(show) as client:
        answers = await split_everywhere(client, post_twice)
    assert [answer.status for answer in answers] == [200, 200]


async def test_a_conversation_may_be_about_bytes() -> None:
    async with Client(hello) as client:
        assert (await split_everywhere(client, to_the_end)).endswith(b"Hello world!")


async def test_the_cuts_are_at_every_byte_that_is_sent() -> None:
    asked: list[bytes] = []

    async def handler(exchange: Exchange) -> None:
        pieces = [event.data async for event in exchange if isinstance(event, Data)]
        asked.append(b"|".join(pieces))
        await exchange.respond(200)

    async def send_body(wire: Wire) -> int:
        await wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd")
        return (await wire.receive_response()).status

    async with Client(handler) as client:
        await split_everywhere(client, send_body)
    assert {b"abcd", b"a|bcd", b"ab|cd", b"abc|d"} == set(asked)


async def test_a_conversation_that_fails_is_told_where() -> None:
    runs = itertools.count()

    async def fail(wire: Wire) -> None:
        await wire.send(GET)
        if next(runs) == 4:
            raise ValueError("as it should")

    async with Client(hello) as client:
        with pytest.raises(ValueError, match="as it should") as caught:
            await split_everywhere(client, fail)
    assert caught.value.__notes__ == [f"cut after 3 of {len(GET)} bytes"]


async def test_clients_may_vanish_at_any_byte(tcp: bool) -> None:
    vanished = 0

    async def handler(exchange: Exchange) -> None:
        nonlocal vanished
        try:
            await show(exchange)
        except ClientDisconnected:
            vanished += 1
            raise

    async def short(wire: Wire) -> Answer:
        await wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        return await wire.receive_response()

    async with Client(handler, tcp=tcp) as client:
        assert (await abort_everywhere(client, short)).status == 200


async def test_also_in_the_middle_of_an_answer(tremolo_clock: Clock) -> None:
    begun = ended = 0

    async def handler(exchange: Exchange) -> None:
        nonlocal begun, ended
        begun += 1
        try:
            await exchange.send(Response(status=200, headers=CHUNKED))
            for _ in range(3):
                await exchange.send(Data(data=b"piece"))
            await exchange.send(EndOfMessage())
        finally:
            ended += 1

    async with Client(handler) as client:

        async def short(wire: Wire) -> Answer:
            await wire.send(GET)
            return await wire.receive_response()

        assert (await abort_everywhere(client, short)).body == b"piece" * 3
    assert begun == ended > 100


async def test_a_slow_reader_is_waited_for(tremolo_clock: Clock) -> None:
    sent: list[float] = []

    async def handler(exchange: Exchange) -> None:
        await exchange.respond(200, (), b"x" * 10_000)
        sent.append(anyio.current_time() - began)

    async def get(wire: Wire) -> Answer:
        await wire.send(GET)
        return await wire.receive_response()

    began = tremolo_clock.time()
    async with Client(handler) as client:
        assert len((await slow_reader(client, get, rate=500)).body) == 10_000
    assert sent[:3] == pytest.approx([0, 0, 0])
    assert sent[3] > 15


async def test_one_that_reads_as_fast_as_it_comes_is_not_slow() -> None:
    async def get(wire: Wire) -> Answer:
        await wire.send(GET)
        return await wire.receive_response()

    async with Client(hello) as client:
        with pytest.raises(ValueError, match="is not slow to read an answer of"):
            await slow_reader(client, get, rate=1_000)


async def test_what_goes_wrong_beside_it_is_told(tremolo_clock: Clock) -> None:
    runs = itertools.count()

    async def handler(exchange: Exchange) -> None:
        await exchange.respond(200, (), b"x" * (10_000 if next(runs) < 3 else 9_999))

    async def get(wire: Wire) -> int:
        await wire.send(GET)
        return len((await wire.receive_response()).body)

    async with Client(handler) as client:
        with pytest.raises(Misbehaviour, match="the same bytes give 9999 in place of 10000"):
            await slow_reader(client, get, rate=500)


async def test_what_the_slow_conversation_raises_is_raised_as_it_is(tremolo_clock: Clock) -> None:
    runs = itertools.count()

    async def get(wire: Wire) -> None:
        await wire.send(GET)
        await wire.receive_response()
        if next(runs) > 1:
            raise ValueError("as it should")

    async with Client(hello) as client:
        with pytest.raises(ValueError, match="as it should"):
            await slow_reader(client, get, rate=10)


async def test_a_date_may_change_meanwhile() -> None:
    dates = itertools.count()

    async def handler(exchange: Exchange) -> None:
        await exchange.respond(200, [(b"date", b"%d" % next(dates))])

    async with Client(handler) as client:
        await split_everywhere(client, to_the_end)
        await split_everywhere(client, post)
