"""Who judges what a handler sends through another server: a connection of the core, with no peer.

So what may be sent is the same here and on a connection of ours; the bytes are
thrown away, as the other server makes its own.
"""

from tremolo_core import Connection, Event, Request, State
from tremolo_core.grammar import FIELD_NAME

__all__ = ("GuestJudge",)

_HANDSHAKE = (
    b"upgrade: websocket\r\n"
    b"connection: upgrade\r\n"
    b"sec-websocket-version: 13\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


class GuestJudge:
    """The judge of one exchange."""

    __slots__ = ("_connection",)

    def __init__(self, request: Request) -> None:
        self._connection = connection = Connection()
        # What is asked for does not matter, but for what an answer depends on.
        method = b"HEAD" if request.method == b"HEAD" else b"GET"
        head = method + b" / HTTP/" + request.http_version + b"\r\nhost: a\r\n"
        if request.upgrade is not None:
            head += _HANDSHAKE
            offered = request.headers.get_list(b"sec-websocket-protocol")
            names = dict.fromkeys(name for name in offered if FIELD_NAME.fullmatch(name))
            if names:
                head += b"sec-websocket-protocol: " + b", ".join(names) + b"\r\n"
        connection.receive_data(head + b"\r\n")
        connection.next_event()
        connection.next_event()

    def judge(self, events: tuple[Event, ...]) -> None:
        """Take `events` as sent. Raises LocalProtocolError if any may not be; then none is."""
        self._connection.send(*events)
        self._connection.data_to_send()

    @property
    def response_started(self) -> bool:
        """Whether the final answer has begun."""
        return self._connection.response_started

    @property
    def open_websocket(self) -> bool:
        """Whether a WebSocket was accepted and is not closed by us."""
        return self._connection.server_state is State.OPEN
