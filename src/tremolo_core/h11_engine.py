"""The engine that lets h11 read and write: for every message, as slow as h11 is.

The only module that knows h11.
"""

import functools
from collections.abc import Iterable, Sequence
from typing import assert_never, cast

import h11

from ._values import maker
from .answer_head import AnswerHead, Framing
from .engine import OutgoingEvent
from .errors import RemoteProtocolError
from .events import Data, EndOfMessage, InformationalResponse, Request
from .gate import Passed
from .head import Head
from .head_writing import titled
from .headers import Headers

__all__ = ("H11Engine",)

_data = maker(Data)
_request = maker(Request)

_END = EndOfMessage()
_H11_END = h11.EndOfMessage()

_NO_LIMIT = 1 << 62
"""For h11's own limit, which depends on how the bytes were cut; the gate's do not."""


class H11Engine:
    """One cycle through a new `h11.Connection`, which takes 2 µs to make."""

    __slots__ = ("_h11",)

    def __init__(self) -> None:
        self._h11 = h11.Connection(h11.SERVER, _NO_LIMIT)

    def read_head(self, head: Head) -> Request:
        """As `Engine.read_head`; a RemoteProtocolError if h11 is stricter than the gate."""
        event = self._read(head.raw)
        assert isinstance(event, h11.Request)
        headers = Headers([(name.lower(), value) for name, value in event.headers.raw_items()])
        if head.is_ordinary:
            return _request(event.method, event.target, headers)
        if head.authority is not None:
            headers = Headers(((b"host", head.authority), *headers.without(b"host")))
        return _request(
            method=event.method,
            target=event.target,
            headers=headers,
            http_version=head.meaning.http_version,
            upgrade=None if head.meaning.handshake is None else b"websocket",
        )

    def read_body(self, raw: bytes, passed: Passed) -> Data | EndOfMessage | None:
        """As `Engine.read_body`; a RemoteProtocolError if h11 is stricter than the gate."""
        event = self._read(raw)
        if type(event) is h11.Data:
            return _data(bytes(event.data))
        if type(event) is h11.EndOfMessage:
            raw_trailers = event.headers.raw_items()
            return EndOfMessage(trailers=_lowered(raw_trailers)) if raw_trailers else _END
        # NEED_DATA behind the line or the end of a chunk.
        return None

    def _read(self, raw: bytes) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        if raw:
            self._h11.receive_data(raw)
        try:
            return self._h11.next_event()
        except h11.RemoteProtocolError as error:
            raise RemoteProtocolError(
                "a message that h11 refuses", status=error.error_status_hint
            ) from error

    def write(self, events: Iterable[OutgoingEvent], out: list[bytes]) -> None:
        """As `Engine.write`."""
        send = self._h11.send_with_data_passthrough
        for event in events:
            if isinstance(event, Data):
                out += send(h11.Data(data=event.data)) or ()
                continue
            if isinstance(event, AnswerHead) and event.framing is Framing.CLOSE:
                # h11 has bodies end with the connection for HTTP/1.0 alone.
                self._h11.their_http_version = b"1.0"
            out += send(_to_h11(event)) or ()

    def whole(self, head: AnswerHead, pieces: Sequence[bytes]) -> bytes:
        """As `Engine.whole`."""
        send = self._h11.send_with_data_passthrough
        out = send(_head_to_h11(head)) or []
        for piece in pieces:
            out += send(h11.Data(piece)) or ()
        out += send(_H11_END) or ()
        return b"".join(out)

    def piece(self, data: bytes) -> Sequence[bytes]:
        """As `Engine.piece`."""
        return self._h11.send_with_data_passthrough(h11.Data(data)) or ()

    def send_elsewhere(self, count: int) -> None:
        """As `Engine.send_elsewhere`."""
        # h11 asks of what it passes through only how long it is.
        self._h11.send_with_data_passthrough(h11.Data(data=cast(bytes, range(count))))


def _lowered(raw_items: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The fields as h11 has them, of whose two ways to tell them the other is slow."""
    return Headers([(name.lower(), value) for name, value in raw_items])


def _to_h11(event: InformationalResponse | AnswerHead | EndOfMessage) -> h11.Event:
    match event:
        case EndOfMessage():
            return h11.EndOfMessage(headers=titled(event.trailers)) if event.trailers else _H11_END
        case AnswerHead():
            return _head_to_h11(event)
        case InformationalResponse():
            return h11.InformationalResponse(
                status_code=event.status, headers=titled(event.headers), reason=event.reason
            )
        case _:
            assert_never(event)


def _head_to_h11(head: AnswerHead) -> h11.Response:
    response = head.response
    make = _kept_response if head.may_be_kept else _response
    return make(response.status, response.headers, response.reason)


def _response(status: int, headers: Headers, reason: bytes) -> h11.Response:
    return h11.Response(status_code=status, headers=titled(headers), reason=reason)


_kept_response = functools.lru_cache(maxsize=64)(_response)
"""h11 judges what was sent lately no second time, as `answer_head` does not."""
