"""Forms that are read whole, and what of them is not taken."""

import pytest

from tremolo.exceptions import BadRequest, PayloadTooLarge
from tremolo.forms import Form, FormLimits, form_type, read_form_body, read_parts
from tremolo.parts import Parts
from tremolo.request_body import RequestBody
from tremolo_core import Data, EndOfMessage, Event

from .fake_exchange import FakeExchange
from .multipart_bodies import BOUNDARY, END, MIXED, SMALL, part

pytestmark = pytest.mark.anyio

LIMITS = FormLimits(fields=10, size=1_000)


def body_of(data: bytes) -> RequestBody:
    script: list[Event] = [*([Data(data=data)] if data else []), EndOfMessage()]
    return RequestBody(FakeExchange(method=b"POST", script=script), limit=None, piece_size=5)


async def urlencoded(data: bytes, limits: FormLimits = LIMITS) -> Form:
    return await read_form_body(body_of(data), limits)


async def multipart(data: bytes, limits: FormLimits = LIMITS) -> Form:
    return await read_parts(Parts(body_of(data), BOUNDARY), limits)


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (b"a=1", {"a": ["1"]}),
        (b"a=1&b=2&a=3", {"a": ["1", "3"], "b": ["2"]}),
        (b"a=x+y%20z%26&gr%C3%BCn=%F0%9F%90%99", {"a": ["x y z&"], "grün": ["🐙"]}),
        ("a=ü".encode(), {"a": ["ü"]}),
        (b"a=&b", {}),
        (b"", {}),
    ],
)
async def test_urlencoded(data: bytes, fields: dict[str, list[str]]) -> None:
    assert await urlencoded(data) == Form(fields=fields, files={})


async def test_multipart() -> None:
    form = await multipart(MIXED)
    assert form.fields == {"text": ["grün"]}
    assert form.files == {
        "file": [
            {
                "name": "file",
                "filename": "a.bin",
                "type": "image/png",
                "data": b"\r\n--Xb\r\n-\r",
                "eof": True,
            }
        ]
    }


async def test_a_small_multipart_form() -> None:
    assert await multipart(SMALL) == Form(fields={"a": ["1"]}, files={})


async def test_names_that_are_repeated() -> None:
    file = b'name="f"; filename="x"'
    body = part(b"name=a", b"1") + part(file, b"A") + part(b"name=a", b"2") + part(file, b"B")
    form = await multipart(body + END)
    assert form.fields == {"a": ["1", "2"]}
    assert [found["data"] for found in form.files["f"]] == [b"A", b"B"]


@pytest.mark.parametrize("short", [0, 1])
async def test_bytes_beyond_the_limit(short: int) -> None:
    for read, body in ((urlencoded, b"abc=12345678"), (multipart, MIXED)):
        limits = FormLimits(fields=10, size=len(body) - short)
        if short:
            with pytest.raises(PayloadTooLarge):
                await read(body, limits)
        else:
            assert (await read(body, limits)).fields


@pytest.mark.parametrize("count", [2, 3])
async def test_fields_beyond_the_limit(count: int) -> None:
    limits = FormLimits(fields=2, size=1_000)
    bodies = (
        (urlencoded, b"&".join([b"a=1"] * count)),
        (multipart, part(b"name=a", b"1") * count + END),
        (multipart, part(b"name=a; filename=b", b"1") * count + END),
    )
    for read, body in bodies:
        if count == 3:
            with pytest.raises(PayloadTooLarge, match="too many fields"):
                await read(body, limits)
        else:
            form = await read(body, limits)
            assert form.fields or form.files


@pytest.mark.parametrize("body", [b"", MIXED[:-8], b"a=1"])
async def test_a_malformed_multipart_form(body: bytes) -> None:
    with pytest.raises(BadRequest, match="malformed"):
        await multipart(body)


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        (b"", b"\xc3\xa9", "é"),
        (b"; charset=UTF-8", b"\xc3\xa9", "é"),
        (b"; charset=iso-8859-1", b"\xe9", "é"),
        (b'; charset="windows-1252"', b"\x80", "€"),
        (b"", b"\xff", "\ufffd"),
    ],
)
async def test_the_charset_of_a_field(charset: bytes, data: bytes, text: str) -> None:
    body = part(b"name=a", data, b"Content-Type: text/plain" + charset) + END
    assert (await multipart(body)).fields == {"a": [text]}


@pytest.mark.parametrize("charset", [b"none-such", b"zlib", b"idna", b"unicode_escape", b"a\0b"])
async def test_a_charset_that_is_not_taken(charset: bytes) -> None:
    body = part(b"name=a", b"1", b'Content-Type: text/plain; charset="' + charset + b'"') + END
    with pytest.raises(BadRequest, match="charset"):
        await multipart(body)


@pytest.mark.parametrize(
    "content_type",
    [b"multipart/form-data", b"Multipart/Form-Data; x=y", b"application/x-www-form-urlencoded"],
)
def test_types_of_forms(content_type: bytes) -> None:
    assert form_type(content_type).essence.endswith(("form-data", "form-urlencoded"))


@pytest.mark.parametrize("content_type", [b"", b"text/plain", b"multipart/mixed; boundary=x"])
def test_what_is_no_form(content_type: bytes) -> None:
    with pytest.raises(BadRequest, match="invalid Content-Type"):
        form_type(content_type)
