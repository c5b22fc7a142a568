"""The engine of a client for frames: wsproto reads and writes all of them.

wsproto is asked for frames and not for its events, which hide which of the
frames broke the rules. What the client does about them is decided in `client`,
and in the testing kit, which judges our server by code that is not its own.
"""

import re
from typing import Literal, TypeAlias, assert_never

from wsproto.extensions import PerMessageDeflate
from wsproto.frame_protocol import CloseReason, Frame, FrameProtocol, Opcode, ParseFailed

from .errors import RemoteProtocolError
from .events import BytesMessage, CloseWebSocket, Ping, Pong, Signal, TextMessage

__all__ = ("OFFER", "ClientFrame", "WsprotoClient", "agreed_extension")

ClientFrame: TypeAlias = TextMessage | BytesMessage | Ping | Pong | CloseWebSocket

OFFER = "permessage-deflate; client_max_window_bits"
"""What a client says that can compress (RFC 7692 7.1); it is what browsers say."""


_PARAMETER = re.compile(
    "(?:client|server)_no_context_takeover|(?:client|server)_max_window_bits=(?:9|1[0-5])"
)
"""What may be agreed on (RFC 7692 7.1); not 8 bits, with which zlib cannot compress.

wsproto believes whatever begins like one, or is at a loss.
"""


def agreed_extension(answer: str | None) -> PerMessageDeflate | None:
    """The extension that the server has accepted by a field `Sec-WebSocket-Extensions`.

    Raises RemoteProtocolError if that is another than the one that was offered.
    """
    if answer is None:
        return None
    name, *parameters = (part.strip() for part in answer.split(";"))
    told = {parameter.partition("=")[0] for parameter in parameters}
    if (
        name != PerMessageDeflate.name
        or len(told) < len(parameters)
        or not all(map(_PARAMETER.fullmatch, parameters))
    ):
        raise RemoteProtocolError(f"the server has accepted {answer!r}, which was not offered")
    extension = PerMessageDeflate()
    extension.finalize(answer)
    return extension


class WsprotoClient:
    """The frames of one WebSocket, as its client reads and writes them. Messages are read whole."""

    def __init__(self, extension: PerMessageDeflate | None = None) -> None:
        self._frames = FrameProtocol(
            client=True, extensions=[] if extension is None else [extension]
        )
        self._text: list[str] = []
        self._bytes: list[bytes] = []
        """The parts of a message that is not complete."""

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the server, at least one."""
        self._frames.receive_bytes(data)

    def next_event(self) -> ClientFrame | Literal[Signal.NEED_DATA]:
        """Return what the server did next, or NEED_DATA.

        Raises RemoteProtocolError if that breaks the rules (RFC 6455, RFC 7692).
        """
        try:
            for frame in self._frames.received_frames():
                event = self._read(frame)
                if event is not None:
                    return event
        except ParseFailed as error:
            raise RemoteProtocolError(
                f"the server sent a frame that breaks the rules: {error}",
                status=None,
                close_code=int(error.code),
            ) from error
        return Signal.NEED_DATA

    def write(self, event: ClientFrame) -> bytes:
        """The bytes of one frame, masked as a client's are."""
        match event:
            case TextMessage():
                return bytes(self._frames.send_data(event.text, fin=event.final))
            case BytesMessage():
                return bytes(self._frames.send_data(event.data, fin=event.final))
            case Ping():
                return bytes(self._frames.ping(event.payload))
            case Pong():
                return bytes(self._frames.pong(event.payload))
            case CloseWebSocket():
                return bytes(self._frames.close(event.code, event.reason or None))
            case _:
                assert_never(event)

    def _read(self, frame: Frame) -> ClientFrame | None:
        """The event that `frame` completes; None if it completes none."""
        match frame.payload:
            case (code, reason):
                told = None if code == CloseReason.NO_STATUS_RCVD else int(code)
                return CloseWebSocket(code=told, reason=reason or "")
            case str() as text:
                self._text.append(text)
                if frame.message_finished:
                    text, self._text = "".join(self._text), []
                    return TextMessage(text=text)
            case data if frame.opcode is Opcode.PING:
                return Ping(payload=bytes(data))
            case data if frame.opcode is Opcode.PONG:
                return Pong(payload=bytes(data))
            case data:
                self._bytes.append(bytes(data))
                if frame.message_finished:
                    data, self._bytes = b"".join(self._bytes), []
                    return BytesMessage(data=data)
        return None
