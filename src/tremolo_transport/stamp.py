"""The `Date` and `Server` fields that every answer gets unless it has its own.

They are made once a second, not once an answer.
"""

from dataclasses import replace
from email.utils import formatdate

from tremolo_core import AcceptWebSocket, Headers, Response

__all__ = ("Stamp",)


class Stamp:
    """What the answers of one server are stamped with."""

    __slots__ = ("_date", "_dated", "_fields", "_server_name")

    def __init__(self, *, server_name: bytes, date: bool) -> None:
        self._server_name = server_name
        self._date = date
        self._dated = 0
        self._fields = Headers()
        self.renew(0.0)

    def renew(self, wall_clock: float) -> None:
        """Take the time of day, in seconds since the epoch; to be done once a second."""
        if int(wall_clock) == self._dated and self._fields:
            return
        self._dated = int(wall_clock)
        fields = []
        if self._date:
            fields.append((b"date", formatdate(self._dated, usegmt=True).encode("ascii")))
        if self._server_name:
            fields.append((b"server", self._server_name))
        self._fields = Headers(fields)

    def complete_acceptance(self, acceptance: AcceptWebSocket) -> AcceptWebSocket:
        """The same acceptance with the fields it lacks."""
        headers = acceptance.headers
        return replace(acceptance, headers=Headers((*headers, *self._missing(headers))))

    def complete(self, response: Response, *, last: bool) -> Response:
        """The same answer with the fields it lacks; told to be the `last` with `close`."""
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
