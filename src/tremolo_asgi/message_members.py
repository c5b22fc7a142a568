"""What the members of a message must be, whichever message it is: statuses, fields, bytes.

Pure. Each function raises MessageError for what is wrong, with the name of the
message in it. What a message means is known to `http_messages` and
`websocket_messages`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from .errors import MessageError

__all__ = ("Message", "kind_of", "read_body", "read_bytes", "read_fields", "read_status", "sort_of")

Message: TypeAlias = Mapping[str, Any]
"""A message whose members nobody has judged yet."""

_CHUNKED = (b"transfer-encoding", b"chunked")


def kind_of(message: object) -> object:
    """The `type` of a message, which may be anything; None if it has none."""
    # `dict` first, as asking the abstract class takes several times as long.
    if not isinstance(message, (dict, Mapping)):
        raise MessageError(f"a message must be a dict, not {sort_of(message)}")
    return message.get("type")


def read_status(message: Message) -> int:
    """The `status` of a message that begins an answer."""
    status = message.get("status")
    if type(status) is int:
        return status
    if not isinstance(status, int) or isinstance(status, bool):
        raise MessageError(f"'status' of {message['type']!r} must be an int, not {sort_of(status)}")
    return int(status)


def read_fields(message: Message) -> list[tuple[bytes, bytes]]:
    """The `headers` of a message, which it may leave out, with names in lower case.

    `Transfer-Encoding: chunked` is left out, as framing is the server's task in
    ASGI.
    """
    headers = message.get("headers", ())
    if not isinstance(headers, (list, tuple, Iterable)):
        raise MessageError(
            f"'headers' of {message['type']!r} must be iterable, not {sort_of(headers)}"
        )
    fields: list[tuple[bytes, bytes]] = []
    for pair in headers:
        try:
            name, value = pair
        except (TypeError, ValueError):
            raise MessageError(
                f"field {len(fields)} of {message['type']!r} must be a pair"
            ) from None
        if not isinstance(name, bytes) or not isinstance(value, bytes):
            # Named by its place: the field itself may be a secret, and errors are logged.
            raise MessageError(
                f"field {len(fields)} of {message['type']!r} must be a pair of bytes, "
                f"not of {sort_of(name)} and {sort_of(value)}"
            )
        fields.append((name.lower(), value))
    if _CHUNKED in fields:
        fields = [field for field in fields if field != _CHUNKED]
    return fields


def read_body(message: Message) -> tuple[bytes, bool]:
    """The `body` of a message that has a piece of an answer's, and whether more follow."""
    body = message.get("body", b"")
    if not isinstance(body, bytes):
        body = read_bytes(message, "body", body)
    return body, bool(message.get("more_body", False))


def read_bytes(message: Message, member: str, content: object) -> bytes:
    """The `content` of that `member` of a message, as bytes that nobody can change."""
    if not isinstance(content, (bytes, bytearray, memoryview)):
        raise MessageError(
            f"{member!r} of {message['type']!r} must be bytes, not {sort_of(content)}"
        )
    return bytes(content)


def sort_of(thing: object) -> str:
    """What an error calls a value that is of the wrong type."""
    return "None" if thing is None else type(thing).__name__
