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

_START: Final = "http.response.start"
"""The message that whoever asks for the last head is due to be sent; a WebSocket has another."""


class LastHead:
    """The last head that may be kept.

    It is that of any message that equals this one and has the very `status`: what
    equals what was right is right, but True is no status, though it equals 1.
    """

    __slots__ = ("kept",)

    def __init__(self) -> None:
        self.kept: tuple[Message | None, object, Response] = (None, None, Response(status=0))
        """The message that it was read from, copied down to what cannot change, or None before
        any; its status; the head. To be read at once, as other threads have event loops, too."""


last: Final = LastHead()


def read_head(message: Message) -> Response:
    """The head that `status` and `headers` of a message say. Raises MessageError."""
    headers = Headers(read_fields(message))
    head = _response(read_status(message), headers)
    given = message.get("headers")
    of_http = message["type"] == _START
    if of_http and type(given) is list and SECRET.isdisjoint([name for name, _ in headers]):
        fields = [tuple(pair) for pair in given]
        status = message["status"]
        last.kept = {"type": _START, "status": status, "headers": fields}, status, head
    return head
