"""Between events of the core and messages for another server, in both directions.

Pure, and the way back of `http_messages` and `websocket_messages`. Whether an
event may be sent now has been judged before, by the core, for `guest_exchange`.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from tremolo_core import (
    AcceptWebSocket,
    BytesMessage,
    CloseWebSocket,
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    InformationalResponse,
    LocalProtocolError,
    Response,
    TextMessage,
)

from .message_types import HTTPResponseBodyMessage, SendMessage

__all__ = ("http_messages", "received_events", "refusal_messages", "websocket_message")

_NO_CODE = 1005
_ABNORMAL = 1006
"""What stands for a Close without a code, and for none (RFC 6455 7.1.5)."""


def received_events(message: Mapping[str, Any]) -> tuple[Event, ...]:
    """The events for a message that another server gives us; none for what says nothing."""
    match message["type"]:
        case "http.request":
            body = bytes(message.get("body", b""))
            data: tuple[Event, ...] = (Data(data=body),) if body else ()
            return data if message.get("more_body", False) else (*data, EndOfMessage())
        case "websocket.receive":
            text = message.get("text")
            if text is not None:
                return (TextMessage(text=text),)
            return (BytesMessage(data=bytes(message["bytes"])),)
        case "websocket.disconnect":
            code = message.get("code", _NO_CODE)
            if code == _ABNORMAL:
                return (ConnectionClosed(),)
            if code == _NO_CODE:
                return (CloseWebSocket(code=None), ConnectionClosed())
            close = CloseWebSocket(code=code, reason=message.get("reason") or "")
            return (close, ConnectionClosed())
        case "http.disconnect":
            return (ConnectionClosed(),)
        case _:
            return ()


def http_messages(events: Iterable[Event], extensions: Collection[str]) -> list[SendMessage]:
    """The messages for events that are an answer, or a part of one.

    A head is sent with the first piece of the body, or with an empty one, as
    servers hold it back until then. What a server cannot be told is left out:
    interim answers, but for links of a 103 where its extensions have those, and
    trailers, which would have had to be announced in the head.
    """
    messages: list[SendMessage] = []
    piece: HTTPResponseBodyMessage | None = None
    for event in events:
        match event:
            case Response():
                # How a body is framed is the other server's to say.
                headers = list(event.headers.without(b"transfer-encoding"))
                messages.append(
                    {"type": "http.response.start", "status": event.status, "headers": headers}
                )
                piece = {"type": "http.response.body", "body": b"", "more_body": True}
                messages.append(piece)
            case Data() if piece is not None and not piece["body"]:
                piece["body"] = event.data
            case Data():
                piece = {"type": "http.response.body", "body": event.data, "more_body": True}
                messages.append(piece)
            case EndOfMessage() if piece is not None:
                piece["more_body"] = False
            case EndOfMessage():
                messages.append({"type": "http.response.body", "body": b"", "more_body": False})
            case InformationalResponse(status=103) if "http.response.early_hint" in extensions:
                links = event.headers.get_all(b"link")
                messages.append({"type": "http.response.early_hint", "links": list(links)})
            case _:
                pass
    return messages


def refusal_messages(events: Iterable[Event], extensions: Collection[str]) -> list[SendMessage]:
    """The messages for events of an answer that refuses a WebSocket.

    Where the server's extensions have no such answer, it is refused with the
    only status that there is then: 403.
    """
    if "websocket.http.response" not in extensions:
        ends = any(isinstance(event, EndOfMessage) for event in events)
        return [{"type": "websocket.close"}] if ends else []
    messages: list[SendMessage] = []
    for message in http_messages(events, ()):
        if message["type"] == "http.response.start":
            messages.append(
                {
                    "type": "websocket.http.response.start",
                    "status": message["status"],
                    "headers": message.get("headers", ()),
                }
            )
        elif message["type"] == "http.response.body":
            messages.append(
                {
                    "type": "websocket.http.response.body",
                    "body": message["body"],
                    "more_body": message["more_body"],
                }
            )
    return messages


def websocket_message(event: Event) -> SendMessage | None:
    """The message for an event of a WebSocket that is accepted, or is about to be.

    None for ConnectionClosed, which the server sees to. Parts of messages are
    to be put together before. Raises LocalProtocolError for a Ping and a Pong,
    which ASGI has no messages for.
    """
    match event:
        case AcceptWebSocket():
            subprotocol = event.subprotocol
            return {
                "type": "websocket.accept",
                "subprotocol": None if subprotocol is None else subprotocol.decode("ascii"),
                "headers": list(event.headers),
            }
        case TextMessage():
            return {"type": "websocket.send", "text": event.text}
        case BytesMessage():
            return {"type": "websocket.send", "bytes": event.data}
        case CloseWebSocket():
            code = 1000 if event.code is None else event.code
            return {"type": "websocket.close", "code": code, "reason": event.reason}
        case ConnectionClosed():
            return None
        case _:
            raise LocalProtocolError(
                f"a {type(event).__name__} cannot be sent through another ASGI server"
            )
