"""The `Date` and `Server` fields that every answer gets unless it has its own.

They are made once a second, not once an answer. An application has few
different answers, so those that were completed within that second are kept.
"""

import time
from dataclasses import replace
from functools import lru_cache
from typing import TypeAlias

from tremolo_core import AcceptWebSocket, Headers, Response
from tremolo_core.plain_heads import SECRET

__all__ = ("Stamp",)


_Key: TypeAlias = tuple[int, Headers, bytes, bool]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_MOST_KEPT = 64
_MOST_FIELDS = 16
"""Of an answer that is kept: a second's worth of others are completed one by one."""


class Stamp:
    """What the answers of one server are stamped with."""

    __slots__ = ("_completed", "_date", "_dated", "_fields", "_last", "_server_name")

    def __init__(self, *, server_name: bytes, date: bool) -> None:
        self._server_name = server_name
        self._date = date
        self._dated = 0
        self._fields = Headers()
        self._last: tuple[Response | None, Response | None] = (None, None)
        """The last answer that another was to follow, and what it became; within this second."""
        self._completed: dict[_Key, Response] = {}
        """What answers became within this second."""
        self.renew(0.0)

    def renew(self, wall_clock: float) -> None:
        """Take the time of day, in seconds since the epoch; to be done once a second."""
        if int(wall_clock) == self._dated and self._fields:
            return
        self._dated = int(wall_clock)
        fields = []
        if self._date:
            fields.append((b"date", _http_date(self._dated)))
        if self._server_name:
            fields.append((b"server", self._server_name))
        self._fields = Headers(fields)
        self._last = (None, None)
        self._completed.clear()

    def complete_acceptance(self, acceptance: AcceptWebSocket) -> AcceptWebSocket:
        """The same acceptance with the fields it lacks."""
        headers = acceptance.headers
        return replace(acceptance, headers=Headers((*headers, *self._missing(headers))))

    def complete(self, response: Response, last: bool = False) -> Response:
        """The same answer with the fields it lacks; told to be the `last` with `close`."""
        given, completed = self._last
        if response is given and completed is not None and not last:
            return completed
        key = (response.status, response.headers, response.reason, last)
        completed = self._completed.get(key)
        if completed is None:
            completed = self._complete(response, last=last)
            if len(self._completed) >= _MOST_KEPT or not _may_be_kept(response.headers):
                return completed
            self._completed[key] = completed
        if not last:
            self._last = response, completed
        return completed

    def _complete(self, response: Response, *, last: bool) -> Response:
        headers = response.headers
        missing = self._missing(headers)
        if last:
            missing.append((b"connection", b"close"))
        if not missing:
            return response
        return Response(
            status=response.status, headers=Headers((*headers, *missing)), reason=response.reason
        )

    def _missing(self, headers: Headers) -> list[tuple[bytes, bytes]]:
        names = {name.lower() for name, _ in headers}
        return [field for field in self._fields if field[0] not in names]


@lru_cache(2)
def _http_date(seconds: int) -> bytes:
    """The moment as RFC 9110 5.6.7 has it. `email.utils` can do it, with much to be imported."""
    now = time.gmtime(seconds)
    day, month = _DAYS[now.tm_wday], _MONTHS[now.tm_mon - 1]
    at = f"{now.tm_hour:02}:{now.tm_min:02}:{now.tm_sec:02}"
    return f"{day}, {now.tm_mday:02} {month} {now.tm_year:04} {at} GMT".encode("ascii")


def _may_be_kept(headers: Headers) -> bool:
    names = [name.lower() for name, _ in headers]
    return len(names) <= _MOST_FIELDS and SECRET.isdisjoint(names)
