"""What it tells of misbehaving handlers is in `test_planted_bugs`."""

import anyio
import pytest

from tremolo.testing import Clock, Misbehaviour
from tremolo.testing.harness import Harness, Terms
from tremolo.testing.under_test import find_handler
from tremolo_transport.exchange import ClientDisconnected, Exchange, Handler

from .handlers import GET, hello

pytestmark = pytest.mark.anyio


def harness_for(handler: Handler, terms: Terms | None = None) -> Harness:
    return Harness(find_handler(handler, {}), terms or Terms())


async def test_it_is_open_between_open_and_close() -> None:
    harness = harness_for(hello)
    seen = [harness.is_open]
    with pytest.raises(RuntimeError, match="not open"):
        harness.must_be_open()
    await harness.open()
    seen.append(harness.is_open)
    harness.must_be_open()
    await harness.close()
    seen.append(harness.is_open)
    assert seen == [False, True, False]


async def test_closing_closes_every_wire() -> None:
    harness = harness_for(hello)
    await harness.open()
    wires = [await harness.connect() for _ in range(3)]
    await harness.close()
    assert all(wire.closed for wire in wires)


async def test_what_it_starts_ends_with_it() -> None:
    ended = anyio.Event()

    async def run(text: str) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    harness = harness_for(hello)
    await harness.open()
    harness.start_soon(run, "text")
    await anyio.lowlevel.checkpoint()
    await harness.close()
    assert ended.is_set()


async def test_whose_handler_has_not_begun_is_not_waited_for() -> None:
    harness = harness_for(hello)
    await harness.open()
    wire = await harness.connect()
    await harness.settle(wire.client)
    assert harness.take_failure(wire.client) is None
    await harness.close()


async def test_only_handlers_whose_clients_have_left_are_complained_of(
    tremolo_clock: Clock,
) -> None:
    async def handler(exchange: Exchange) -> None:
        await anyio.sleep_forever()

    harness = harness_for(handler)
    await harness.open()
    one, other = await harness.connect(), await harness.connect()
    for wire in (one, other):
        await wire.send(GET)
        await anyio.sleep_until(tremolo_clock.time() + 1)
    await one.aclose()
    assert len(await harness.all_over()) == 1
    with pytest.raises(BaseExceptionGroup, match="several things wrong") as caught:
        await harness.close()
    assert len(caught.value.exceptions) == 2


async def test_a_handler_that_notices_late_is_given_the_time(tremolo_clock: Clock) -> None:
    async def handler(exchange: Exchange) -> None:
        await anyio.sleep_until(anyio.current_time() + 40)
        with exchange.cancelled_on_disconnect():
            await anyio.sleep_forever()
        raise ClientDisconnected

    harness = harness_for(handler)
    await harness.open()
    wire = await harness.connect()
    await wire.send(GET)
    await anyio.sleep_until(tremolo_clock.time() + 1)
    await harness.close()


async def test_what_has_failed_the_test_already_is_given_notes() -> None:
    async def handler(exchange: Exchange) -> None:
        raise ValueError("as it should")

    harness = harness_for(handler)
    await harness.open()
    wire = await harness.connect()
    await wire.send(GET)
    await wire.receive_response()
    error = KeyError()
    await harness.close(error)
    assert error.__notes__ == ["besides, ValueError: as it should"]


async def test_what_the_test_does_not_want_to_know_is_not_told() -> None:
    async def handler(exchange: Exchange) -> None:
        raise ValueError

    harness = harness_for(handler, Terms(raise_server_exceptions=False, check_leaks=False))
    await harness.open()
    wire = await harness.connect()
    await wire.send(GET)
    await wire.receive_response()
    assert harness.take_failure(wire.client) is None
    assert harness.take_problems() == []
    await harness.close()


async def test_patience_is_short_where_it_is_real() -> None:
    harness = harness_for(hello)
    await harness.open()
    assert (await harness.connect()).timeout == 30
    await harness.close()


async def test_on_a_clock_it_is_an_hour(tremolo_clock: Clock) -> None:
    harness = harness_for(hello)
    await harness.open()
    assert (await harness.connect()).timeout == 3_600
    await harness.close()


async def test_a_complaint_says_what_to_do(tremolo_clock: Clock) -> None:
    async def handler(exchange: Exchange) -> None:
        await anyio.sleep_forever()

    harness = harness_for(handler)
    await harness.open()
    await (await harness.connect()).send(GET)
    await anyio.sleep_until(tremolo_clock.time() + 1)
    with pytest.raises(
        Misbehaviour, match=r"still runs 60 s after .*cancelled_on_disconnect"
    ) as told:
        await harness.close()
    assert "app_close_timeout" in str(told.value)


async def test_what_it_says_last_is_enough(tremolo_clock: Clock) -> None:
    async def handler(exchange: Exchange) -> None:
        await anyio.sleep_forever()

    harness = Harness(find_handler(handler, {"app_close_timeout": 20}), Terms())
    await harness.open()
    await (await harness.connect()).send(GET)
    await anyio.sleep_until(tremolo_clock.time() + 1)
    await harness.close()
