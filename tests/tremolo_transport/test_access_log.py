"""One record for each request, whatever becomes of it."""

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from tremolo.testing import Client
from tremolo_core import AcceptWebSocket, CloseWebSocket, Data, Headers, Request, Response
from tremolo_transport import Exchange
from tremolo_transport.access_log import Outcome
from tremolo_transport.peer import Peer

pytestmark = pytest.mark.anyio

LAST = b"GET /%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


async def handle(exchange: Exchange) -> None:
    match exchange.request.target:
        case b"/fails":
            raise ValueError("on purpose")
        case b"/breaks":
            await exchange.send(Response(status=200, headers=Headers()), Data(data=b"abc"))
            raise ValueError("on purpose")
        case b"/sleeps":
            await anyio.sleep_forever()
        case b"/socket":
            await exchange.send(AcceptWebSocket())
            await exchange.send(CloseWebSocket(code=4_000))
        case _:
            await exchange.respond(203, body=b"hello")


@pytest.fixture(autouse=True)
def records(caplog: pytest.LogCaptureFixture) -> Iterator[list[logging.LogRecord]]:
    class Records(list[logging.LogRecord]):
        """Those of the access log, when they are looked at."""

        def __iter__(self) -> Iterator[logging.LogRecord]:
            return iter([each for each in caplog.records if each.name == "tremolo.access"])

    with caplog.at_level(logging.INFO, "tremolo.access"):
        yield Records()


def told(records: list[logging.LogRecord]) -> list[tuple[object, ...]]:
    return [
        (each.__dict__["method"], each.__dict__["target"], each.__dict__["status"])
        for each in records
    ]


async def ask(requests: bytes, **options: Any) -> bytes:
    """Everything that is answered to `requests`, the last of which closes."""
    silent = Client(handle, raise_server_exceptions=False, **options)
    async with silent as client, client.connection() as wire:
        await wire.send(requests)
        return await wire.receive_to_end()


async def test_its_fields_say_what_was_asked_and_what_was_answered(
    records: list[logging.LogRecord],
) -> None:
    answer = await ask(LAST % b"a?b=1")
    [record] = records
    fields = vars(record)
    assert told(records) == [("GET", "/a?b=1", 203)]
    assert (fields["protocol"], fields["bytes"]) == ("HTTP/1.1", len(answer))
    assert fields["client"] == "127.0.0.1:49152"
    assert 0 <= fields["duration"] < 60
    assert fields["close_code"] is None
    start = f'127.0.0.1:49152 "GET /a?b=1 HTTP/1.1" 203 {len(answer)} '
    assert record.getMessage().startswith(start)
    assert record.levelno == logging.INFO


async def test_each_request_of_a_connection_has_one_with_bytes_of_its_own(
    records: list[logging.LogRecord],
) -> None:
    requests = LAST.replace(b"Connection: close\r\n", b"")
    answer = await ask(requests % b"1" + requests % b"2" + LAST % b"3")
    assert told(records) == [("GET", f"/{n}", 203) for n in (1, 2, 3)]
    assert sum(each.__dict__["bytes"] for each in records) == len(answer)


async def test_a_failure_has_one_whether_its_answer_had_begun_or_not(
    records: list[logging.LogRecord],
) -> None:
    await ask(LAST % b"fails")
    await ask(LAST % b"breaks")
    assert told(records) == [("GET", "/fails", 500), ("GET", "/breaks", 200)]


async def test_one_that_is_cancelled_has_one(records: list[logging.LogRecord]) -> None:
    async with Client(handle, check_leaks=False, grace=0) as client, client.connection() as wire:
        await wire.send(LAST % b"sleeps")
    assert told(records) == [("GET", "/sleeps", None)]
    [record] = records
    assert '" - 0 ' in record.getMessage()


async def test_a_websocket_has_one_with_its_close_code(records: list[logging.LogRecord]) -> None:
    async with Client(handle) as client, client.websocket("/socket"):
        pass
    assert told(records) == [("GET", "/socket", 101)]
    [record] = records
    assert vars(record)["close_code"] == 4_000
    assert '" 101 4000 ' in record.getMessage()


async def test_what_would_end_the_quotes_is_escaped(records: list[logging.LogRecord]) -> None:
    await ask(LAST % b'a"b\\c')
    [record] = records
    assert r'"GET /a\"b\\c HTTP/1.1"' in record.getMessage()
    assert vars(record)["target"] == '/a"b\\c'


async def test_it_can_be_switched_off(records: list[logging.LogRecord]) -> None:
    await ask(LAST % b"", access_log=False)
    assert list(records) == []


async def test_nobody_is_bothered_below_the_level(
    records: list[logging.LogRecord], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "tremolo.access"):
        await ask(LAST % b"")
    assert list(records) == []


def noted(outcome: Outcome, target: bytes = b"/") -> None:
    outcome.begin(Request(method=b"GET", target=target, headers=Headers()), Peer(), sent=0)
    outcome.end(sent=1)


def test_a_record_has_all_that_one_of_logging_has(records: list[logging.LogRecord]) -> None:
    outcome = Outcome()
    before = time.time()
    for _ in range(3):
        noted(outcome)
    usual = logging.makeLogRecord({})
    whole = logging.LogRecord("tremolo.access", logging.INFO, "", 0, 'a "%s"', ("b",), None)
    ours = {"client", "method", "target", "protocol", "status", "bytes", "duration", "close_code"}
    for record in records:
        assert vars(record).keys() - {"message"} == vars(whole).keys() | ours
        differing = {"args", "msg", "created", "msecs", "relativeCreated", "taskName"}
        for name in vars(whole).keys() - differing:
            assert getattr(record, name) == getattr(whole, name), name
        assert before <= record.created <= time.time()
        assert 0 <= record.msecs < 1_000
        assert record.created % 1 * 1_000 == pytest.approx(record.msecs, abs=1)
        elapsed = (record.created - usual.created) * 1_000
        assert record.relativeCreated - usual.relativeCreated == pytest.approx(elapsed, abs=1)
        assert record.getMessage().startswith('a client without an address "GET / HTTP/1.1" - 1 ')
    first, second, _ = records
    assert first.__dict__ is not second.__dict__


def test_records_of_a_factory_of_ones_own(records: list[logging.LogRecord]) -> None:
    class Own(logging.LogRecord):
        pass

    outcome = Outcome()
    noted(outcome)
    logging.setLogRecordFactory(Own)
    try:
        noted(outcome)
    finally:
        logging.setLogRecordFactory(logging.LogRecord)
    noted(outcome)
    assert [type(record) for record in records] == [logging.LogRecord, Own, logging.LogRecord]


def test_records_say_in_which_thread_they_were_made(records: list[logging.LogRecord]) -> None:
    outcome = Outcome()
    noted(outcome)
    other = threading.Thread(target=noted, args=(outcome,), name="another")
    other.start()
    other.join()
    noted(outcome)
    here = threading.current_thread().name
    assert [record.threadName for record in records] == [here, "another", here]


def test_a_target_cannot_end_its_quotes(records: list[logging.LogRecord]) -> None:
    noted(Outcome(), b'/"\\')
    [record] = records
    assert '"GET /\\"\\\\ HTTP/1.1"' in record.getMessage()
    assert record.__dict__["target"] == '/"\\'
