"""The seam between the connection and what turns bytes into events and back.

One engine reads and writes one cycle, from its head to its end. It is given
only bytes that the `gate` has passed and events that `states` and `outgoing`
have found right, so it never has a reason to complain. Once a WebSocket is
accepted, a second one reads and writes its frames, of which the `frame_gate`
and `outgoing_frames` have said the same.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from .answer_head import AnswerHead
from .events import (
    BytesMessage,
    CloseWebSocket,
    Data,
    EndOfMessage,
    FrameEvent,
    InformationalResponse,
    Ping,
    Pong,
    Request,
    TextMessage,
)
from .gate import Passed
from .head import Head

__all__ = ("Engine", "FrameEngine", "IncomingFrame", "OutgoingEvent")

OutgoingEvent = InformationalResponse | AnswerHead | Data | EndOfMessage
IncomingFrame = TextMessage | BytesMessage | Ping | Pong


class Engine(Protocol):
    """Reads one request and writes its answers."""

    def read_head(self, head: Head) -> Request:
        """Return what the head of the cycle says."""

    def read_body(self, raw: bytes, passed: Passed) -> Data | EndOfMessage | None:
        """Return what the next bytes say that the gate has passed; None for mere framing."""

    def write(self, events: Iterable[OutgoingEvent], out: list[bytes]) -> None:
        """Put the bytes that say `events` behind those in `out`."""

    def whole(self, head: AnswerHead, pieces: Sequence[bytes]) -> bytes:
        """Return the bytes that `write` would make of a whole answer.

        That is the head, the pieces of the body, of at least one byte each, and the end.
        """

    def piece(self, data: bytes) -> Sequence[bytes]:
        """Return the parts that `write` would put there for Data of at least one byte.

        One of them is `data` itself, so that nobody has to copy it.
        """

    def send_elsewhere(self, count: int) -> None:
        """Note that `count` bytes of a body that is not chunked are written elsewhere."""


class FrameEngine(Protocol):
    """Reads and writes the frames of one WebSocket."""

    def read(self, raw: bytes) -> IncomingFrame | None:
        """Return what the next raw bytes say: those of a frame, or of a part of one, but no Close.

        None if that is nothing yet. A message comes in parts, any of which may be empty. Raises
        RemoteProtocolError for what only shows in the payload: text that is not
        UTF-8 (1007), compressed data that is none (1007) or expands beyond the
        limit (1009).
        """

    def read_close(self, raw: bytes) -> CloseWebSocket:
        """Return what a Close says, behind which nothing is to be received.

        Raises RemoteProtocolError if its reason is not UTF-8 (1007).
        """

    def send(self, event: FrameEvent) -> bytes:
        """Return the bytes that say `event`."""

    def release(self) -> None:
        """Let go of all it holds, as nothing more will be read or written."""
