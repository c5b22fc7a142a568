"""The answer to a peer that broke the rules, where nobody gives another.

Whether there is still one to be given, the connection knows.
"""

from .errors import RemoteProtocolError
from .events import Data, EndOfMessage, Event, Response
from .headers import Headers

__all__ = ("answer_to", "plain_answer")


_NO_HEADERS = Headers()


def answer_to(error: RemoteProtocolError) -> tuple[Event, ...]:
    """Return the whole answer, which says in a line of plain text what was wrong."""
    return plain_answer(error.status or 400, error.reason, headers=error.headers)


def plain_answer(status: int, text: str, *, headers: Headers = _NO_HEADERS) -> tuple[Event, ...]:
    """Return a whole answer that says its status and `text` in a line of plain text."""
    body = b"%d %s\n" % (status, text.encode("ascii", "replace"))
    fields = (
        *headers,
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
    )
    return Response(status=status, headers=Headers(fields)), Data(data=body), EndOfMessage()
