"""Connections in the situations that most tests begin with, and what brings them there."""

from tremolo_core import (
    Closing,
    Connection,
    EndOfMessage,
    Event,
    Headers,
    InformationalResponse,
    Limits,
    Request,
    Response,
    State,
    Timeouts,
)

from .corpus import GET
from .playing import NO_CONTENT

END = EndOfMessage()
CONTINUE = InformationalResponse(status=100)
HINTS = InformationalResponse(status=103, headers=Headers(((b"link", b"</a>"),)))

LAST_GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
OLD_GET = b"GET / HTTP/1.0\r\n\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
EXPECTING = b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
EXPECTING_CHUNKS = (
    b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def response(*fields: tuple[bytes, bytes], status: int = 200) -> Response:
    return Response(status=status, headers=Headers(fields))


def of_length(size: int) -> Response:
    return response((b"content-length", b"%d" % size))


def connection(
    data: bytes = b"", *, limits: Limits | None = None, timeouts: Timeouts | None = None
) -> Connection:
    made = Connection(limits=limits, timeouts=timeouts)
    if data:
        made.receive_data(data)
    return made


def asked(
    data: bytes = GET, *, limits: Limits | None = None, timeouts: Timeouts | None = None
) -> Connection:
    """A connection on which a request has been read."""
    made = connection(data, limits=limits, timeouts=timeouts)
    assert isinstance(made.next_event(), Request)
    return made


def asked_whole(data: bytes = GET) -> Connection:
    """A connection on which a request has been read to its end."""
    made = asked(data)
    while made.next_event() != END:
        pass
    return made


def answered(data: bytes = GET, *events: Event) -> Connection:
    """A connection on which both messages are complete."""
    made = asked_whole(data)
    made.send(*(events or NO_CONTENT))
    made.data_to_send()
    return made


def ready_again(cycles: int = 1) -> Connection:
    """A connection that waits for its next request."""
    made = connection()
    for _ in range(cycles):
        made.receive_data(GET)
        assert isinstance(made.next_event(), Request)
        assert made.next_event() == END
        made.send(*NO_CONTENT)
        made.data_to_send()
        made.start_next_cycle()
    return made


def sent(made: Connection, *events: Event) -> bytes:
    made.send(*events)
    return made.data_to_send()


def left(made: Connection) -> Connection:
    """The same connection after the peer has left."""
    made.receive_eof()
    return made


# As functions, because what the type checker has seen of a property, it goes on believing.


def closing(made: Connection) -> Closing:
    return made.closing


def begun(made: Connection) -> bool:
    return made.response_started


def pair(made: Connection) -> tuple[State, State]:
    return made.client_state, made.server_state
