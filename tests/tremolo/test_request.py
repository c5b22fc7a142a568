"""A request's body through the request."""

import pytest

from tremolo import Request
from tremolo.exceptions import BadRequest, PayloadTooLarge
from tremolo_core import Data, EndOfMessage, Event

from .fake_exchange import FakeExchange
from .multipart_bodies import CONTENT_TYPE, END, MIXED, SMALL, part

pytestmark = pytest.mark.anyio


def request_with(*pieces: bytes) -> Request:
    script: list[Event] = [*(Data(data=piece) for piece in pieces), EndOfMessage()]
    exchange = FakeExchange(method=b"POST", script=script)
    return Request(exchange, body_limit=100, buffer_size=4)


async def test_the_body_is_kept() -> None:
    request = request_with(b"abcdef", b"gh")
    assert not request.eof()
    assert await request.body() == b"abcdefgh"
    assert request.eof()
    assert await request.body() == b"abcdefgh"
    assert await request.read() == b""


async def test_the_body_in_pieces() -> None:
    request = request_with(b"abcdef", b"gh")
    assert [piece async for piece in request.stream()] == [b"abcd", b"ef", b"gh"]
    assert await request.body() == b""


async def test_the_body_by_size() -> None:
    request = request_with(b"abcdef", b"ghi")
    assert await request.read() == b"abcd"
    assert await request.read(3) == b"efg"
    assert await request.read(-1) == b"hi"
    assert await request.read() == b""


async def test_the_buffer_size_can_be_changed() -> None:
    request = request_with(b"abcdef")
    request.set_buffer_size(1)
    assert await request.read() == b"a"
    request.set_buffer_size(3)
    assert await request.read() == b"bcd"


async def test_the_limit_reaches_the_exchange() -> None:
    request = request_with(b"a")
    await request.body()
    assert isinstance(request.exchange, FakeExchange)
    assert request.exchange.body_limits == [100]


def form_request(body: bytes, content_type: tuple[bytes, bytes] = CONTENT_TYPE) -> Request:
    script: list[Event] = [Data(data=body), EndOfMessage()]
    exchange = FakeExchange(method=b"POST", headers=[content_type], script=script)
    return Request(exchange, body_limit=None, buffer_size=4)


URLENCODED = (b"content-type", b"application/x-www-form-urlencoded; charset=utf-8")


async def test_a_form_is_kept_and_stands_in_the_context() -> None:
    request = form_request(b"a=1", URLENCODED)
    form = await request.form()
    assert form == {"a": ["1"]}
    assert await request.form() is request.params.post is form
    assert request.params["files"] == {}
    assert request.eof()


async def test_a_form_with_a_file() -> None:
    request = form_request(MIXED)
    assert await request.form() == {"text": ["grün"]}
    assert request.params.files["file"][0]["data"] == b"\r\n--Xb\r\n-\r"
    assert request.eof()


async def test_the_limits_of_a_form() -> None:
    for arguments in ({"max_fields": 1}, {"max_size": 6}):
        with pytest.raises(PayloadTooLarge):
            await form_request(b"a=1&b=2", URLENCODED).form(**arguments)
    assert await form_request(b"a=1&b=2", URLENCODED).form(2, max_size=7)


async def test_what_is_no_form() -> None:
    request = form_request(b"a=1", (b"content-type", b"text/plain"))
    with pytest.raises(BadRequest, match="invalid Content-Type"):
        await request.form()
    with pytest.raises(BadRequest, match="invalid Content-Type"):
        request.files()


@pytest.mark.parametrize("essence", [b"multipart/form-data", b"application/x-www-form-urlencoded"])
async def test_parts_need_a_boundary(essence: bytes) -> None:
    request = form_request(SMALL, (b"content-type", essence))
    with pytest.raises(BadRequest, match="missing boundary"):
        request.parts()


async def test_files_and_parts_share_one_position() -> None:
    request = form_request(MIXED)
    assert [file["name"] async for file in request.files(1)] == ["text"]
    assert (await anext(request.parts())).name == "empty"
    assert [file["name"] async for file in request.files(max_file_size=1_000)] == ["file", "file"]


