"""What is sent, and in how many writes."""

from pathlib import Path

import anyio
import pytest

from tremolo import Response
from tremolo.exceptions import ClientDisconnected, InternalServerError, NotFound
from tremolo_core import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Headers,
    InformationalResponse,
    LocalProtocolError,
)
from tremolo_core import Response as ResponseEvent
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


async def test_a_whole_answer_is_one_write() -> None:
    response, exchange = make()
    await response.end(b"hello")
    assert kinds(exchange) == [["Response", "Data", "EndOfMessage"]]
    assert exchange.response.headers == (HTML, (b"content-length", b"5"))
    assert (exchange.status, exchange.body) == (200, b"hello")
    assert response.headers_sent()
    assert response.ended


async def test_an_empty_answer() -> None:
    response, exchange = make()
    await response.end()
    assert exchange.header(b"content-length") == b"0"
    assert exchange.complete


@pytest.mark.parametrize("data", ["\xe9", bytearray(b"\xc3\xa9"), memoryview(b"\xc3\xa9")])
async def test_text_and_bytes_of_every_kind(data: str | bytearray | memoryview) -> None:
    response, exchange = make()
    await response.end(data)
    assert exchange.body == b"\xc3\xa9"
    assert exchange.header(b"content-length") == b"2"


async def test_the_head_goes_with_the_first_piece_and_each_piece_at_once() -> None:
    response, exchange = make()
    await response.write(b"one")
    assert response.headers_sent()
    await response.write("two")
    await response.end()
    assert kinds(exchange) == [["Response", "Data"], ["Data"], ["EndOfMessage"]]
    assert exchange.response.headers == (HTML,)
    assert exchange.body == b"onetwo"


async def test_the_last_piece_can_go_with_the_end() -> None:
    response, exchange = make()
    await response.write(b"one")
    await response.end(b"two")
    assert kinds(exchange) == [["Response", "Data"], ["Data", "EndOfMessage"]]


@pytest.mark.parametrize("last", [None, b"", ""])
async def test_writing_nothing_ends(last: bytes | str | None) -> None:
    response, exchange = make()
    await response.write(last)
    assert kinds(exchange) == [["Response", "EndOfMessage"]]
    assert response.ended
    await response.write(last)
    assert len(exchange.sends) == 1


async def test_writing_nothing_after_a_piece_ends() -> None:
    response, exchange = make()
    await response.write(b"a")
    await response.write()
    assert kinds(exchange) == [["Response", "Data"], ["EndOfMessage"]]


async def test_ending_twice_does_nothing_more() -> None:
    response, exchange = make()
    await response.end(b"a")
    await response.end()
    assert len(exchange.sends) == 1


async def test_data_behind_the_end_is_left_to_the_core_to_refuse() -> None:
    response, exchange = make()
    await response.end(b"a")
    exchange.fail_next_send = LocalProtocolError("over")
    with pytest.raises(LocalProtocolError, match="over"):
        await response.end(b"b")


async def test_a_refused_end_is_no_end() -> None:
    response, exchange = make()
    exchange.fail_next_send = LocalProtocolError("a line break")
    with pytest.raises(LocalProtocolError):
        await response.end(b"a")
    assert (response.ended, response.headers_sent()) == (False, False)
    await response.end(b"b")
    assert exchange.body == b"b"


async def test_what_the_server_has_answered_itself_is_answered() -> None:
    response, exchange = make()
    await exchange.send(ResponseEvent(status=413), EndOfMessage())
    with pytest.raises(ClientDisconnected, match="refused"):
        await response.end(b"a")
    with pytest.raises(ClientDisconnected, match="refused"):
        await response.write(b"a")
    assert len(exchange.sends) == 1


async def test_a_cancelled_write_counts_as_sent() -> None:
    response, exchange = make()
    with anyio.CancelScope() as scope:

        def take_and_cancel() -> None:
            exchange.sends.append((ResponseEvent(status=200),))
            scope.cancel()

        exchange.before_send = take_and_cancel
        await response.write(b"a")
    exchange.before_send = lambda: None
    await response.end(b"b")
    assert kinds(exchange) == [["Response"], ["Data", "EndOfMessage"]]


