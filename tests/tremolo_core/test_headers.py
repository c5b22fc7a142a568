"""Fields in their order, and how one asks for them."""

import pytest

from tremolo_core import Headers

FIELDS = Headers(
    (
        (b"host", b"a"),
        (b"accept", b"text/html , text/*;q=0.5"),
        (b"x", b""),
        (b"accept", b",*/*,, "),
        (b"connection", b"Keep-Alive, UPGRADE"),
    )
)


def test_headers_are_a_tuple_of_pairs() -> None:
    assert FIELDS[0] == (b"host", b"a")
    assert len(FIELDS) == 5
    assert Headers() == ()
    assert not Headers()
    assert Headers(iter(FIELDS)) == FIELDS


def test_headers_hash_and_compare() -> None:
    assert hash(Headers(FIELDS)) == hash(FIELDS)
    assert Headers(((b"a", b"b"),)) != Headers(((b"a", b"c"),))


def test_the_order_counts() -> None:
    assert Headers(((b"a", b"1"), (b"b", b"2"))) != Headers(((b"b", b"2"), (b"a", b"1")))


def test_names_are_put_in_lower_case_and_values_are_left() -> None:
    headers = Headers.of([(b"Content-TYPE", b"Text/Html"), (b"X", b" Y ")])
    assert headers == ((b"content-type", b"Text/Html"), (b"x", b" Y "))
    assert isinstance(headers, Headers)


def test_get_gives_the_first_or_none() -> None:
    assert FIELDS.get(b"accept") == b"text/html , text/*;q=0.5"
    assert FIELDS.get(b"x") == b""
    assert FIELDS.get(b"y") is None
    assert FIELDS.get(b"Host") is None, "names are asked for in lower case"


def test_get_all_gives_each_in_order() -> None:
    assert FIELDS.get_all(b"accept") == (b"text/html , text/*;q=0.5", b",*/*,, ")
    assert FIELDS.get_all(b"y") == ()


def test_get_list_gives_the_members_over_all_lines() -> None:
    assert FIELDS.get_list(b"accept") == (b"text/html", b"text/*;q=0.5", b"*/*")
    assert FIELDS.get_list(b"x") == ()
    assert FIELDS.get_list(b"y") == ()
    assert Headers(((b"a", b"\tb\t, \t"),)).get_list(b"a") == (b"b",)


@pytest.mark.parametrize(
    ("token", "there"),
    [(b"upgrade", True), (b"keep-alive", True), (b"keep", False), (b"", False), (b"close", False)],
)
def test_has_token_in_whatever_case(token: bytes, there: bool) -> None:
    assert FIELDS.has_token(b"connection", token) is there


def test_has_token_of_a_field_that_is_not_there() -> None:
    assert not FIELDS.has_token(b"upgrade", b"h2c")


def test_without_leaves_the_others_in_order() -> None:
    assert FIELDS.without(b"accept", b"connection", b"y") == ((b"host", b"a"), (b"x", b""))
    assert isinstance(FIELDS.without(b"accept"), Headers)
    assert FIELDS.without() == FIELDS
