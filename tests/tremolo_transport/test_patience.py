"""How long an exchange may go on, reckoned on a clock that is a number."""

from collections.abc import Callable

import anyio
import pytest
from anyio.lowlevel import checkpoint

from tremolo_core import Connection
from tremolo_transport.link import Link
from tremolo_transport.memory import memory_stream_pair
from tremolo_transport.patience import Overdue, Patience
from tremolo_transport.settings import ServerSettings

from .test_native_stream import native_pair

SETTINGS = ServerSettings(write_timeout=60, close_timeout=30)


class Exchange:
    """One exchange on a link, from the first look at it."""

    def __init__(self, limit: float | None = None, settings: ServerSettings = SETTINGS) -> None:
        _, stream = memory_stream_pair()
        self.link = Link(stream, Connection())
        self.limit = limit
        self._patience = Patience(settings, 100.0)
        assert self.at(0) is None

    def at(self, seconds: float) -> Overdue | None:
        return self._patience.overdue(self.link, 100.0 + seconds, limit=self.limit)

    def write(self) -> None:
        self.link.writing = True
        self.link.writes += 1

    def stopwriting(self) -> None:
        self.link.writing = False


def test_a_handler_has_its_time() -> None:
    exchange = Exchange(limit=10)
    assert exchange.at(9.9) is None
    assert exchange.at(10) is Overdue.HANDLER


def test_a_handler_without_a_limit_has_all_time() -> None:
    assert Exchange().at(1e9) is None


def test_a_websocket_has_no_limit() -> None:
    exchange = Exchange(limit=10)
    exchange.link.framed = True
    assert exchange.at(1e9) is None


def test_the_limit_may_change_meanwhile() -> None:
    exchange = Exchange()
    assert exchange.at(20) is None
    exchange.limit = 30
    assert exchange.at(29) is None
    assert exchange.at(30) is Overdue.HANDLER


def test_whatever_is_sent_is_progress_however_it_was_written() -> None:
    exchange = Exchange()
    exchange.write()
    assert exchange.at(50) is None
    exchange.link.sent += 1
    assert exchange.at(100) is None
    assert exchange.at(159.9) is None
    assert exchange.at(160) is Overdue.WRITE


def test_a_write_counts_from_the_first_look_at_it() -> None:
    exchange = Exchange()
    exchange.write()
    assert exchange.at(50) is None
    assert exchange.at(109.9) is None
    assert exchange.at(110) is Overdue.WRITE


def test_each_write_has_its_own_time() -> None:
    exchange = Exchange()
    for seconds in range(0, 500, 50):
        exchange.write()
        assert exchange.at(seconds) is None
    assert exchange.at(510) is Overdue.WRITE


@pytest.mark.anyio
async def test_a_long_write_goes_on_while_the_kernel_takes_any_of_it() -> None:
    async with native_pair() as (one, other):
        exchange = Exchange()
        exchange.link = Link(one, Connection())
        exchange.link.writing = True
        async with anyio.create_task_group() as group:
            group.start_soon(one.send, bytes(20_000_000))
            while not one.unwritten:
                await checkpoint()
            left, seconds = 20_000_000, 0
            assert exchange.at(seconds) is None
            while one.unwritten:
                before = one.unwritten
                while one.unwritten == before:
                    left -= len(await other.receive())
                seconds += 59
                assert exchange.at(seconds) is None
            assert seconds > 60
            assert exchange.at(seconds + 59) is None
            assert exchange.at(seconds + 60) is Overdue.WRITE
            while left:
                left -= len(await other.receive())


def test_who_does_not_write_is_not_waited_for() -> None:
    exchange = Exchange()
    exchange.write()
    assert exchange.at(10) is None
    exchange.stopwriting()
    assert exchange.at(1_000) is None
    exchange.write()
    assert exchange.at(1_010) is None
    assert exchange.at(1_069) is None
    assert exchange.at(1_070) is Overdue.WRITE


@pytest.mark.parametrize("leave", [Link.break_off, Link.note_hang_up])
def test_a_handler_may_go_on_for_a_while_when_its_client_has_left(
    leave: Callable[[Link], None],
) -> None:
    exchange = Exchange()
    assert exchange.at(1_000) is None
    leave(exchange.link)
    assert exchange.at(1_001) is None
    assert exchange.at(1_030.9) is None
    assert exchange.at(1_031) is Overdue.LEFT_HANDLER


def test_what_a_half_closed_client_still_takes_shows_that_it_is_there() -> None:
    exchange = Exchange()
    exchange.link.eof = True
    for seconds in range(10, 500, 20):
        exchange.write()
        assert exchange.at(seconds) is None
        exchange.stopwriting()
    assert exchange.at(519) is None
    assert exchange.at(520) is Overdue.LEFT_HANDLER


def test_none_is_for_ever() -> None:
    exchange = Exchange(settings=ServerSettings(write_timeout=None, close_timeout=None))
    exchange.write()
    exchange.link.eof = True
    assert exchange.at(1) is None
    assert exchange.at(1e9) is None
