"""What can be asked of a connection at any moment. Nothing here changes it.

What the peer and we do to it is in `connection`.
"""

from .closing import Closing, closing_of
from .deadlines import Deadlines
from .errors import RemoteProtocolError
from .incoming import Incoming
from .limits import Limits, Timeouts
from .outbox import Outbox
from .outgoing import UNASKED, Outgoing
from .standing import IDLE, Standing
from .states import State

__all__ = ("ConnectionStatus",)


class ConnectionStatus:
    """The parts of a connection, and what they say together."""

    __slots__ = (
        "_answer",
        "_cycle",
        "_deadlines",
        "_error",
        "_incoming",
        "_out",
        "_outgoing",
        "_refusal",
        "_standing",
        "_streaming",
        "_wanted",
    )

    def __init__(self, limits: Limits, timeouts: Timeouts, *, fast_path: bool) -> None:
        self._incoming = Incoming(limits, fast_path=fast_path)
        self._outgoing = UNASKED
        """What becomes of the current request's answer."""
        self._answer = Outgoing()
        self._deadlines = Deadlines(timeouts)
        self._standing = IDLE
        self._streaming: Standing | None = None
        """Where `Data` by itself is a chunk, and nothing but that: where the last one was sent."""
        self._out = Outbox()
        self._error: RemoteProtocolError | None = None
        self._refusal: RemoteProtocolError | None = None
        self._wanted = False
        """Whether the last thing that happened is that `next_event` needed data."""
        self._cycle = 0

    @property
    def buffered(self) -> int:
        """Bytes that were received and that no event has told of yet."""
        return self._incoming.buffered

    @property
    def unread_body(self) -> int | None:
        """Bytes of the current request's body that no event has told of; None if unknown."""
        return self._incoming.unread if self._standing.client is State.SEND_BODY else 0

    @property
    def left_without_close(self) -> bool:
        """Whether the peer of a WebSocket is gone and has said no Close (RFC 6455 7.1.4)."""
        return self._standing.client is State.OPEN and self._incoming.broke_off

    @property
    def they_await_continue(self) -> bool:
        """Whether the client waits for `100 Continue` before it sends the body.

        No longer once it has been sent that or the final answer, or has begun
        with the body (RFC 9110 10.1.1).
        """
        return (
            self._incoming.withheld
            and self._standing.server is State.SEND_RESPONSE
            and not self._incoming.buffered
            and not self._incoming.eof
            and self._error is None
        )

    @property
    def crowded(self) -> bool:
        """Whether what came last was so many small frames that less is to be read at a time."""
        frames = self._incoming.frames
        return frames is not None and frames.crowded

    @property
    def missing(self) -> int:
        """Bytes that are still to come of a message of a WebSocket that is held until it is whole.

        Nothing but its payload is among the next so many bytes.
        """
        frames = self._incoming.frames
        return 0 if frames is None else frames.missing

    @property
    def sends_chunks(self) -> bool:
        """Whether the body of the answer that has begun goes in chunks."""
        return self._outgoing.is_chunked

    @property
    def has_data_to_send(self) -> bool:
        """Whether `data_to_send` would hand over anything."""
        return bool(self._out) or self._refusal is not None or self._incoming.owes_frames

    @property
    def refusal(self) -> RemoteProtocolError | None:
        """The error that the next `data_to_send` answers, unless a Response is sent; or None."""
        return self._refusal

    @property
    def response_started(self) -> bool:
        """Whether this exchange's final answer has begun, or can never begin."""
        return self._standing.answering

    @property
    def closing(self) -> Closing:
        """Whether the connection is to be ended, and how."""
        if self._error is not None and self._error.is_silent:
            return Closing.NOW
        if self._refusal is not None:
            return Closing.NO
        return closing_of(
            self._standing.client,
            self._standing.server,
            eof=self._incoming.eof,
            went_on=self._incoming.went_on,
            expects_it=self._incoming.said_last or not self._outgoing.begun,
        )

    @property
    def client_state(self) -> State:
        """What the client does next."""
        return self._standing.client

    @property
    def server_state(self) -> State:
        """What we do next."""
        return self._standing.server
