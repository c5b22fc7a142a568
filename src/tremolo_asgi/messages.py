"""Between HTTP messages of ASGI and events of the core, each by itself, in both directions.

Pure. Which of them is due, and which belong into one write, is decided in
`http`; whether the values make sense in HTTP is decided in the core.
"""

import enum
from collections.abc import Iterable, Mapping
from typing import Any, assert_never

from tremolo_core import ConnectionClosed, Data, EndOfMessage, Event, Headers, Response

from .errors import MessageError
from .types import HTTPDisconnectMessage, HTTPReceiveMessage, HTTPRequestMessage

__all__ = (
    "Progress",
    "disconnect",
    "expected",
    "message_of",
    "read_body",
    "read_start",
    "rest_of_answer",
    "whole_answer",
)


class Progress(enum.Enum):
    """How far the application's answer has come. The value completes an error's sentence."""

    NOTHING = "before http.response.start"
    HEAD = "after http.response.start"
    BODY = "within the response's body"
    COMPLETE = "after the complete response"


def message_of(event: Event) -> HTTPReceiveMessage:
    """What `receive()` returns for an event of the request's body."""
    match event:
        case Data():
            return _piece(event.data, more=True)
        case EndOfMessage():
            return _piece(b"", more=False)
        case ConnectionClosed():
            return disconnect()
        case _:
            # The contract of an exchange: it gives out nothing else of an HTTP request.
            raise AssertionError(f"{type(event).__name__} is no part of a request's body")


def disconnect() -> HTTPDisconnectMessage:
    """A fresh `http.disconnect`, as applications may change what they are given."""
    return {"type": "http.disconnect"}


def expected(message: object, progress: Progress) -> Mapping[str, Any]:
    """Return `message` if its type is due at this point; else raise MessageError."""
    # `dict` first, as asking the abstract class takes several times as long.
    if not isinstance(message, (dict, Mapping)):
        raise MessageError(f"a message must be a dict, not {_kind(message)}")
    kind = message.get("type")
    match progress:
        case Progress.NOTHING:
            due = "http.response.start"
        case Progress.HEAD | Progress.BODY:
            due = "http.response.body"
        case Progress.COMPLETE:
            raise MessageError(f"{kind!r} was sent {progress.value}: nothing may follow")
        case _:
            assert_never(progress)
    if kind != due:
        raise MessageError(f"{kind!r} was sent {progress.value}, where {due!r} is due")
    return message


def read_start(message: Mapping[str, Any]) -> Response:
    """The event for an `http.response.start`.

    Names are put in lower case. `Transfer-Encoding: chunked` is left out, as
    framing is the server's task in ASGI. Raises MessageError.
    """
    status = message.get("status")
    if not isinstance(status, int) or isinstance(status, bool):
        raise MessageError(f"'status' of 'http.response.start' must be an int, not {_kind(status)}")
    headers = message.get("headers", ())
    if not isinstance(headers, Iterable):
        raise MessageError(
            f"'headers' of 'http.response.start' must be iterable, not {_kind(headers)}"
        )
    fields = []
    for index, pair in enumerate(headers):
        field = _field(index, pair)
        if field != _CHUNKED:
            fields.append(field)
    return Response(status=int(status), headers=Headers(fields))


def read_body(message: Mapping[str, Any]) -> tuple[bytes, bool]:
    """The bytes of an `http.response.body`, and whether more follow. Raises MessageError."""
    body = message.get("body", b"")
    if not isinstance(body, bytes | bytearray | memoryview):
        raise MessageError(f"'body' of 'http.response.body' must be bytes, not {_kind(body)}")
    return bytes(body), bool(message.get("more_body", False))


def whole_answer(head: Response, body: bytes, *, method: bytes) -> tuple[Event, ...]:
    """The events of an answer whose body came in one piece: its length is known, so it is said."""
    return (_measured(head, body, method), *rest_of_answer(body, more=False))


def rest_of_answer(body: bytes, *, more: bool) -> tuple[Event, ...]:
    """The events of a piece of a body; none for an empty one that is not the last."""
    if not body:
        return () if more else (EndOfMessage(),)
    return (Data(data=body),) if more else (Data(data=body), EndOfMessage())


_CHUNKED = (b"transfer-encoding", b"chunked")


def _measured(head: Response, body: bytes, method: bytes) -> Response:
    # 204 may not have a length and 304 repeats that of another answer, as HEAD
    # does, for which applications often leave the body out (RFC 9110 8.6).
    if head.status in (204, 304) or (method == b"HEAD" and not body):
        return head
    if head.headers.get(b"content-length") is not None:
        return head
    length = (b"content-length", b"%d" % len(body))
    return Response(status=head.status, headers=Headers((*head.headers, length)))


def _piece(body: bytes, *, more: bool) -> HTTPRequestMessage:
    return {"type": "http.request", "body": body, "more_body": more}


def _field(index: int, pair: Any) -> tuple[bytes, bytes]:
    # Named by its place: the field itself may be a secret, and errors are logged.
    try:
        name, value = pair
    except (TypeError, ValueError):
        raise MessageError(f"field {index} of 'http.response.start' must be a pair") from None
    if not isinstance(name, bytes) or not isinstance(value, bytes):
        raise MessageError(
            f"field {index} of 'http.response.start' must be a pair of bytes, "
            f"not of {_kind(name)} and {_kind(value)}"
        )
    return name.lower(), value


def _kind(thing: object) -> str:
    return "None" if thing is None else type(thing).__name__
