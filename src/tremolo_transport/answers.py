"""Sends what a connection answers: stamped, and told to be the last where it is.

Whether an answer may be sent is judged by the core, how it is written by `link`.
"""

import functools
import logging
from collections.abc import Sequence
from typing import BinaryIO, Final

from tremolo_core import (
    AcceptWebSocket,
    BytesMessage,
    CloseWebSocket,
    Closing,
    Event,
    RemoteProtocolError,
    Request,
    Response,
    State,
    TextMessage,
    answer_to,
    plain_answer,
)

from .access_log import Outcome
from .errors import ClientDisconnected
from .file_section import file_section
from .file_sending import duplicate_socket, send_section
from .link import Link
from .native_stream import BYTES_PER_TURN, NativeStream
from .peer import Peer
from .send_queues import let_grow
from .surroundings import Surroundings

__all__ = ("MOST_AT_ONCE", "Answers")

logger = logging.getLogger("tremolo.server")

# Until Python 3.12 it takes 0.1 µs to look a member up in its enum.
_NO: Final = Closing.NO
_OPEN: Final = State.OPEN

MOST_AT_ONCE = 32_768
"""Bytes of a body that are written without looking whether the peer reads: half of what a stream
lets wait."""

_LARGEST_PIECE = 65_536
"""Bytes of a piece that are given to a stream which takes more: as much again may wait then."""

_LARGEST_MESSAGE = BYTES_PER_TURN
"""Bytes of a message of which the same is true, as it is there as a whole, whoever writes it."""

_REMARKABLE = frozenset((Response, AcceptWebSocket, CloseWebSocket))
"""What does not go to the core as it is, or is to be remembered."""

_UNLOGGED: Final = Outcome()
"""That of all requests where none is logged."""


