"""Makes events of the bytes of one response, as a client sees them.

h11 reads them, so that the server is judged by code that is not its own, but for
those that `whole_answer` can read. Which bytes belong to which request is the
business of `wire`.
"""

from http import HTTPStatus

from tremolo_core import EndOfMessage, Headers, InformationalResponse, Request, Signal
from tremolo_core.h11_client import H11Client, HttpEvent

from .whole_answer import WholeAnswer, read_whole_answer

__all__ = ("ResponseReader",)

_ANY = Headers(((b"host", b"-"), (b"connection", b"upgrade"), (b"upgrade", b"-")))
"""Of a request that may be answered by a switch of protocols."""


class ResponseReader:
    """The answer to one request: bytes go in, events come out."""

    def __init__(self, method: str) -> None:
        """`method` is the request's, as it says how long the answer is (RFC 9112 6.3)."""
        self._method = method
        self._parser: H11Client | None = None
        self._whole: WholeAnswer | None = None
        self._told = 0
        """How many events of `_whole` were returned."""
        self.begun = False
        """Whether any of the answer has come."""
        self.complete = False
        """Whether the end of the answer was read."""

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the server, at least one."""
        if not self.begun and self._method not in ("HEAD", "CONNECT"):
            self._whole = read_whole_answer(data)
        self.begun = True
        if self._whole is None:
            self._h11().receive_data(data)

    def receive_eof(self) -> None:
        """Note that the server will send no more."""
        self._h11().receive_eof()

    def next_event(self) -> HttpEvent | Signal:
        """Return what the server did next, or NEED_DATA.

        Raises RemoteProtocolError if it is not HTTP, or if the server has ended
        the connection before the end of the answer.
        """
        if self._whole is not None:
            event: HttpEvent | Signal = self._whole.events[self._told]
            self._told += 1
        elif self.begun or self._parser is not None:
            event = self._h11().next_event()
        else:
            return Signal.NEED_DATA
        match event:
            case InformationalResponse():
                # Behind this one no HTTP follows.
                self.complete = event.status == HTTPStatus.SWITCHING_PROTOCOLS
            case EndOfMessage():
                self.complete = True
        return event

    def take_body(self) -> bytes | None:
        """Return the body, and with it what was left of the answer; None if not all has come.

        To be asked when the head was returned, and nothing behind it.
        """
        if self._whole is None:
            return None
        self.complete = True
        return self._whole.body

    @property
    def rest(self) -> bytes:
        """The bytes behind the answer; to be asked for when it is complete."""
        return self._h11().rest if self._whole is None else self._whole.rest

    @property
    def may_go_on(self) -> bool:
        """Whether another answer may follow on the same connection."""
        return self._whole is not None or self._h11().may_go_on

    def _h11(self) -> H11Client:
        if self._parser is None:
            self._parser = H11Client()
            method = self._method.encode("ascii")
            self._parser.send(Request(method=method, target=b"/", headers=_ANY))
            self._parser.send(EndOfMessage())
        return self._parser
