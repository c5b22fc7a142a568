"""Rates are kept, by every way of sending and receiving, on a clock that the test owns."""

import io
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
import pytest
from anyio.abc import ByteStream

from tremolo.testing import Clock
from tremolo.testing.clock import Backend
from tremolo_core import Data, EndOfMessage, Headers, Response
from tremolo_transport import MemoryStream, ServerSettings, memory_stream_pair, serve_connection
from tremolo_transport.exchange import KEEP, Exchange, Handler, Keep, Pace, Rate
from tremolo_transport.pace import ConnectionPace, Throttle

from .conversations import Client, settle

T = TypeVar("T")

KIB = 1_024
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
END = EndOfMessage()

on_either = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def timeless(main: Callable[[], Awaitable[T]], backend: Backend) -> T:
    return Clock(seed=1).run(main, backend=backend)


async def later(seconds: float) -> None:
    """Let the test's clock go on; it takes no time."""
    await anyio.sleep_until(anyio.current_time() + seconds)


async def talk_to(
    handler: Handler,
    client: Callable[[Client], Awaitable[T]],
    *,
    pace: Pace | None = None,
    server: Callable[[MemoryStream], ByteStream] = lambda stream: stream,
) -> T:
    """What `client` returns of its conversation with a server that runs `handler`."""
    ours, theirs = memory_stream_pair()
    settings = ServerSettings() if pace is None else ServerSettings(pace=pace)
    async with anyio.create_task_group() as group:

        async def serve() -> None:
            await serve_connection(server(theirs), handler, settings=settings)

        group.start_soon(serve)
        result = await client(Client(ours))
        await ours.aclose()
    return result


async def how_long(client: Client, request: bytes = GET) -> float:
    """Seconds until the answer to `request` is complete."""
    began = anyio.current_time()
    assert (await client.ask(request)).complete
    return anyio.current_time() - began


# Every way of sending.

SIZE = 10 * 100 * KIB


def of_length(size: int) -> Response:
    return Response(status=200, headers=Headers(((b"content-length", b"%d" % size),)))


async def at_once(exchange: Exchange) -> None:
    await exchange.respond(200, (), bytes(SIZE))


