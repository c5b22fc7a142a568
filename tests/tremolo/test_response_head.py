"""The head of an answer: what can be said in it, and until when."""

import re
import time
from email.utils import parsedate_to_datetime

import pytest

from tremolo import Response
from tremolo.exceptions import HTTPRedirect, InternalServerError
from tremolo_core import EndOfMessage

from .fake_exchange import FakeExchange

pytestmark = pytest.mark.anyio

HTML = (b"content-type", b"text/html; charset=utf-8")
END = EndOfMessage()


def make(method: bytes = b"GET") -> tuple[Response, FakeExchange]:
    exchange = FakeExchange(method=method)
    return Response(exchange), exchange


def kinds(exchange: FakeExchange) -> list[list[str]]:
    return [[type(event).__name__ for event in events] for events in exchange.sends]


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


async def test_the_status_line_once_it_is_sent() -> None:
    response, _ = make()
    assert response.line is None
    response, _ = make()
    response.set_status(404, "Nothing Here")
    await response.end()
    assert response.line == [b"HTTP/1.1", b"404", b"Nothing Here"]
    response, _ = make()
    await response.end()
    assert response.line == [b"HTTP/1.1", b"200", b"OK"]
