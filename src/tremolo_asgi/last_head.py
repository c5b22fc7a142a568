"""Reads the head of an answer from its message; keeps the last one, as most begin alike.

What may stand in the message is known to `message_members`, what may stand in a
head, to the core.
"""

from tremolo_core import Headers, Response
from tremolo_core._values import maker
from tremolo_core.plain_heads import SECRET

from .message_members import Message, read_fields, read_status

__all__ = ("read_head",)

_response = maker(Response)


class _Last:
    """The last head that may be kept."""

    __slots__ = ("kept",)

    def __init__(self) -> None:
        self.kept: tuple[list[tuple[bytes, ...]], Response] = ([], Response(status=0))
        """The message's fields, copied down to what cannot change, and the head."""


_last = _Last()


def read_head(message: Message) -> Response:
    """The head that `status` and `headers` of a message say. Raises MessageError."""
    status, given = message.get("status"), message.get("headers")
    if type(status) is int and type(given) is list:
        fields, response = _last.kept
        # What is equal to what was right is right.
        if given == fields and status == response.status:
            return response
    headers = Headers(read_fields(message))
    response = _response(read_status(message), headers)
    if type(given) is list and SECRET.isdisjoint([name for name, _ in headers]):
        _last.kept = [tuple(pair) for pair in given], response
    return response
