"""Reads the head of an answer from its message; keeps the last one, as most begin alike.

What may stand in the message is known to `message_members`, what may stand in a
head, to the core.
"""

from typing import Final

from tremolo_core import Headers, Response
from tremolo_core._values import maker
from tremolo_core.plain_heads import SECRET

from .message_members import Message, read_fields, read_status

__all__ = ("LastHead", "last", "read_head")

_response = maker(Response)


class LastHead:
    """The last head that may be kept.

    It is that of any message that equals this one and has the very `status`: what
    equals what was right is right, but True is no status, though it equals 1.
    """

    __slots__ = ("head", "message", "status")

    def __init__(self) -> None:
        self.message: Message | None = None
        """What it was read from, copied down to what cannot change; None before any."""
        self.status: object = None
        self.head = Response(status=0)


last: Final = LastHead()


def read_head(message: Message) -> Response:
    """The head that `status` and `headers` of a message say. Raises MessageError."""
    headers = Headers(read_fields(message))
    head = _response(read_status(message), headers)
    given = message.get("headers")
    if type(given) is list and SECRET.isdisjoint([name for name, _ in headers]):
        fields = [tuple(pair) for pair in given]
        last.status = status = message["status"]
        last.message = {"type": message["type"], "status": status, "headers": fields}
        last.head = head
    return head
