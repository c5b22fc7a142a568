"""What is sent, and in how many writes."""

import anyio
import pytest

from tremolo import Response
from tremolo.exceptions import ClientDisconnected, InternalServerError
from tremolo_core import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Headers,
    InformationalResponse,
    LocalProtocolError,
)
from tremolo_core import Response as ResponseEvent

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
