"""What is sent, and in how many writes."""

from pathlib import Path

import anyio
import pytest

from tremolo import Response
from tremolo.exceptions import InternalServerError, NotFound
from tremolo_core import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Headers,
    InformationalResponse,
)
from tremolo_transport.exchange import KEEP

from .fake_exchange import FakeExchange

pytestmark = pytest.mark.anyio

HTML = (b"content-type", b"text/html; charset=utf-8")
END = EndOfMessage()


def make(method: bytes = b"GET") -> tuple[Response, FakeExchange]:
    exchange = FakeExchange(method=method)
    return Response(exchange), exchange


def kinds(exchange: FakeExchange) -> list[list[str]]:
    return [[type(event).__name__ for event in events] for events in exchange.sends]


async def test_early_hints_come_before_the_head() -> None:
    response, exchange = make()
    await response.early_hints("</a.css>; rel=preload", b"</b.js>; rel=preload")
    await response.end(b"x")
    hints = exchange.events[0]
    assert hints == InformationalResponse(
        status=103,
        headers=Headers([(b"link", b"</a.css>; rel=preload"), (b"link", b"</b.js>; rel=preload")]),
    )
    assert exchange.complete
    with pytest.raises(InternalServerError):
        await response.early_hints("</late>")


async def test_send_is_write_but_for_nothing() -> None:
    response, exchange = make()
    await response.send(b"")
    await response.send("a")
    await response.send(None)
    assert kinds(exchange) == [["Response", "Data"], ["EndOfMessage"]]


async def test_whether_a_body_in_pieces_would_be_chunked() -> None:
    response, _ = make()
    assert response.http_chunked
    response, _ = make()
    response.set_header("content-length", "5")
    assert not response.http_chunked
    assert not Response(FakeExchange(http_version=b"1.0")).http_chunked
    response, _ = make()
    response.set_status(204)
    assert not response.http_chunked


@pytest.mark.parametrize("close", [True, False])
async def test_the_last_answer_says_so(close: bool) -> None:
    for end in (True, False):
        response, exchange = make()
        if end:
            await response.end(b"x", keepalive=not close)
        else:
            response.close(keepalive=not close)
            await response.end(b"x")
        assert (exchange.header(b"connection") == b"close") is close
        assert exchange.complete


async def test_an_answer_that_has_begun_can_still_be_the_last() -> None:
    response, exchange = make()
    await response.write(b"x")
    response.close()
    await response.end()
    assert exchange.events[-2:] == [END, ConnectionClosed()]


async def test_what_nobody_waits_for_is_written_in_order() -> None:
    response, exchange = make()
    async with anyio.create_task_group() as group:
        exchange.connection.tasks = group
        response.send_nowait(b"a")
        response.send_nowait("b")
        await response.write(b"c")
        response.send_nowait(b"d")
        await anyio.wait_all_tasks_blocked()
        response.send_nowait(b"e")
        await response.end(b"f")
    assert exchange.body == b"abcdef"
    assert exchange.events[-1] == END
    assert kinds(exchange) == [["Response", "Data"], ["Data"], ["Data", "EndOfMessage"]]


async def test_what_waits_has_a_bound() -> None:
    response, exchange = make()
    async with anyio.create_task_group() as group:
        exchange.connection.tasks = group
        response.send_nowait(bytes(1_048_576))
        with pytest.raises(anyio.WouldBlock):
            response.send_nowait(b"x")
        await anyio.wait_all_tasks_blocked()
        response.send_nowait(b"x")
    assert len(exchange.body) == 1_048_577


# Rates, and files.


