"""What can be sent in one step, past the events and the outbox: what most answers are.

All else, and whatever may not be sent, is left to `Connection.send`.
"""

from collections.abc import Sequence
from typing import Final

from .answer_head import LAST, AnswerHead, Framing, answer_head
from .connection_status import ConnectionStatus
from .events import BytesMessage, Data, EndOfMessage, Event, Response, TextMessage
from .plain_answers import judge_piece

__all__ = ("SendsAtOnce",)

# Until Python 3.12 it takes 0.1 µs to look a member up in its enum.
_CHUNKED: Final = Framing.CHUNKED

_MOST_JOINED = 32_768
"""Bytes of a body that are copied to stand behind their head; a larger one is not copied."""


class SendsAtOnce(ConnectionStatus):
    """A connection's short ways from a whole answer, or a whole message, to its bytes."""

    __slots__ = ()

    def send_whole(self, response: Response, body: bytes) -> bytes | None:
        """Send a whole answer, and hand over its bytes: the short way for most there are.

        As `send` of the response, of Data with the body, and of EndOfMessage, with
        `data_to_send` behind it, which returns the same bytes. None, and nothing
        is done, where that is not so simple; `send` will do it then.

        Raises LocalProtocolError for a response that may not be sent; then
        everything is as before.
        """
        incoming, outgoing = self._incoming, self._outgoing
        answered = self._standing.answered
        if answered is None or not outgoing.is_plain or incoming.withheld or self._out:
            return None
        last, head = LAST.pair
        if response is not last or head is None or not outgoing.keep_alive:
            head = self._head_of(response)
        if not body or head.length != len(body):
            return None
        outgoing.begun = True
        outgoing.keep_alive = keep_alive = head.keep_alive
        self._standing = answered[keep_alive]
        if incoming.engine is incoming.fast:
            # As it would.
            return head.raw + body
        return incoming.engine.whole(head, (body,))

    def _send_three(self, response: Event, data: Event, end: Event) -> bool:
        """Have a whole answer that is sent as events written as one part, if it can be."""
        if (
            type(response) is not Response
            or type(data) is not Data
            or type(end) is not EndOfMessage
            or end.trailers
            or len(data.data) > _MOST_JOINED
        ):
            return False
        whole = self.send_whole(response, data.data)
        if whole is None:
            return False
        self._out.append(whole)
        return True

    def send_chunks(self, response: Response, pieces: Sequence[bytes]) -> bytes | None:
        """As `send_whole`, for a body of no declared length in `pieces`, none of them empty."""
        incoming, outgoing = self._incoming, self._outgoing
        answered = self._standing.answered
        # As in `send_whole`, which has no call for it, as nearly every answer goes that way.
        if answered is None or not outgoing.is_plain or incoming.withheld or self._out:
            return None
        head = self._head_of(response) if pieces else None
        if head is None or head.framing is not _CHUNKED:
            return None
        outgoing.framing = _CHUNKED
        outgoing.begun = True
        outgoing.keep_alive = keep_alive = head.keep_alive
        self._standing = answered[keep_alive]
        return incoming.engine.whole(head, pieces)

    def _head_of(self, response: Response) -> AnswerHead:
        """What is to be written of it, in answer to a request of HTTP/1.1."""
        outgoing = self._outgoing
        return answer_head(
            response, b"1.1", keep_alive=outgoing.keep_alive, their_last=outgoing.their_last
        )

    def send_piece(self, data: bytes) -> Sequence[bytes] | None:
        """Send a piece of a body, and hand over the parts to write one behind the other.

        As `send` of Data with `data_to_send` behind it, which would join them:
        `data` itself is one, and is not copied. None, and nothing is done, where
        that is not so simple, or it may not be sent; `send` will do it then, or raise.
        """
        if self._out or not data:
            return None
        standing = self._standing
        if standing is not self._streaming and not judge_piece(len(data), standing, self._outgoing):
            return None
        return self._incoming.engine.piece(data)

    def send_message(self, message: TextMessage | BytesMessage) -> bytes | None:
        """Send a whole message, and hand over its bytes: the short way for most there are.

        As `send` of it with `data_to_send` behind it, which returns the same
        bytes. None, and nothing is done, where that is not so simple, or the
        message may not be sent; `send` will do it then, or raise.
        """
        frames = self._incoming.frames
        if frames is None or frames.owes or self._out or not self._standing.sends_messages:
            return None
        return frames.write_whole(message)

    def send_large_message(self, message: TextMessage | BytesMessage) -> Sequence[bytes] | None:
        """As `send_message`, but hand over parts to write one behind the other.

        The payload is one of them if it has more than 64 KiB, and is not copied.
        """
        frames = self._incoming.frames
        if frames is None or frames.owes or self._out or not self._standing.sends_messages:
            return None
        parts: list[bytes] = []
        return parts if frames.write_onto(parts, message) else None