@pytest.mark.parametrize(
    ("status", "fields"), [(204, ()), (304, ()), (205, ((b"content-length", b"0"),))]
)
async def test_a_status_without_a_body(
    status: int, fields: tuple[tuple[bytes, bytes], ...]
) -> None:
    for by_writing in (False, True):
        response, exchange = make()
        response.set_status(status)
        response.set_content_type("text/plain")
        response.set_header("content-length", "5")
        if by_writing:
            await response.write(b"dropped")
            await response.write(b"dropped")
        else:
            await response.end(b"dropped")
        assert response.ended
        assert kinds(exchange) == [["Response", "EndOfMessage"]]
        assert exchange.response.headers == fields


async def test_a_status_without_a_body_keeps_its_other_fields() -> None:
    response, exchange = make()
    response.set_status(304)
    response.set_header("ETag", '"x"')
    await response.end()
    assert exchange.response.headers == ((b"etag", b'"x"'),)


async def test_a_declared_length_frames_a_written_body() -> None:
    response, exchange = make()
    response.set_header("Content-Length", "2")
    await response.write(b"a")
    await response.end(b"b")
    assert exchange.header(b"content-length") == b"2"


async def test_a_wrong_declared_length_of_a_whole_answer_is_set_right() -> None:
    response, exchange = make()
    response.set_header("Content-Length", "7")
    await response.end(b"abc")
    assert exchange.response.headers.get_all(b"content-length") == (b"3",)


async def test_the_answer_to_head_may_declare_a_length_without_the_body() -> None:
    response, exchange = make(b"HEAD")
    response.set_header("Content-Length", "7")
    await response.end()
    assert exchange.response.headers.get_all(b"content-length") == (b"7",)


async def test_the_answer_to_head_has_the_length_of_the_body() -> None:
    response, exchange = make(b"HEAD")
    await response.end(b"abc")
    assert exchange.header(b"content-length") == b"3"
    assert exchange.sends == [(exchange.response, Data(data=b"abc"), END)]


async def test_when_no_more_would_be_sent() -> None:
    response, _ = make()
    seen = [response.takes_no_more]
    await response.write(b"a")
    seen.append(response.takes_no_more)
    await response.end()
    seen.append(response.takes_no_more)
    assert seen == [False, False, True]
    assert make(b"HEAD")[0].takes_no_more


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


async def test_trailers_go_with_the_end() -> None:
    response, exchange = make()
    await response.write(b"a")
    response.set_trailer("X-Sum", "5")
    response.set_trailer(b"x-sum", b"6")
    await response.end(b"b")
    trailers = Headers([(b"x-sum", b"5"), (b"x-sum", b"6")])
    assert exchange.events[-1] == EndOfMessage(trailers=trailers)
    assert exchange.body == b"ab"


async def test_a_whole_answer_with_trailers_declares_no_length() -> None:
    response, exchange = make()
    response.set_trailer("x-sum", "5")
    await response.end(b"b")
    assert exchange.header(b"content-length") is None
    assert exchange.events[-1] == EndOfMessage(trailers=Headers([(b"x-sum", b"5")]))


async def test_send_is_write_but_for_nothing() -> None:
    response, exchange = make()
    await response.send(b"")
    await response.send("a")
    await response.send(None)
    assert kinds(exchange) == [["Response", "Data"], ["EndOfMessage"]]


async def test_a_piece_may_go_in_smaller_ones() -> None:
    response, exchange = make()
    await response.write(b"abcde", buffer_size=2)
    await response.write(b"fg", buffer_size=2)
    await response.send(b"hij", 0, 2)
    await response.write(b"", buffer_size=2)
    sent = [[getattr(event, "data", None) for event in events] for events in exchange.sends]
    assert sent == [[None, b"ab"], [b"cd"], [b"e"], [b"fg"], [b"hi"], [b"j"], [None]]
    assert exchange.paces == [(0, KEEP, False)]
    with pytest.raises(ValueError, match="one byte at least, not 0"):
        await response.write(b"x", buffer_size=0)


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