class Answers:
    """The answers on one connection."""

    __slots__ = (
        "_closed_by_handler",
        "_peer",
        "_refused",
        "around",
        "last",
        "link",
        "outcome",
    )

    def __init__(self, link: Link, peer: Peer, around: Surroundings) -> None:
        self.link = link
        self._peer = peer
        self.around = around
        self.last = False
        """Whether the next answer is the last on the connection."""
        self.outcome = Outcome() if around.settings.access_log else _UNLOGGED
        """That of the request in flight, for the access log."""
        self._refused = False
        """Whether the server itself has answered a peer that broke the rules."""
        self._closed_by_handler = False
        """Whether a WebSocket was closed by the handler, who then knows of it."""

    def expect(self, request: Request, peer: Peer) -> None:
        """What is sent from now on answers `request`."""
        self.outcome.begin(request, peer, sent=self.link.sent)

    def log(self) -> None:
        """Nothing more is sent for the request: log what has become of it, unless that is done."""
        self.outcome.end(sent=self.link.sent)

    async def send(self, *events: Event) -> None:
        """Send `events` in one write. Raises as `Exchange.send` does while that is not over."""
        self.queue(events)
        await self.link.flush()

    def send_chunks(self, response: Response, pieces: Sequence[bytes]) -> bool:
        """As `Exchange.send_chunks`."""
        stream = self._stream_at_once(sum(map(len, pieces)))
        if stream is None:
            return False
        link = self.link
        data = link.connection.send_chunks(self._stamped_head(response), pieces)
        if data is None:
            return False
        link.write_at_once(stream, data)
        return True

    def send_piece(self, data: bytes) -> bool:
        """As `Exchange.send_piece`."""
        link = self.link
        stream = link.quick
        # As in `_stream_at_once`, without a call for it.
        if (
            stream is None
            or not stream.takes_at_once
            or stream.turn_is_over
            or link.writing
            or len(data) > _LARGEST_PIECE
            or link.pace.download is not None
            or self._refused
        ):
            return False
        parts = link.connection.send_piece(data)
        if parts is None:
            return False
        link.write_parts_at_once(stream, parts)
        return True

    def send_message(self, message: TextMessage | BytesMessage) -> bool:
        """As `Exchange.send_message`."""
        size = len(message.data if isinstance(message, BytesMessage) else message.text)
        stream = self._stream_at_once(size, _LARGEST_MESSAGE)
        if stream is None or stream.turn_is_over or self._refused:
            return False
        link = self.link
        if size > MOST_AT_ONCE:
            parts = link.connection.send_large_message(message)
            if parts is None:
                return False
            link.write_parts_at_once(stream, parts)
            return True
        data = link.connection.send_message(message)
        if data is None:
            return False
        link.write_at_once(stream, data)
        return True

    def queue(self, events: Sequence[Event]) -> None:
        """Have the core take `events`, to be written by the next `Link.flush`.

        Raises as `Exchange.send` does while that is not over.
        """
        link = self.link
        if link.broken or self._refused:
            self._refuse_if_gone()
        if link.framed:
            self._check_open()
        elif events and type(events[0]) is Response:
            # Whatever else is remarkable may not come behind it, as the core will say.
            link.connection.send(self._stamped_head(events[0]), *events[1:])
            return
        kinds = _REMARKABLE.intersection(map(type, events))
        if not kinds:
            link.connection.send(*events)
            return
        link.connection.send(*map(self._stamped, events))
        self._closed_by_handler |= CloseWebSocket in kinds
        if AcceptWebSocket in kinds:
            link.framed = True
            let_grow(link.stream)
            if self.around.shutdown.draining:
                self.close_websocket(self.around.shutdown.close_code)

    async def send_by_kernel(self, file: BinaryIO, offset: int, count: int | None) -> bool:
        """Have the kernel send a section of `file`, as `Exchange.send_file` says.

        False, and nothing is done, if that is to be done by reading it.
        """
        link = self.link
        connection = link.connection
        if connection.sends_chunks or not connection.response_started:
            return False
        self._refuse_if_gone()
        section = file_section(file, offset, count)
        if section is None:
            return False
        with duplicate_socket(link.stream) as duplicate:
            if duplicate is None:
                return False
            await link.write_past(
                section.count,
                functools.partial(
                    send_section,
                    section,
                    over=duplicate,
                    stream=link.stream,
                    on_sent=link.note_progress,
                    allowance=link.allowance,
                ),
            )
        return True

    def send_soon(self, *events: Event) -> None:
        """Send `events` without waiting: a task of the server writes, whoever is cancelled here."""
        self.queue(events)
        self.around.start(self.link.flush_unasked)

    def write_queued(self) -> None:
        """Have what the core took written by a task of the server, unless somebody writes it."""
        link = self.link
        if link.connection.has_data_to_send and not (link.writing or link.broken):
            self.around.start(link.flush_unasked)

    async def send_plain(self, status: int, text: str) -> None:
        """Send a whole answer of one line of text; one that nobody is there to read is dropped."""
        try:
            await self.send(*plain_answer(status, text))
        except ClientDisconnected:
            logger.debug("connection lost before an answer of %d", status)

    def refuse(self, error: RemoteProtocolError) -> None:
        """Answer a peer that broke the rules, unless that is done or cannot be done; log it.

        Does not wait, so that whoever was told of the error can be told at once.
        """
        if error.close_code is not None:
            if not self._refused:
                self._refused = True
                self.around.refusals.note(error, self._peer)
            self.attend_to_frames()
        elif error.status is None:
            self.link.break_off()
        elif self.link.connection.refusal is error:
            self.around.refusals.note(error, self._peer)
            self.send_soon(*answer_to(error))
            self._refused = True

    # WebSockets.

    def attend_to_frames(self) -> None:
        """Have what the core owes to the peer of a WebSocket written, and notice its end.

        Does not wait: the task that asks and is cancelled would take a part of a frame with it.
        To be called whenever bytes were read, or time has passed.
        """
        link = self.link
        connection = link.connection
        if not link.framed or link.broken:
            return
        # A writer takes along what is owed. Of a peer that does not read, only the last Pong
        # waits in the core, so what it asks for needs no memory.
        if connection.has_data_to_send and not link.writing:
            self.around.start(link.flush_unasked)
        if connection.closing is not _NO and not link.hung_up:
            link.note_hang_up()

    def close_websocket(self, code: int) -> None:
        """Close a WebSocket that is open, soon; nothing happens to any other connection."""
        link = self.link
        if link.framed and not link.broken and link.connection.server_state is _OPEN:
            link.connection.send(CloseWebSocket(code=code))
            self.outcome.close_code = code
            self.attend_to_frames()

    # How it works.

    def _stream_at_once(self, size: int, most: int = MOST_AT_ONCE) -> NativeStream | None:
        """The stream, if a body of `size`, the `most` or less, can be written without a wait."""
        link = self.link
        stream = link.quick
        if (
            stream is None
            or not stream.takes_at_once
            or link.writing
            or size > most
            or link.pace.download is not None
        ):
            return None
        return stream

    def _refuse_if_gone(self) -> None:
        if self.link.broken:
            raise ClientDisconnected("the client has left")
        if self._refused:
            raise ClientDisconnected("the client's request was refused meanwhile")

    def _check_open(self) -> None:
        if self.link.connection.server_state is not _OPEN and not self._closed_by_handler:
            raise ClientDisconnected("the WebSocket was closed meanwhile")

    def _stamped(self, event: Event) -> Event:
        match event:
            case Response():
                return self._stamped_head(event)
            case CloseWebSocket():
                self.outcome.close_code = event.code
                return event
            case AcceptWebSocket():
                self.outcome.status = 101
                return self.around.stamp.complete_acceptance(event)
            case _:
                return event

    def _stamped_head(self, head: Response) -> Response:
        around = self.around
        self.outcome.status = head.status
        return around.stamp.complete(head, last=self.last or around.shutdown.begun)
