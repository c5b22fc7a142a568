"""Between HTTP messages of ASGI and events of the core, each by itself, in both directions.

Pure. When a message is sent on, and which of them go into one write, is decided
in `http`; whether the values make sense in HTTP is decided in the core.
"""

import enum
from collections.abc import Collection
from os.path import isabs
from typing import Any, BinaryIO, Final

from tremolo_core import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    Headers,
    InformationalResponse,
    Response,
    value,
)
from tremolo_core._values import maker

from .errors import MessageError
from .message_members import Message, read_bytes, read_fields, sort_of
from .message_types import HTTPDisconnectMessage, HTTPReceiveMessage

__all__ = (
    "FilePart",
    "Progress",
    "announces_trailers",
    "declared_length",
    "disconnect",
    "measured",
    "must_be_due",
    "next_events",
    "read_file_part",
    "read_links",
    "read_path",
    "read_trailers",
    "received",
)


class Progress(enum.Enum):
    """How far the application's answer has come. The value completes an error's sentence."""

    NOTHING = "before http.response.start"
    HEAD = "after http.response.start"
    BODY = "within the response's body"
    TRAILERS = "after the response's body"
    COMPLETE = "after the complete response"


_DUE: dict[Progress, tuple[str, ...]] = {
    Progress.NOTHING: ("http.response.start", "http.response.early_hint"),
    Progress.HEAD: (
        "http.response.body",
        "http.response.pathsend",
        "http.response.zerocopysend",
    ),
    Progress.BODY: ("http.response.body", "http.response.zerocopysend"),
    Progress.TRAILERS: ("http.response.trailers",),
    Progress.COMPLETE: (),
}
"""What may be sent when; of extensions, only those that were offered."""

_PLAIN = ("http.response.start", "http.response.body")

# What nearly every answer is made of.
_response = maker(Response)
_data = maker(Data)
_END: Final = EndOfMessage()


@value
class FilePart:
    """What an `http.response.zerocopysend` wants sent."""

    file: BinaryIO | int
    """A file, or its descriptor."""
    offset: int | None
    """None for where the file stands."""
    count: int | None
    """None for up to its end."""
    more: bool


def received(event: Event) -> HTTPReceiveMessage:
    """What `receive()` returns for an event of the request's body that does not end with it."""
    match event:
        case Data():
            return {"type": "http.request", "body": event.data, "more_body": True}
        case EndOfMessage():
            return {"type": "http.request", "body": b"", "more_body": False}
        case ConnectionClosed():
            return disconnect()
        case _:
            # The contract of an exchange: it gives out nothing else of an HTTP request.
            raise AssertionError(f"{type(event).__name__} is no part of a request's body")


def disconnect() -> HTTPDisconnectMessage:
    """A fresh `http.disconnect`, as applications may change what they are given."""
    return {"type": "http.disconnect"}


def must_be_due(kind: object, progress: Progress, offered: Collection[str]) -> None:
    """Raise MessageError if a message of this kind is not due, or is of no `offered` extension."""
    due = [one for one in _DUE[progress] if one in _PLAIN or one in offered]
    if kind in due:
        return
    if kind in _DUE[progress]:
        raise MessageError(f"{kind!r} was sent, which this scope's extensions do not offer")
    if not due:
        raise MessageError(f"{kind!r} was sent {progress.value}: nothing may follow")
    names = " or ".join(map(repr, due))
    raise MessageError(f"{kind!r} was sent {progress.value}, where {names} is due")


def announces_trailers(message: Message, offered: Collection[str]) -> bool:
    """Whether an `http.response.start` says that trailers follow. MessageError if they may not."""
    announced = bool(message["trailers"])
    if announced and "http.response.trailers" not in offered:
        raise MessageError("'trailers' were announced, which this scope's extensions do not offer")
    return announced


def measured(head: Response, size: int, *, method: bytes) -> Response:
    """The head of an answer whose whole body is known: its length is said, if it was not yet."""
    for name, _ in head.headers:
        if name == b"content-length":
            return head
    # 204 may not have a length and 304 repeats that of another answer, as HEAD
    # does, for which applications often leave the body out (RFC 9110 8.6).
    if head.status in (204, 304) or (method == b"HEAD" and not size):
        return head
    length = (b"content-length", b"%d" % size)
    return _response(head.status, Headers((*head.headers, length)))


def declared_length(head: Response) -> int | None:
    """What Content-Length says; None if that is nothing, or nothing that can be read."""
    said = head.headers.get_all(b"content-length")
    return int(said[0]) if len(said) == 1 and said[0].isdigit() else None


def next_events(
    head: Response | None, body: bytes, *, more: bool, method: bytes
) -> tuple[Event, ...]:
    """The events of a piece of the body, with the head if it is the first; there may be none."""
    if head is None:
        if not body:
            return () if more else (_END,)
        return (_data(body),) if more else (_data(body), _END)
    if more:
        return (head, _data(body)) if body else (head,)
    head = measured(head, len(body), method=method)
    return (head, _data(body), _END) if body else (head, _END)


def read_trailers(message: Message) -> tuple[Headers, bool]:
    """The fields of an `http.response.trailers`, and whether more follow. Raises MessageError."""
    return Headers(read_fields(message)), bool(message.get("more_trailers", False))


def read_links(message: Message) -> InformationalResponse:
    """The event for an `http.response.early_hint` (RFC 8297). Raises MessageError."""
    links = message.get("links", ())
    if not isinstance(links, (list, tuple)):
        raise MessageError(f"'links' of {message['type']!r} must be a list, not {sort_of(links)}")
    fields = [(b"link", read_bytes(message, "links", link)) for link in links]
    return InformationalResponse(status=103, headers=Headers(fields))


def read_path(message: Message) -> str:
    """The path of an `http.response.pathsend`. Raises MessageError."""
    path = message.get("path")
    if not isinstance(path, str):
        raise MessageError(f"'path' of {message['type']!r} must be a str, not {sort_of(path)}")
    if not isabs(path):
        raise MessageError(f"'path' of {message['type']!r} must be absolute")
    return path


def read_file_part(message: Message) -> FilePart:
    """What an `http.response.zerocopysend` says. Raises MessageError."""
    file: Any = message.get("file")
    if isinstance(file, bool) or not (isinstance(file, int) or hasattr(file, "fileno")):
        raise MessageError(
            f"'file' of {message['type']!r} must be an open file, not {sort_of(file)}"
        )
    return FilePart(
        file=file,
        offset=_count(message, "offset"),
        count=_count(message, "count"),
        more=bool(message.get("more_body", False)),
    )


def _count(message: Message, member: str) -> int | None:
    number = message.get(member)
    if number is None:
        return None
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise MessageError(
            f"{member!r} of {message['type']!r} must be a number of bytes, not {number!r}"
        )
    return number
