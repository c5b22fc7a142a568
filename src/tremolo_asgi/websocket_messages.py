"""Between WebSocket messages of ASGI and events of the core, each by itself, in both directions.

Pure. When a message is sent on is decided in `websocket`; whether a close code,
a subprotocol or a text may be sent is decided in the core.
"""

import enum
from typing import Final

from tremolo_core import (
    AcceptWebSocket,
    BytesMessage,
    CloseWebSocket,
    Headers,
    PerMessageDeflate,
    TextMessage,
)
from tremolo_core._values import maker

from .errors import MessageError
from .message_members import Message, read_bytes, read_fields, sort_of
from .message_types import WebSocketDisconnectMessage, WebSocketReceiveMessage

__all__ = (
    "WebSocketProgress",
    "disconnected",
    "must_be_due",
    "read_accept",
    "read_close",
    "read_message",
    "received",
)


class WebSocketProgress(enum.Enum):
    """How far a WebSocket has come. The value completes an error's sentence."""

    CONNECTING = "before websocket.accept"
    OPEN = "while the WebSocket is open"
    HEAD = "after websocket.http.response.start"
    BODY = "within the response's body"
    REFUSED = "after the complete response"
    CLOSED = "after websocket.close"


_DUE: dict[WebSocketProgress, tuple[str, ...]] = {
    WebSocketProgress.CONNECTING: (
        "websocket.accept",
        "websocket.close",
        "websocket.http.response.start",
    ),
    WebSocketProgress.OPEN: ("websocket.send", "websocket.close"),
    WebSocketProgress.HEAD: ("websocket.http.response.body",),
    WebSocketProgress.BODY: ("websocket.http.response.body",),
    WebSocketProgress.REFUSED: (),
    WebSocketProgress.CLOSED: (),
}

_text_message: Final = maker(TextMessage)
_bytes_message: Final = maker(BytesMessage)

_NO_CODE = 1005
"""What stands for a Close without a code (RFC 6455 7.1.5)."""


def must_be_due(kind: object, progress: WebSocketProgress) -> None:
    """Raise MessageError if a message of this kind is not due now."""
    due = _DUE[progress]
    if kind in due:
        return
    if not due:
        raise MessageError(f"{kind!r} was sent {progress.value}: nothing may follow")
    names = " or ".join(map(repr, due))
    raise MessageError(f"{kind!r} was sent {progress.value}, where {names} is due")


def received(event: TextMessage | BytesMessage) -> WebSocketReceiveMessage:
    """What `receive()` returns for a message of the client."""
    if isinstance(event, BytesMessage):
        return {"type": "websocket.receive", "bytes": event.data}
    return {"type": "websocket.receive", "text": event.text}


def disconnected(code: int | None, reason: str = "") -> WebSocketDisconnectMessage:
    """What `receive()` returns at the end; `code` is None for a Close that has none."""
    return {
        "type": "websocket.disconnect",
        "code": _NO_CODE if code is None else code,
        "reason": reason,
    }


def read_accept(message: Message, extensions: tuple[PerMessageDeflate, ...]) -> AcceptWebSocket:
    """The event for a `websocket.accept`. Raises MessageError."""
    subprotocol = message.get("subprotocol")
    if subprotocol is not None and not (isinstance(subprotocol, str) and subprotocol.isascii()):
        raise MessageError(
            f"'subprotocol' of {message['type']!r} must be a str of ASCII or None,"
            f" not {sort_of(subprotocol)}"
        )
    return AcceptWebSocket(
        # Some applications say "" for none, which no client can offer.
        subprotocol=subprotocol.encode("ascii") if subprotocol else None,
        headers=Headers(read_fields(message)),
        extensions=extensions,
    )


def read_message(message: Message) -> TextMessage | BytesMessage:
    """The event for a `websocket.send`. Raises MessageError."""
    text, data = message.get("text"), message.get("bytes")
    if text is None and type(data) is bytes:
        return _bytes_message(data)
    if (text is None) is (data is None):
        raise MessageError(f"{message['type']!r} must have one of 'text' and 'bytes'")
    if text is None:
        return _bytes_message(read_bytes(message, "bytes", data))
    if not isinstance(text, str):
        raise MessageError(f"'text' of {message['type']!r} must be a str, not {sort_of(text)}")
    return _text_message(text)


def read_close(message: Message) -> CloseWebSocket:
    """The event for a `websocket.close`. Raises MessageError."""
    code, reason = message.get("code", 1000), message.get("reason")
    if code is None:
        code = 1000
    if not isinstance(code, int) or isinstance(code, bool):
        raise MessageError(f"'code' of {message['type']!r} must be an int, not {sort_of(code)}")
    if reason is not None and not isinstance(reason, str):
        raise MessageError(f"'reason' of {message['type']!r} must be a str, not {sort_of(reason)}")
    return CloseWebSocket(code=int(code), reason=reason or "")
