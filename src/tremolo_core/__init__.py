"""HTTP/1.1 and WebSocket for servers, without I/O: bytes and time in, events out, and back."""

from typing import TYPE_CHECKING

from ._exports import exported
from ._values import value

__all__ = (
    "AcceptWebSocket",
    "BytesMessage",
    "ClientConnection",
    "CloseWebSocket",
    "Closing",
    "Connection",
    "ConnectionClosed",
    "Data",
    "EndOfMessage",
    "Event",
    "FrameEvent",
    "Headers",
    "InformationalResponse",
    "Limits",
    "LocalProtocolError",
    "PerMessageDeflate",
    "Ping",
    "Pong",
    "ProtocolError",
    "RemoteProtocolError",
    "Request",
    "Response",
    "Signal",
    "State",
    "TextMessage",
    "Timeouts",
    "answer_to",
    "plain_answer",
    "value",
    "websocket_request",
)

if TYPE_CHECKING:
    from .client import ClientConnection, websocket_request
    from .closing import Closing
    from .connection import Connection
    from .deflate import PerMessageDeflate
    from .errors import LocalProtocolError, ProtocolError, RemoteProtocolError
    from .events import (
        AcceptWebSocket,
        BytesMessage,
        CloseWebSocket,
        ConnectionClosed,
        Data,
        EndOfMessage,
        Event,
        FrameEvent,
        InformationalResponse,
        Ping,
        Pong,
        Request,
        Response,
        Signal,
        TextMessage,
    )
    from .headers import Headers
    from .limits import Limits, Timeouts
    from .refusal import answer_to, plain_answer
    from .states import State
else:
    __getattr__, __dir__ = exported(
        __name__,
        {
            "client": "ClientConnection websocket_request",
            "closing": "Closing",
            "connection": "Connection",
            "deflate": "PerMessageDeflate",
            "errors": "LocalProtocolError ProtocolError RemoteProtocolError",
            "events": (
                "AcceptWebSocket BytesMessage CloseWebSocket ConnectionClosed Data EndOfMessage "
                "Event FrameEvent InformationalResponse Ping Pong Request Response Signal "
                "TextMessage"
            ),
            "headers": "Headers",
            "limits": "Limits Timeouts",
            "refusal": "answer_to plain_answer",
            "states": "State",
        },
    )