async def in_chunks(exchange: Exchange) -> None:
    await exchange.send(Response(status=200))
    for _ in range(SIZE // KIB):
        await exchange.send(Data(data=bytes(KIB)))
    await exchange.send(END)


async def with_pauses(exchange: Exchange) -> None:
    await exchange.send(of_length(SIZE))
    for _ in range(SIZE // 50_000 // KIB + 20):
        await later(0.05)
        await exchange.send(Data(data=bytes(SIZE // 20)))
    await exchange.send(END)


async def from_a_file(exchange: Exchange) -> None:
    await exchange.send(of_length(SIZE))
    await exchange.send_file(io.BytesIO(bytes(SIZE)))
    await exchange.send(END)


@on_either
@pytest.mark.parametrize("handler", [at_once, in_chunks, with_pauses, from_a_file])
def test_ten_seconds_of_a_download_are_accurate(handler: Handler, backend: Backend) -> None:
    async def paced(exchange: Exchange) -> None:
        exchange.pace(download=100 * KIB)
        await handler(exchange)

    taken = timeless(lambda: talk_to(paced, how_long), backend)
    assert taken == pytest.approx(10.0, rel=0.05)


@on_either
@pytest.mark.parametrize("piece", [100, 50_000])
def test_ten_seconds_of_an_upload_are_accurate(piece: int, backend: Backend) -> None:
    async def handler(exchange: Exchange) -> None:
        exchange.pace(upload=100 * KIB)
        async for _ in exchange:
            pass
        await exchange.respond(200)

    async def client(client: Client) -> float:
        began = anyio.current_time()
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % SIZE)
        left = SIZE
        while left:
            size = min(piece, left)
            await client.send(bytes(size))
            left -= size
        assert (await client.answer("POST")).status == 200
        return anyio.current_time() - began

    taken = timeless(lambda: talk_to(handler, client), backend)
    assert taken == pytest.approx(10.0, rel=0.05)


@on_either
def test_a_hundred_at_once_are_accurate_each_for_itself(backend: Backend) -> None:
    size = 50 * KIB

    async def handler(exchange: Exchange) -> None:
        await exchange.respond(200, (), bytes(size))

    async def main() -> list[float]:
        times: list[float] = []

        async def one() -> None:
            times.append(await talk_to(handler, how_long, pace=Pace(download=10 * KIB)))

        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(one)
        return times

    times = timeless(main, backend)
    assert len(times) == 100
    assert times == [pytest.approx(5.0, rel=0.06)] * 100


@on_either
@pytest.mark.parametrize("rate", [1, 7, 64])
def test_a_low_rate_is_kept_too(rate: int, backend: Backend) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(of_length(rate * 100))
        exchange.pace(download=rate)
        await exchange.send(Data(data=bytes(rate * 100)), END)

    assert timeless(lambda: talk_to(handler, how_long), backend) == pytest.approx(100.0, rel=0.05)


class Counting(ByteStream):
    """A stream that remembers the sizes of what it was given, and when it was."""

    def __init__(self, beneath: MemoryStream, given: list[int]) -> None:
        self.beneath = beneath
        self.given = given

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        return await self.beneath.receive(max_bytes)

    async def send(self, item: bytes) -> None:
        self.given.append(len(item))
        await self.beneath.send(item)

    async def send_eof(self) -> None:
        await self.beneath.send_eof()

    async def aclose(self) -> None:
        await self.beneath.aclose()


@on_either
def test_nobody_wakes_more_often_than_there_is_something_to_do(backend: Backend) -> None:
    given: list[int] = []

    async def main() -> float:
        return await talk_to(
            at_once,
            how_long,
            pace=Pace(download=100 * KIB),
            server=lambda stream: Counting(stream, given),
        )

    timeless(main, backend)
    # A piece each eighth of a second.
    assert 70 <= len(given) <= 90
    assert max(given) <= 12_800


@on_either
def test_without_a_rate_an_answer_is_one_write_and_takes_no_time(backend: Backend) -> None:
    given: list[int] = []

    async def handler(exchange: Exchange) -> None:
        # With its head less than what is written in one go.
        await exchange.respond(200, (), bytes(60_000))

    async def main() -> float:
        return await talk_to(handler, how_long, server=lambda stream: Counting(stream, given))

    assert timeless(main, backend) == 0.0
    assert len(given) == 1


# Who says how fast.


@on_either
def test_the_rate_of_an_exchange_is_for_it_alone(backend: Backend) -> None:
    rates = iter([10 * KIB, KEEP, 20 * KIB, None, KEEP, 0])

    async def handler(exchange: Exchange) -> None:
        exchange.pace(download=next(rates))
        await exchange.respond(200, (), bytes(100 * KIB))

    async def client(client: Client) -> list[float]:
        return [await how_long(client) for _ in range(6)]

    times = timeless(lambda: talk_to(handler, client, pace=Pace(download=5 * KIB)), backend)
    assert times == [pytest.approx(seconds, rel=0.06) for seconds in (10, 20, 5, 0, 20, 0)]


@on_either
def test_a_rate_may_last_for_the_connection(backend: Backend) -> None:
    paces: list[tuple[Rate | Keep, bool]] = [
        (KEEP, False),
        (20 * KIB, True),
        (10 * KIB, False),
        (KEEP, False),
        (None, True),
        (KEEP, False),
    ]

    async def handler(exchange: Exchange) -> None:
        rate, lasting = paces.pop(0)
        exchange.pace(download=rate, lasting=lasting)
        await exchange.respond(200, (), bytes(100 * KIB))

    async def client(client: Client) -> list[float]:
        return [await how_long(client) for _ in range(6)]

    times = timeless(lambda: talk_to(handler, client), backend)
    assert times == [pytest.approx(seconds, rel=0.06) for seconds in (0, 5, 10, 5, 0, 0)]


@on_either
@pytest.mark.parametrize(("before", "after"), [(KIB, 1 << 20), (1 << 20, KIB), (KIB, None)])
def test_a_change_counts_within_a_second(before: int, after: Rate, backend: Backend) -> None:
    async def handler(exchange: Exchange) -> None:
        async def change() -> None:
            await later(10)
            exchange.pace(download=after)

        exchange.pace(download=before)
        async with anyio.create_task_group() as group:
            group.start_soon(change)
            await exchange.respond(200, (), bytes(20 << 20))

    async def client(client: Client) -> tuple[int, int, int]:
        received = [0]

        async def receive() -> None:
            while data := await client.some():
                received.append(received[-1] + len(data))

        await client.send(GET)
        async with anyio.create_task_group() as group:
            group.start_soon(receive)
            await later(10)
            first = received[-1]
            await later(1)
            second = received[-1]
            await later(5)
            third = received[-1]
            group.cancel_scope.cancel()
        return first, second - first, third - second

    first, changing, second = timeless(lambda: talk_to(handler, client), backend)
    assert first == pytest.approx(10 * before, rel=0.05)
    if after is None:
        assert first + changing > 20 << 20, "it is over"
        assert second == 0
    else:
        assert min(before, after) * 0.8 <= changing <= max(before, after) * 1.3
        assert second == pytest.approx(5 * after, rel=0.2)


@on_either
def test_a_rate_in_one_direction_says_nothing_of_the_other(backend: Backend) -> None:
    async def handler(exchange: Exchange) -> None:
        exchange.pace(upload=KIB)
        exchange.pace(download=10 * KIB)
        exchange.pace(upload=None)
        await exchange.respond(200, (), bytes(100 * KIB))

    assert timeless(lambda: talk_to(handler, how_long), backend) == pytest.approx(10.0, rel=0.05)


@on_either
def test_a_request_that_comes_in_one_piece_takes_its_time_too(backend: Backend) -> None:
    async def handler(exchange: Exchange) -> None:
        assert [type(event) async for event in exchange] == [Data, EndOfMessage]
        await exchange.respond(200)

    async def client(client: Client) -> float:
        body = bytes(10_000)
        request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n"
        return await how_long(client, request + body)

    taken = timeless(lambda: talk_to(handler, client, pace=Pace(upload=1_000)), backend)
    assert taken == pytest.approx(10.0, rel=0.05)


@on_either
def test_what_is_no_rate_changes_nothing(backend: Backend) -> None:
    kept: list[Exchange] = []

    async def handler(exchange: Exchange) -> None:
        kept.append(exchange)
        exchange.pace(download=10 * KIB)
        for rate in (-1.0, float("inf"), float("nan")):
            with pytest.raises(ValueError, match="number of bytes per second"):
                exchange.pace(download=rate)
            with pytest.raises(ValueError, match="number of bytes per second"):
                exchange.pace(download=None, upload=rate)
        await exchange.respond(200, (), bytes(100 * KIB))

    async def client(client: Client) -> float:
        taken = await how_long(client)
        # An exchange that is over has no say in what follows.
        kept[0].pace(download=1)
        return taken + await how_long(client)

    assert timeless(lambda: talk_to(handler, client), backend) == pytest.approx(20.0, rel=0.05)


# What goes wrong meanwhile.


@on_either
def test_a_client_is_not_late_for_being_held_back(backend: Backend) -> None:
    async def handler(exchange: Exchange) -> None:
        # A fifth of what clients have to send at least.
        exchange.pace(upload=100)
        received = 0
        async for event in exchange:
            if isinstance(event, Data):
                received += len(event.data)
        await exchange.respond(200, (), b"%d" % received)

    async def client(client: Client) -> tuple[bytes, float]:
        began = anyio.current_time()
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n")
        for _ in range(300):
            await client.send(bytes(100))
        answer = await client.answer("POST")
        return answer.body, anyio.current_time() - began

    body, taken = timeless(lambda: talk_to(handler, client), backend)
    assert body == b"30000"
    assert taken == pytest.approx(300.0, rel=0.05)


@on_either
def test_a_client_that_is_held_back_and_stalls_is_late(backend: Backend) -> None:
    async def handler(exchange: Exchange) -> None:
        exchange.pace(upload=1_000)
        async for _ in exchange:
            pass
        await exchange.respond(200)

    async def client(client: Client) -> int:
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n")
        await client.send(bytes(5_000))
        return (await client.answer("POST")).status

    assert timeless(lambda: talk_to(handler, client), backend) == 408


@on_either
def test_whoever_waits_for_a_rate_is_not_kept_from_leaving(backend: Backend) -> None:
    ended: list[float] = []

    async def handler(exchange: Exchange) -> None:
        exchange.pace(download=1, upload=1)
        try:
            with exchange.cancelled_on_disconnect():
                await exchange.respond(200, (), bytes(1_000_000))
        finally:
            ended.append(anyio.current_time())

    async def client(client: Client) -> float:
        await client.send(GET)
        await later(10)
        assert isinstance(client.stream, MemoryStream)
        client.stream.abort()
        return anyio.current_time()

    left = timeless(lambda: talk_to(handler, client), backend)
    assert ended[0] - left <= 1.0


@on_either
def test_whoever_is_held_back_hears_of_the_end_of_the_exchange(backend: Backend) -> None:
    heard: list[float] = []

    async def main() -> None:
        async with anyio.create_task_group() as group:

            async def handler(exchange: Exchange) -> None:
                async def receive() -> None:
                    async for _ in exchange:
                        pass
                    heard.append(anyio.current_time())

                exchange.pace(upload=1)
                await exchange.receive()
                group.start_soon(receive)
                await settle()
                await exchange.respond(200)

            async def client(client: Client) -> float:
                request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"
                await client.ask(request + bytes(1_000))
                return anyio.current_time()

            answered = await talk_to(handler, client)
        assert heard == [pytest.approx(answered, abs=0.1)]

    timeless(main, backend)


# The parts.


@on_either
def test_a_throttle(backend: Backend) -> None:
    async def main() -> None:
        throttle = Throttle(burst=0.25)
        assert throttle.take(10**9) == 0.0
        assert throttle.piece > 10**9
        throttle.change(1_000)
        assert throttle.piece == 125
        assert throttle.take(250) == 0.0
        assert throttle.take(100) == 0.1
        throttle.change(100)
        assert throttle.piece == 12
        assert throttle.take(0) == pytest.approx(0.1)
        throttle.change(0.5)
        assert throttle.piece == 1
        throttle.change(None)
        assert throttle.take(10**9) == 0.0

    timeless(main, backend)


def test_a_connection_without_a_pace_has_no_throttles() -> None:
    pace = ConnectionPace(Pace())
    assert (pace.download, pace.upload) == (None, None)
    pace.change(download=KEEP, upload=None, lasting=False)
    assert (pace.download, pace.upload) == (None, None)
    pace.change(download=1, upload=2, lasting=False)
    throttles: list[Throttle | None] = [pace.download, pace.upload]
    assert None not in throttles
    pace.restore()
    throttles = [pace.download, pace.upload]
    assert throttles == [None, None]
