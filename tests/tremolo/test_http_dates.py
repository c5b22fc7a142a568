"""Dates are moments, however they are written."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tremolo.http_dates import format_http_date, parse_http_date

MOMENT = int(datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    "field",
    [
        # RFC 9110 5.6.7.
        b"Sun, 06 Nov 1994 08:49:37 GMT",
        b"Sunday, 06-Nov-94 08:49:37 GMT",
        b"Sun Nov  6 08:49:37 1994",
    ],
)
def test_three_ways_to_write_one_moment(field: bytes) -> None:
    assert parse_http_date(field, year=2026) == MOMENT


def test_one_way_is_written() -> None:
    assert format_http_date(MOMENT) == b"Sun, 06 Nov 1994 08:49:37 GMT"


@given(seconds=st.integers(0, 250_000_000_000))
def test_what_is_written_is_read(seconds: int) -> None:
    assert parse_http_date(format_http_date(seconds)) == seconds


@pytest.mark.parametrize(
    ("short", "year"), [("94", 1994), ("76", 2076), ("77", 1977), ("26", 2026)]
)
def test_a_year_of_two_digits_is_no_more_than_fifty_years_ahead(short: str, year: int) -> None:
    found = parse_http_date(f"Sunday, 06-Nov-{short} 08:49:37 GMT".encode(), year=2026)
    assert found == int(datetime(year, 11, 6, 8, 49, 37, tzinfo=UTC).timestamp())


def test_a_year_of_two_digits_is_seen_from_now() -> None:
    assert parse_http_date(b"Sunday, 06-Nov-00 08:49:37 GMT") is not None


def test_a_leap_second() -> None:
    assert parse_http_date(b"Sat, 31 Dec 2016 23:59:60 GMT") == parse_http_date(
        b"Sat, 31 Dec 2016 23:59:59 GMT"
    )


@pytest.mark.parametrize(
    "field",
    [
        *(b"", b"yesterday", b"0", b"784111777", b"Sun, 06 Nov 1994 08:49:37"),
        *(b"Sun, 06 Nov 1994 08:49:37 UTC", b"Sun, 6 Nov 1994 08:49:37 GMT"),
        *(b"Sun, 31 Feb 1994 08:49:37 GMT", b"Sun, 06 Nov 1994 24:49:37 GMT"),
        *(b"Sun, 06 Nov 0000 08:49:37 GMT", b"Sun, 06 nov 1994 08:49:37 GMT"),
        *(b"Sun, 06 Nov 1994 08:49:37 GMT, Mon", b"\xff", b"Sun Nov 06 08:49:37 1994 GMT"),
    ],
)
def test_what_is_no_date(field: bytes) -> None:
    assert parse_http_date(field) is None
