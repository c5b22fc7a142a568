"""Makes events of the bytes of one response, as a client sees them.

h11 reads them, so that the server is judged by code that is not its own. Which
bytes belong to which request is the business of `wire`.
"""

import functools
from http import HTTPStatus
from typing import Literal, TypeAlias

import h11

from tremolo_core import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Headers,
    InformationalResponse,
    RemoteProtocolError,
    Response,
    Signal,
)

__all__ = ("ResponseEvent", "ResponseReader")

ResponseEvent: TypeAlias = InformationalResponse | Response | Data | EndOfMessage | ConnectionClosed
"""What a server does on a connection."""


@functools.cache
def _asked(method: str) -> h11.Request:
    """What stands for the request: one that may be answered by a switch of protocols."""
    fields = [("host", "-"), ("connection", "upgrade"), ("upgrade", "-")]
    return h11.Request(method=method, target="/", headers=fields)


class ResponseReader:
    """The answer to one request: bytes go in, events come out."""

    def __init__(self, method: str) -> None:
        """`method` is the request's, as it says how long the answer is (RFC 9112 6.3)."""
        self._parser = h11.Connection(h11.CLIENT)
        self._parser.send(_asked(method))
        self._parser.send(h11.EndOfMessage())
        self.begun = False
        """Whether any of the answer has come."""
        self.complete = False
        """Whether the end of the answer was read."""

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the server, at least one."""
        self.begun = True
        self._parser.receive_data(data)

    def receive_eof(self) -> None:
        """Note that the server will send no more."""
        self._parser.receive_data(b"")

    def next_event(self) -> ResponseEvent | Literal[Signal.NEED_DATA]:
        """Return what the server did next, or NEED_DATA.

        Raises RemoteProtocolError if it is not HTTP, or if the server has ended
        the connection before the end of the answer.
        """
        try:
            event = self._parser.next_event()
        except h11.RemoteProtocolError as error:
            raise RemoteProtocolError(f"the server broke the rules: {error}") from error
        match event:
            case h11.NEED_DATA:
                return Signal.NEED_DATA
            case h11.InformationalResponse():
                # Behind this one no HTTP follows.
                self.complete = event.status_code == HTTPStatus.SWITCHING_PROTOCOLS
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
                self.complete = True
                return EndOfMessage(trailers=Headers(event.headers))
            case _:
                return ConnectionClosed()

    @property
    def rest(self) -> bytes:
        """The bytes behind the answer; to be asked for when it is complete."""
        return self._parser.trailing_data[0]

    @property
    def may_go_on(self) -> bool:
        """Whether another answer may follow on the same connection."""
        return self._parser.their_state is h11.DONE
