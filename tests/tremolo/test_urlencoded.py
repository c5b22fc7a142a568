"""Queries, forms and percent signs, in comparison with the standard library."""

from urllib.parse import parse_qs, unquote

import pytest

from tests.cases import for_each
from tremolo.urlencoded import parse_fields, percent_decoded

TEXTS = (
    "",
    "plain",
    "a%20b",
    "%41%42",
    "%c3%A9t%C3%a9",
    "%C3",
    "%E4%B8x%AD",
    "%ff%fe",
    "%ED%A0%80",
    "%",
    "%%",
    "%4",
    "%4g",
    "%%41",
    "%25%34%31",
    "%00",
    "é%C3%A9\u2028",
    "a+b",
)


@for_each("text", TEXTS)
def test_percent_signs_are_decoded_as_by_the_standard_library(text: str) -> None:
    assert percent_decoded(text) == unquote(text)


@for_each("text", TEXTS)
@for_each("form", ["{0}={0}", "a={0}&b={0}&a=", "a={0}={0}&&{0}", "={0}"])
def test_fields_are_those_of_the_standard_library(form: str, text: str) -> None:
    query = form.format(text)
    assert parse_fields(query, most=10) == parse_qs(query)


def test_signs_that_begin_nothing_are_not_looked_at_one_by_one() -> None:
    text = "%" * 100_000 + "%4" * 100_000
    assert percent_decoded(text) is text


@pytest.mark.parametrize("query", ["a=1&b=2&c=3", "&&", "a&b&"])
def test_more_fields_than_may_be(query: str) -> None:
    parse_fields(query, most=3)
    with pytest.raises(ValueError, match="more than 2 fields"):
        parse_fields(query, most=2)
