"""The engine that lets h11 read and write: for every message, as slow as h11 is.

The only module that knows h11.
"""

from typing import assert_never

import h11

from .engine import IncomingEvent, OutgoingEvent
from .errors import RemoteProtocolError
from .events import Data, EndOfMessage, InformationalResponse, Request, Response
from .headers import Headers

__all__ = ("H11Engine",)

_NO_LIMIT = 1 << 62
"""For h11's own limit, which depends on how the bytes were cut; the gate's do not."""


class H11Engine:
    """One cycle through a new `h11.Connection`, which takes 2 µs to make."""

    __slots__ = ("_h11",)

    def __init__(self) -> None:
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=_NO_LIMIT)

    def receive(self, raw: bytes) -> None:
        """As `Engine.receive`."""
        self._h11.receive_data(raw)

    def next_event(self) -> IncomingEvent | None:
        """As `Engine.next_event`; a RemoteProtocolError if h11 is stricter than the gate."""
        try:
            event = self._h11.next_event()
        except h11.RemoteProtocolError as error:
            raise RemoteProtocolError(
                "a message that h11 refuses", status=error.error_status_hint
            ) from error
        match event:
            case h11.Request():
                return Request(
                    method=event.method,
                    target=event.target,
                    headers=Headers(event.headers),
                    http_version=event.http_version,
                )
            case h11.Data():
                return Data(data=bytes(event.data))
            case h11.EndOfMessage():
                return EndOfMessage(trailers=Headers(event.headers))
            case _:
                # NEED_DATA, or PAUSED behind a request that asks for an upgrade.
                return None

    def send(self, event: OutgoingEvent) -> bytes:
        """As `Engine.send`."""
        return self._h11.send(_to_h11(event)) or b""


def _to_h11(event: OutgoingEvent) -> h11.Event:
    match event:
        case Data():
            return h11.Data(data=event.data)
        case EndOfMessage():
            return h11.EndOfMessage(headers=_titled(event.trailers))
        case Response():
            return h11.Response(
                status_code=event.status, headers=_titled(event.headers), reason=event.reason
            )
        case InformationalResponse():
            return h11.InformationalResponse(
                status_code=event.status, headers=_titled(event.headers), reason=event.reason
            )
        case _:
            assert_never(event)


def _titled(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Names as h11 writes its own, so that a head looks as if one hand had written it."""
    return [(name.title(), value) for name, value in headers]
