"""Makes events of the bytes of one response, as a client sees them.

h11 reads them, so that the server is judged by code that is not its own. Which
bytes belong to which request is the business of `wire`.
"""

from http import HTTPStatus

from tremolo_core import EndOfMessage, Headers, InformationalResponse, Request, Signal
from tremolo_core.h11_client import H11Client, HttpEvent

__all__ = ("ResponseReader",)

_ANY = Headers(((b"host", b"-"), (b"connection", b"upgrade"), (b"upgrade", b"-")))
"""Of a request that may be answered by a switch of protocols."""


class ResponseReader:
    """The answer to one request: bytes go in, events come out."""

    def __init__(self, method: str) -> None:
        """`method` is the request's, as it says how long the answer is (RFC 9112 6.3)."""
        self._parser = H11Client()
        self._parser.send(Request(method=method.encode("ascii"), target=b"/", headers=_ANY))
        self._parser.send(EndOfMessage())
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
        self._parser.receive_eof()

    def next_event(self) -> HttpEvent | Signal:
        """Return what the server did next, or NEED_DATA.

        Raises RemoteProtocolError if it is not HTTP, or if the server has ended
        the connection before the end of the answer.
        """
        event = self._parser.next_event()
        match event:
            case InformationalResponse():
                # Behind this one no HTTP follows.
                self.complete = event.status == HTTPStatus.SWITCHING_PROTOCOLS
            case EndOfMessage():
                self.complete = True
        return event

    @property
    def rest(self) -> bytes:
        """The bytes behind the answer; to be asked for when it is complete."""
        return self._parser.rest

    @property
    def may_go_on(self) -> bool:
        """Whether another answer may follow on the same connection."""
        return self._parser.may_go_on