async def test_a_rate_is_the_exchanges() -> None:
    response, exchange = make()
    response.pace(download=1, upload=2, lasting=True)
    await response.write(b"a", rate=3)
    await response.write(b"b")
    await response.write(b"c", rate=None)
    assert exchange.paces == [(1, 2, True), (3, KEEP, False), (None, KEEP, False)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file.txt"
    path.write_bytes(b"0123456789")
    return path


def fields_of(exchange: FakeExchange) -> dict[bytes, bytes]:
    return dict(exchange.response.headers)


async def test_a_file(path: Path) -> None:
    response, exchange = make()
    await response.sendfile(path)
    fields = fields_of(exchange)
    assert (exchange.status, exchange.body, exchange.complete) == (200, b"0123456789", True)
    assert fields[b"content-length"] == b"10"
    assert fields[b"content-type"] == b"application/octet-stream"
    assert fields[b"accept-ranges"] == b"bytes"
    assert {b"etag", b"last-modified"} <= fields.keys()
    assert response.ended
    assert exchange.time_limits == [None], "however long the client takes"
    with pytest.raises(InternalServerError):
        await response.sendfile(path)


@pytest.mark.parametrize(
    ("offset", "count", "body"),
    [(2, 5, b"23456"), (8, -1, b"89"), (0, 0, b""), (10, 1, b""), (99, 1, b""), (7, 99, b"789")],
)
async def test_a_section_of_a_file(path: Path, offset: int, count: int, body: bytes) -> None:
    response, exchange = make()
    await response.sendfile(str(path), offset, count, buffer_size=2)
    assert (exchange.status, exchange.body, exchange.complete) == (200, body, True)
    assert fields_of(exchange)[b"content-length"] == b"%d" % len(body)
    assert all(len(event.data) <= 2 for event in exchange.events if isinstance(event, Data))


async def test_ranges_of_a_section_are_within_it(path: Path) -> None:
    exchange = FakeExchange(headers=[(b"range", b"bytes=1-")])
    await Response(exchange).sendfile(path, 5, 3)
    assert (exchange.status, exchange.body) == (206, b"67")
    assert fields_of(exchange)[b"content-range"] == b"bytes 1-2/3"


@pytest.mark.parametrize("size", [b"10-", b"-0"])
async def test_a_range_that_is_not_there(path: Path, size: bytes) -> None:
    exchange = FakeExchange(headers=[(b"range", b"bytes=" + size)])
    await Response(exchange).sendfile(path)
    assert (exchange.status, exchange.body, exchange.complete) == (416, b"", True)
    assert fields_of(exchange)[b"content-range"] == b"bytes */10"


async def test_a_file_that_the_client_has() -> None:
    response, exchange = make()
    await response.sendfile(__file__)
    headers = [(b"if-none-match", fields_of(exchange)[b"etag"])]
    exchange = FakeExchange(headers=headers)
    response = Response(exchange)
    response.set_content_type(b"text/plain")
    await response.sendfile(__file__)
    assert (exchange.status, exchange.body, exchange.complete) == (304, b"", True)
    assert fields_of(exchange).keys() == {b"etag", b"last-modified"}


async def test_a_file_under_another_status_is_no_resource(path: Path) -> None:
    exchange = FakeExchange(headers=[(b"range", b"bytes=0-1"), (b"if-none-match", b"*")])
    response = Response(exchange)
    response.set_status(404)
    await response.sendfile(path, content_type="text/plain")
    assert (exchange.status, exchange.body) == (404, b"0123456789")
    assert fields_of(exchange) == {b"content-type": b"text/plain", b"content-length": b"10"}


async def test_a_file_in_answer_to_head(path: Path) -> None:
    response, exchange = make(b"HEAD")
    await response.sendfile(path)
    assert fields_of(exchange)[b"content-length"] == b"10"
    assert (exchange.body, exchange.complete) == (b"", True)


async def test_a_file_to_be_saved(path: Path) -> None:
    response, exchange = make()
    response.set_content_type("text/csv")
    await response.sendfile(path, filename="r\xe9sum\xe9.csv", rate=1_000)
    fields = fields_of(exchange)
    assert fields[b"content-type"] == b"text/csv"
    disposition = b"attachment; filename=\"r_sum_.csv\"; filename*=UTF-8''r%C3%A9sum%C3%A9.csv"
    assert fields[b"content-disposition"] == disposition
    assert exchange.paces == [(1_000, KEEP, False)]


async def test_there_is_no_such_file(tmp_path: Path) -> None:
    response, exchange = make()
    for path in (tmp_path / "none", tmp_path, "a\0b"):
        with pytest.raises(NotFound):
            await response.sendfile(path)
    with pytest.raises(ValueError, match="offset -1"):
        await response.sendfile(__file__, -1)
    assert exchange.sends == []
