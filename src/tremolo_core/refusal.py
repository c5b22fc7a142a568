"""The answer to a peer that broke the rules, where nobody gives another.

Whether there is still one to be given, the connection knows.
"""

from .errors import RemoteProtocolError
from .events import Data, EndOfMessage, Event, Response
from .headers import Headers

__all__ = ("answer_to",)


def answer_to(error: RemoteProtocolError) -> tuple[Event, ...]:
    """Return the whole answer, which says in a line of plain text what was wrong."""
    status = error.status or 400
    body = b"%d %s\n" % (status, error.reason.encode("ascii", "replace"))
    headers = (
        *error.headers,
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
    )
    return Response(status=status, headers=Headers(headers)), Data(data=body), EndOfMessage()
