"""Dates as HTTP writes them (RFC 9110 5.6.7), in seconds since 1970."""

import re
from datetime import UTC, datetime
from email.utils import formatdate

__all__ = ("format_http_date", "parse_http_date")

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_MONTH = f"({'|'.join(_MONTHS)})"
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_LONG_DAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_TIME = "([0-9]{2}):([0-9]{2}):([0-9]{2})"

_PREFERRED = re.compile(f"{_DAY}, ([0-9]{{2}}) {_MONTH} ([0-9]{{4}}) {_TIME} GMT")
_RFC_850 = re.compile(f"{_LONG_DAY}, ([0-9]{{2}})-{_MONTH}-([0-9]{{2}}) {_TIME} GMT")
_ASCTIME = re.compile(f"{_DAY} {_MONTH} ((?:[0-9]| )[0-9]) {_TIME} ([0-9]{{4}})")

_FUTURE_YEARS = 50
"""A year of two digits that seems further in the future is the past (RFC 9110 5.6.7)."""


def format_http_date(seconds: int) -> bytes:
    """The moment as a field's value."""
    return formatdate(seconds, usegmt=True).encode("ascii")


def parse_http_date(field: bytes, *, year: int | None = None) -> int | None:
    """The moment that `field` names in one of HTTP's three ways; None if it names none.

    `year` is the current one, by default as the system says.
    """
    text = field.decode("latin-1")
    if found := _PREFERRED.fullmatch(text):
        day, month, told, *time = found.groups()
    elif found := _RFC_850.fullmatch(text):
        day, month, short, *time = found.groups()
        told = str(_century(int(short), datetime.now(UTC).year if year is None else year))
    elif found := _ASCTIME.fullmatch(text):
        month, day, *time, told = found.groups()
    else:
        return None
    hour, minute, second = map(int, time)
    try:
        # A leap second counts as the one before it, as clocks of computers have it.
        at = (hour, minute, min(second, 59) if second == 60 else second)
        moment = datetime(int(told), _MONTHS.index(month) + 1, int(day), *at, tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp())


def _century(short: int, year: int) -> int:
    told = year - year % 100 + short
    return told - 100 if told > year + _FUTURE_YEARS else told
