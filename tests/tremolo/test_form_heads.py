"""What clients write into the heads of forms: browsers, curl, and what RFC 7578 asks for."""

import pytest

from tests.cases import for_each
from tremolo.exceptions import BadRequest
from tremolo.form_heads import MediaType, PartHead, read_boundary, read_media_type


def head(disposition: str, *more: tuple[str, str]) -> PartHead:
    return PartHead.of((("Content-Disposition", disposition), *more))


@pytest.mark.parametrize(
    ("text", "essence", "parameters"),
    [
        ("text/plain", "text/plain", ()),
        ("Text/HTML; Charset=UTF-8", "text/html", (("charset", "UTF-8"),)),
        ('a/b;x="1; y=2";z=3', "a/b", (("x", "1; y=2"), ("z", "3"))),
        (r'a/b; x="\"q\" \\"', "a/b", (("x", '"q" \\'),)),
        ("a/b; ; x=1", "a/b", (("x", "1"),)),
        ("a/b; x", "a/b", ()),
        ("", "", ()),
    ],
)
def test_a_media_type(text: str, essence: str, parameters: tuple[tuple[str, str], ...]) -> None:
    assert read_media_type(text) == MediaType(essence=essence, parameters=parameters)


def test_of_a_repeated_parameter_the_first_counts() -> None:
    assert read_media_type("a/b; x=1; x=2").get("x") == "1"
    assert read_media_type("a/b").get("x") is None


@pytest.mark.parametrize(
    ("text", "boundary"),
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('multipart/form-data; boundary="a b"', b"a b"),
        ("multipart/form-data; boundary=" + "x" * 70, b"x" * 70),
        ("multipart/form-data; charset=utf-8; boundary=----WebKitFormBoundaryA/b=c", None),
    ],
)
def test_a_boundary(text: str, boundary: bytes | None) -> None:
    assert read_boundary(read_media_type(text)) == (boundary or b"----WebKitFormBoundaryA/b=c")


@pytest.mark.parametrize(
    "text",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary="a "',
        'multipart/form-data; boundary="a\nb"',
        "multipart/form-data; boundary=é",
        "multipart/form-data; boundary=" + "x" * 71,
    ],
)
def test_no_boundary(text: str) -> None:
    with pytest.raises(BadRequest, match="missing boundary"):
        read_boundary(read_media_type(text))


@for_each(
    ("disposition", "name", "filename"),
    [
        ('form-data; name="a"', "a", None),
        ("form-data; name=a", "a", None),
        ('FORM-DATA; NAME="a"; FILENAME="b"', "a", "b"),
        ('form-data; name=""; filename=""', "", ""),
        # Browsers escape a quotation mark and line ends, and nothing else.
        ('form-data; name="a%22b%0D%0Ac"; filename="x%22.txt"', 'a"b\r\nc', 'x".txt'),
        ('form-data; name="a"; filename="100%.txt"', "a", "100%.txt"),
        ('form-data; name="a"; filename="a%20b%2541.txt"', "a", "a%20b%2541.txt"),
        ('form-data; name="a"; filename="a\\b\\"', "a", "a\\b\\"),
        ('form-data; name="größe"; filename="日本.txt"', "größe", "日本.txt"),
        ('form-data; name="a;b"; filename="c; d=e.txt"', "a;b", "c; d=e.txt"),
        # RFC 7578 4.2: percent-encoded UTF-8.
        ('form-data; name="a"; filename="caf%C3%A9.txt"', "a", "café.txt"),
        ('form-data; name="a"; filename="caf%c3%a9.txt"', "a", "café.txt"),
        ('form-data; name="a"; filename="caf%E9.txt"', "a", "caf%E9.txt"),
        # curl before 7.81, and RFC 2183.
        ('form-data; name="a"; filename="b\\"c\\\\d"', "a", 'b"c\\d'),
        # RFC 8187.
        ("form-data; name=a; filename*=UTF-8''na%C3%AFve.txt", "a", "naïve.txt"),
        ("form-data; name=a; filename=x; filename*=utf-8'en'%e2%82%ac", "a", "€"),
        ("form-data; name=a; filename*=iso-8859-1''caf%E9; filename=x", "a", "café"),
        ("form-data; name=a; filename*=UTF-8''%E9; filename=x", "a", "x"),
        ("form-data; name=a; filename*=koi8-r''abc; filename=x", "a", "x"),
        ("form-data; name=a; filename*=abc; filename=x", "a", "x"),
    ],
)
def test_names(disposition: str, name: str, filename: str | None) -> None:
    part = head(disposition)
    assert (part.name, part.filename) == (name, filename)


def test_all_fields_are_kept() -> None:
    part = head("form-data; name=a", ("Content-Type", "text/plain; charset=x"), ("X-A", "1"))
    assert part.content_type == "text/plain; charset=x"
    assert part.headers[2] == ("X-A", "1")


@pytest.mark.parametrize(
    "disposition", ["attachment; name=a", "form-data", "form-data; filename=b"]
)
def test_a_part_that_is_none_of_a_form(disposition: str) -> None:
    with pytest.raises(BadRequest, match="malformed"):
        head(disposition)


def test_a_part_without_a_disposition() -> None:
    with pytest.raises(BadRequest, match="malformed"):
        PartHead.of((("Content-Type", "text/plain"),))
