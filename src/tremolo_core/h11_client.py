"""The engine of a client for HTTP: h11 writes the requests and reads the answers.

It judges both, by its own rules; `client` puts WebSocket beside it.
"""

from typing import TypeAlias, assert_never

import h11

from .errors import LocalProtocolError, RemoteProtocolError
from .events import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    InformationalResponse,
    Request,
    Response,
    Signal,
)
from .headers import Headers

__all__ = ("H11Client", "HttpEvent")

HttpEvent: TypeAlias = InformationalResponse | Response | Data | EndOfMessage | ConnectionClosed
"""What a server does on a connection that speaks HTTP."""


class H11Client:
    """One `h11.Connection` in the role of the client."""

    __slots__ = ("_h11",)

    def __init__(self) -> None:
        self._h11 = h11.Connection(h11.CLIENT)

    def send(self, event: Request | Data | EndOfMessage) -> bytes:
        """Return the bytes that say `event`. Raises LocalProtocolError, and from then on."""
        try:
            return self._h11.send(_to_h11(event)) or b""
        except h11.LocalProtocolError as error:
            raise LocalProtocolError(str(error)) from error

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the server, at least one."""
        self._h11.receive_data(data)

    def receive_eof(self) -> None:
        """Note that the server will send no more."""
        self._h11.receive_data(b"")

    def next_event(self) -> HttpEvent | Signal:
        """Return what the server did next, or a signal. Raises RemoteProtocolError."""
        try:
            event = self._h11.next_event()
        except h11.RemoteProtocolError as error:
            raise RemoteProtocolError(f"the server broke the rules: {error}") from error
        match event:
            case h11.NEED_DATA:
                return Signal.NEED_DATA
            case h11.PAUSED:
                return Signal.PAUSED
            case h11.InformationalResponse():
                return InformationalResponse(
                    status=event.status_code, headers=Headers(event.headers), reason=event.reason
                )
            case h11.Response():
                return Response(
                    status=event.status_code, headers=Headers(event.headers), reason=event.reason
                )
            case h11.Data():
                return Data(data=bytes(event.data))
            case h11.EndOfMessage():
                return EndOfMessage(trailers=Headers(event.headers))
            case _:
                return ConnectionClosed()

    def start_next_cycle(self) -> None:
        """Turn to the next request. Raises LocalProtocolError if none may follow."""
        try:
            self._h11.start_next_cycle()
        except h11.LocalProtocolError as error:
            raise LocalProtocolError(str(error)) from error

    @property
    def may_go_on(self) -> bool:
        """Whether the answer is complete, and another may follow on the same connection."""
        return self._h11.their_state is h11.DONE

    @property
    def rest(self) -> bytes:
        """The bytes behind an answer that is complete, or behind a switch to another protocol."""
        return self._h11.trailing_data[0]


def _to_h11(
    event: Request | Data | EndOfMessage,
) -> h11.Request | h11.Data | h11.EndOfMessage:
    match event:
        case Request():
            return h11.Request(
                method=event.method, target=event.target, headers=list(event.headers)
            )
        case Data():
            return h11.Data(data=event.data)
        case EndOfMessage():
            return h11.EndOfMessage(headers=list(event.trailers))
        case _:
            assert_never(event)
