"""Targets in each form that RFC 9112 3.2 knows, and what is asked for by them."""

import pytest

from tremolo_core.targets import split_target


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/", b"/", b""),
        (b"/hello", b"/hello", b""),
        (b"/hello?name=a&b=c", b"/hello", b"name=a&b=c"),
        (b"/?", b"/", b""),
        (b"/a?b?c", b"/a", b"b?c"),
        (b"//host/path", b"//host/path", b""),
        (b"/a://b?c", b"/a://b", b"c"),
        (b"/caf%C3%A9%3Fno-query", b"/caf%C3%A9%3Fno-query", b""),
    ],
)
def test_origin_form(target: bytes, path: bytes, query: bytes) -> None:
    assert split_target(target) == (path, query)


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"http://example.com/hello", b"/hello", b""),
        (b"http://example.com:8000/hello?a=b", b"/hello", b"a=b"),
        (b"HTTPS://example.com/", b"/", b""),
        (b"http://example.com", b"/", b""),
        (b"http://example.com?a=/b", b"/", b"a=/b"),
        (b"http://[::1]:80/a//b", b"/a//b", b""),
        (b"http:///a?b", b"/a", b"b"),
        (b"http://example.com/a?next=http://other/b", b"/a", b"next=http://other/b"),
    ],
)
def test_absolute_form_loses_scheme_and_authority(target: bytes, path: bytes, query: bytes) -> None:
    assert split_target(target) == (path, query)


def test_asterisk_form_is_its_own_path() -> None:
    assert split_target(b"*") == (b"*", b"")
