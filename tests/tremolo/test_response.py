"""What is sent, and in how many writes."""

import re
import time
from email.utils import parsedate_to_datetime

import anyio
import pytest

from tremolo import Response
from tremolo.exceptions import ClientDisconnected, HTTPRedirect, InternalServerError
from tremolo_core import Data, EndOfMessage, LocalProtocolError
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


async def test_fields_may_be_text_or_bytes_and_repeat() -> None:
    response, exchange = make()
    response.set_header("X-One", "1")
    response.set_header(b"X-ONE", b"2")
    response.append_header("Set-Cookie", "a=b")
    response.append_header(b"set-cookie", "c=\xe9")
    response.set_header("X-Empty")
    assert response.headers == {
        b"x-one": [b"2"],
        b"set-cookie": [b"a=b", b"c=\xe9"],
        b"x-empty": [b""],
    }
    del response.headers[b"x-empty"]
    await response.end(b"")
    assert exchange.response.headers == (
        (b"x-one", b"2"),
        (b"set-cookie", b"a=b"),
        (b"set-cookie", b"c=\xe9"),
        HTML,
        (b"content-length", b"0"),
    )


async def test_cookies_stand_beside_each_other() -> None:
    response, exchange = make()
    response.set_cookie("a", "1")
    response.set_cookie("b", "x y", secure=True, samesite=None, path=None, max_age=5)
    await response.end()
    assert exchange.response.headers.get_all(b"set-cookie") == (
        b"a=1; Path=/; SameSite=Lax",
        b"b=x%20y; Max-Age=5; Secure",
    )


async def test_a_cookie_expires_from_now() -> None:
    response, exchange = make()
    before = int(time.time())
    response.set_cookie("a", expires=60)
    after = time.time()
    await response.end()
    field = exchange.header(b"set-cookie") or b""
    (date,) = re.findall(rb"Expires=([^;]+)", field)
    assert before <= parsedate_to_datetime(date.decode()).timestamp() - 60 <= after


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirection_is_to_be_raised(code: int) -> None:
    response, exchange = make()
    redirect = response.redirect("/caf\xe9 \r\n?a=%20#b", code)
    assert isinstance(redirect, HTTPRedirect)
    assert redirect.code == code
    assert redirect.fields == ((b"location", b"/caf%C3%A9%20%0D%0A?a=%20#b"),)
    assert exchange.sends == []


async def test_another_status_is_no_redirection() -> None:
    response, _ = make()
    assert response.redirect("/").code == 302
    with pytest.raises(ValueError, match="not 304"):
        response.redirect("/", 304)


async def test_a_field_beyond_latin_1_is_refused_at_once() -> None:
    response, _ = make()
    with pytest.raises(UnicodeEncodeError):
        response.set_header("x", "\u2603")
    assert response.headers == {}


async def test_the_content_type() -> None:
    response, exchange = make()
    assert response.content_type == b"text/html; charset=utf-8"
    response.set_content_type("text/plain")
    assert response.content_type == b"text/plain"
    await response.end(b"a")
    assert exchange.response.headers == (
        (b"content-type", b"text/plain"),
        (b"content-length", b"1"),
    )


async def test_the_status() -> None:
    response, exchange = make()
    assert (response.get_status(), response.status_is_set) == ((200, b""), False)
    response.set_status(299, "Fine")
    assert (response.get_status(), response.status_is_set) == ((299, b"Fine"), True)
    await response.end()
    assert (exchange.status, exchange.response.reason) == (299, b"Fine")


async def test_a_status_without_a_phrase_has_the_registered_one() -> None:
    response, exchange = make()
    response.set_status(404)
    await response.end()
    assert (exchange.status, exchange.response.reason) == (404, b"")


@pytest.mark.parametrize("status", [0, 100, 199, 600])
async def test_a_status_that_no_answer_has(status: int) -> None:
    response, _ = make()
    with pytest.raises(ValueError, match="200 to 599"):
        response.set_status(status)
    assert not response.status_is_set


async def test_the_head_cannot_be_changed_once_it_is_sent() -> None:
    response, _ = make()
    await response.write(b"a")
    with pytest.raises(InternalServerError, match="is sent"):
        response.set_status(404)
    with pytest.raises(InternalServerError):
        response.set_header("a", "b")
    with pytest.raises(InternalServerError):
        response.append_header("a", "b")
    with pytest.raises(InternalServerError):
        response.set_content_type("a/b")
    with pytest.raises(InternalServerError):
        _ = response.headers


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
