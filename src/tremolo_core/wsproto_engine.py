"""The engine that lets wsproto read and write frames: all of them, as slowly as wsproto does.

The only module that knows wsproto. Its `PerMessageDeflate` is not used, as it
expands whatever it is given: compression is done by `deflate`, behind the
interface that wsproto has for extensions.
"""

import wsproto.connection
import wsproto.events
from wsproto.connection import ConnectionState, ConnectionType
from wsproto.extensions import Extension
from wsproto.frame_protocol import (
    CloseReason,
    FrameDecoder,
    FrameProtocol,
    Opcode,
    RsvBits,
)

from ._values import maker
from .deflate import Deflater, Inflater, PerMessageDeflate
from .engine import IncomingFrame
from .errors import RemoteProtocolError
from .events import BytesMessage, CloseWebSocket, FrameEvent, Ping, Pong, TextMessage

__all__ = ("WsprotoEngine",)

_bytes_message = maker(BytesMessage)
_text_message = maker(TextMessage)

# To look it up each time adds to what most messages cost.
_TheirBytes = wsproto.events.BytesMessage

_AFTER_CLOSE = (ConnectionState.REMOTE_CLOSING, ConnectionState.CLOSED)


class WsprotoEngine:
    """The frames of one WebSocket, through a `wsproto.connection.Connection`."""

    __slots__ = ("_deflate", "_wsproto")

    def __init__(self, *, deflate: PerMessageDeflate | None, limit: int | None) -> None:
        self._deflate = None if deflate is None else _Deflate(deflate, limit=limit)
        self._wsproto = wsproto.connection.Connection(
            ConnectionType.SERVER, [] if self._deflate is None else [self._deflate]
        )

    def read(self, raw: bytes) -> IncomingFrame | None:
        """As `FrameEngine.read`."""
        self._wsproto.receive_data(raw)
        # To ask for the next only, and break off the generator, takes longer.
        events = [*self._wsproto.events()]
        if not events:
            return None
        # There is no more than one in the bytes of one frame.
        (event,) = events
        if type(event) is _TheirBytes:
            return _bytes_message(bytes(event.data), event.message_finished)
        match event:
            case wsproto.events.TextMessage():
                return _text_message(event.data, event.message_finished)
            case wsproto.events.Ping():
                return Ping(payload=bytes(event.payload))
            case wsproto.events.Pong():
                return Pong(payload=bytes(event.payload))
        # No Close was received: wsproto tells of a frame that it could not
        # read as if the peer had closed politely.
        assert isinstance(event, wsproto.events.CloseConnection)
        raise self._failure(event.code)

    def read_close(self, raw: bytes) -> CloseWebSocket:
        """As `FrameEngine.read_close`."""
        self._wsproto.receive_data(raw)
        for event in self._wsproto.events():
            # For a Close that it could not read wsproto makes one up, but stays in its state.
            if (
                isinstance(event, wsproto.events.CloseConnection)
                and self._wsproto.state in _AFTER_CLOSE
            ):
                code = None if event.code == CloseReason.NO_STATUS_RCVD else int(event.code)
                return CloseWebSocket(code=code, reason=event.reason or "")
        raise self._failure(CloseReason.INVALID_FRAME_PAYLOAD_DATA)

    def send(self, event: FrameEvent) -> bytes:
        """As `FrameEngine.send`."""
        if type(event) is BytesMessage and event.final:
            # Without keywords, which take longer.
            return self._wsproto.send(_TheirBytes(event.data))
        return bytes(self._wsproto.send(_to_wsproto(event)))

    def release(self) -> None:
        """As `FrameEngine.release`."""
        # wsproto's own objects refer to each other, so they would keep it until they are collected.
        if self._deflate is not None:
            self._deflate.release()

    def _failure(self, code: int) -> RemoteProtocolError:
        if self._deflate is not None and self._deflate.failure is not None:
            return self._deflate.failure
        reason = "text that is not UTF-8" if code == 1007 else "a frame that wsproto refuses"
        return RemoteProtocolError(reason, status=None, close_code=int(code))


class _Deflate(Extension):
    """permessage-deflate in wsproto's terms; what it does is done by `deflate`."""

    name = "permessage-deflate"

    def __init__(self, agreed: PerMessageDeflate, *, limit: int | None) -> None:
        self._inflater = Inflater(agreed, limit=limit)
        self._deflater = Deflater(agreed)
        self._in_control = False
        """Whether the frame that is being read is a control frame."""
        self._compressed = False
        """Whether the message that is being read is compressed."""
        self.failure: RemoteProtocolError | None = None
        """Why expanding failed; wsproto is told the close code only."""

    def enabled(self) -> bool:
        return True

    def offer(self) -> bool:
        return False

    def frame_inbound_header(
        self,
        proto: FrameDecoder | FrameProtocol,
        opcode: Opcode,
        rsv: RsvBits,
        payload_length: int,
    ) -> RsvBits:
        self._in_control = opcode.iscontrol()
        starts = opcode in (Opcode.TEXT, Opcode.BINARY)
        if starts:
            self._compressed = rsv.rsv1
        return RsvBits(starts, False, False)

    def frame_inbound_payload_data(
        self, proto: FrameDecoder | FrameProtocol, data: bytes
    ) -> bytes | CloseReason:
        if self._in_control or not self._compressed:
            return data
        try:
            return self._inflater.inflate(data)
        except RemoteProtocolError as error:
            return self._fail(error)

    def frame_inbound_complete(
        self, proto: FrameDecoder | FrameProtocol, fin: bool
    ) -> bytes | CloseReason | None:
        if self._in_control or not self._compressed or not fin:
            return None
        try:
            return self._inflater.end_message()
        except RemoteProtocolError as error:
            return self._fail(error)

    def frame_outbound(
        self,
        proto: FrameDecoder | FrameProtocol,
        opcode: Opcode,
        rsv: RsvBits,
        data: bytes,
        fin: bool,
    ) -> tuple[RsvBits, bytes]:
        if opcode.iscontrol():
            return rsv, data
        if opcode is Opcode.CONTINUATION:
            return rsv, self._deflater.part(data, final=fin)
        pressed = self._deflater.whole(data) if fin else self._deflater.part(data, final=False)
        return (rsv, data) if pressed is None else (RsvBits(True, False, False), pressed)

    def release(self) -> None:
        self._inflater.release()
        self._deflater.release()

    def _fail(self, error: RemoteProtocolError) -> CloseReason:
        self.failure = error
        return CloseReason(error.close_code or CloseReason.PROTOCOL_ERROR)


def _to_wsproto(event: FrameEvent) -> wsproto.events.Event:
    match event:
        case BytesMessage():
            return _TheirBytes(data=event.data, message_finished=event.final)
        case TextMessage():
            return wsproto.events.TextMessage(data=event.text, message_finished=event.final)
        case Ping():
            return wsproto.events.Ping(payload=event.payload)
        case Pong():
            return wsproto.events.Pong(payload=event.payload)
        case _:
            code = CloseReason.NO_STATUS_RCVD if event.code is None else event.code
            return wsproto.events.CloseConnection(code=code, reason=event.reason or None)
