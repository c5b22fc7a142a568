"""Cookies as they are read and written, and those that browsers would refuse."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import for_each
from tremolo.cookies import Cookie, format_cookie, parse_cookies

NOW = 784_111_777
"""The instant of RFC 9110's examples of dates."""


def written(name: str = "a", content: str = "b", **rest: Any) -> bytes:
    return format_cookie(Cookie(name=name, value=content, **rest), now=NOW)


@pytest.mark.parametrize(
    ("fields", "cookies"),
    [
        ([], {}),
        ([b""], {}),
        ([b"a=1"], {"a": ["1"]}),
        ([b"a=1; b=2; a=3"], {"a": ["1", "3"], "b": ["2"]}),
        ([b"a=1", b"a=2;A=3"], {"a": ["1", "2"], "A": ["3"]}),
        ([b"a = 1 ;;b=;c"], {"a": ["1"], "b": [""]}),
        ([b"=x; a==b="], {"a": ["=b="]}),
        ([b'a="1 2"; b="; c=""'], {"a": ["1 2"], "b": ['"'], "c": [""]}),
        ([b"a=%E2%98%83%20; b=%; c=%FF"], {"a": ["\u2603 "], "b": ["%"], "c": ["\ufffd"]}),
        ([b"a=\xe9"], {"a": ["\xe9"]}),
    ],
)
def test_reading(fields: list[bytes], cookies: dict[str, list[str]]) -> None:
    assert parse_cookies(fields) == cookies


@pytest.mark.parametrize(
    ("cookie", "field"),
    [
        ({}, b"a=b; Path=/; SameSite=Lax"),
        ({"samesite": None, "path": None}, b"a=b"),
        (
            {"expires": 60},
            b"a=b; Expires=Sun, 06 Nov 1994 08:50:37 GMT; Max-Age=60; Path=/; SameSite=Lax",
        ),
        (
            {"expires": 0},
            b"a=b; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Max-Age=0; Path=/; SameSite=Lax",
        ),
        ({"max_age": -1}, b"a=b; Max-Age=-1; Path=/; SameSite=Lax"),
        (
            {"expires": 0, "max_age": 5},
            b"a=b; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Max-Age=5; Path=/; SameSite=Lax",
        ),
        (
            {"path": "/x", "domain": "example.com", "samesite": "strict", "httponly": True},
            b"a=b; Path=/x; Domain=example.com; SameSite=Strict; HttpOnly",
        ),
        (
            {"samesite": "None", "secure": True, "partitioned": True},
            b"a=b; Path=/; SameSite=None; Secure; Partitioned",
        ),
        ({"name": "__Host-a", "secure": True}, b"__Host-a=b; Path=/; SameSite=Lax; Secure"),
        ({"content": 'x;y,z "%"\\\u2603'}, None),
    ],
)
def test_writing(cookie: dict[str, Any], field: bytes | None) -> None:
    expected = b"a=x%3By%2Cz%20%22%25%22%5C%E2%98%83; Path=/; SameSite=Lax"
    assert written(**cookie) == (field or expected)


@for_each(
    ("cookie", "text"),
    [
        ({"name": ""}, "not the name of a cookie"),
        ({"name": "a b"}, "not the name of a cookie"),
        ({"name": "a=b"}, "not the name of a cookie"),
        ({"name": "caf\xe9"}, "not the name of a cookie"),
        ({"path": "/;x"}, "cannot be the Path"),
        ({"path": "/\r\nx"}, "cannot be the Path"),
        ({"path": ""}, "cannot be the Path"),
        ({"domain": "caf\xe9"}, "cannot be the Domain"),
        ({"samesite": "Relaxed"}, "Lax, Strict or None, not 'Relaxed'"),
        ({"samesite": "None"}, "SameSite=None needs Secure"),
        ({"partitioned": True}, "Partitioned needs Secure"),
        ({"name": "__Secure-a"}, "`__Secure-` needs Secure"),
        ({"name": "__host-a"}, "`__Host-` needs Secure"),
        ({"name": "__Host-a", "secure": True, "path": "/x"}, "the path / and no domain"),
        ({"name": "__Host-a", "secure": True, "domain": "a.b"}, "the path / and no domain"),
    ],
)
def test_a_cookie_that_cannot_be(cookie: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        written(**cookie)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_whatever_is_written_is_read(content: str) -> None:
    pair = written("a", content).partition(b";")[0]
    assert parse_cookies([b"x=y; " + pair + b"; z=y"])["a"] == [content]