async def test_a_large_file_in_several() -> None:
    request = form_request(part(b"name=a; filename=b", b"abcdef") + END)
    files = [file async for file in request.files(max_file_size=4)]
    assert [(file["data"], file["eof"]) for file in files] == [(b"abcd", False), (b"ef", True)]


def requested(*data: bytes, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Request:
    script: list[Event] = [*(Data(data=one) for one in data), EndOfMessage()]
    exchange = FakeExchange(method=b"POST", headers=headers, script=script)
    return Request(exchange, body_limit=None, buffer_size=4)


@pytest.mark.parametrize(
    ("body", "content"), [(b'{"a": [1, null]}', {"a": [1, None]}), (b'"\xc3\xa9"', "\xe9")]
)
async def test_json(body: bytes, content: object) -> None:
    assert await requested(body[:3], body[3:]).json() == content


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"[NaN]", b"-Infinity"])
async def test_what_is_no_json(body: bytes) -> None:
    with pytest.raises(BadRequest, match="the body is no JSON"):
        await requested(body).json()


async def test_recv_is_read() -> None:
    request = requested(b"abcdef")
    assert await request.recv(2) == b"ab"
    assert await request.recv() == b"cdef"
    assert request.body_size == 6
    assert await request.recv(5) == b""


@pytest.mark.parametrize("way", ["read", "next", "body", "stream"])
async def test_reading_may_take_no_longer_than_it_is_told(way: str) -> None:
    exchange = FakeExchange(script=[Data(data=b"ab")])
    request = Request(exchange, body_limit=None, buffer_size=4)
    with pytest.raises(TimeoutError):
        match way:
            case "read":
                await request.read(3, timeout=0.01)
            case "body":
                await request.body(timeout=0.01)
            case "next":
                assert await request.read(timeout=0.01) == b"ab"
                await request.read(timeout=0.01)
            case _:
                async for piece in request.stream(timeout=0.01):
                    assert piece == b"ab"
    if way in ("read", "body"):
        # What had come is not lost.
        assert request.body_size == 0
        assert await request.read() == b"ab"


@pytest.mark.parametrize("way", ["read", "recv", "next", "body", "stream"])
async def test_what_it_is_not_told_otherwise_is_the_requests_own_timeout(way: str) -> None:
    request = Request(FakeExchange(script=[]), body_limit=None, buffer_size=4)
    assert request.timeout is None
    request.timeout = 0.01
    with pytest.raises(TimeoutError):
        match way:
            case "read":
                await request.read(3)
            case "recv":
                await request.recv(3)
            case "next":
                await request.read()
            case "body":
                await request.body()
            case _:
                await anext(request.stream())


async def test_what_it_is_told_comes_before_the_requests_own_timeout() -> None:
    request = Request(FakeExchange(script=[]), body_limit=None, buffer_size=4)
    request.timeout = 3600
    with pytest.raises(TimeoutError):
        await request.read(timeout=0.01)
    with pytest.raises(TimeoutError):
        await request.body(timeout=0.01)
    with pytest.raises(TimeoutError):
        await anext(request.stream(timeout=0.01))


async def test_the_decoded_body_is_what_raw_gives_too() -> None:
    assert await requested(b"abc").body(raw=True) == b"abc"
    assert [piece async for piece in requested(b"abc").stream(raw=True)] == [b"abc"]


async def test_a_limit_refuses_what_is_announced_at_once_and_else_what_comes() -> None:
    request = requested(b"abc", headers=((b"content-length", b"3"),))
    request.set_body_limit(3)
    assert request.body_size == 0
    with pytest.raises(PayloadTooLarge):
        request.set_body_limit(2)
    request = requested(b"abc")
    request.set_body_limit(2)
    await request.body()
    assert isinstance(request.exchange, FakeExchange)
    assert request.exchange.body_limits == [2]
