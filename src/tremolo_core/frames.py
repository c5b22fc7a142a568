"""A WebSocket's frames: what of the peer's is told and when, and what it is owed for them.

`frame_gate` says which bytes are proper frames, an engine what they say, and
`outgoing_frames` what may be sent. What follows from a Close or an error for
the connection is decided by the connection, with the tables in `states`.
"""

from collections import deque

from .deadlines import Wait
from .engine import FrameEngine, IncomingFrame
from .errors import RemoteProtocolError
from .events import (
    BytesMessage,
    CloseWebSocket,
    Event,
    FrameEvent,
    Ping,
    Pong,
    TextMessage,
)
from .fast_frames import read_message, read_only_message, write_in_two, write_message
from .fast_parts import MessageInPieces, in_pieces
from .frame_gate import FrameGate, is_bytes_in_one_frame
from .limits import Limits
from .masking import fastest
from .message_assembly import MessageAssembly
from .outgoing_frames import is_whole_message
from .websocket_handshake import Agreement

__all__ = ("Frames",)

_COST_OF_EVENT = 128
"""Bytes that an event takes beside its payload."""

_SMALL = 128
"""Bytes of a frame, with its header, that cost less than the frame itself does."""

_CROWD = 64
"""Small frames at once that are no accident; an engine takes a millisecond to read them."""


class Frames:
    """The frames of one WebSocket, in both directions.

    Frames are read as they come, ahead of those who ask for the events, so that
    a Ping is answered though nobody asks. What is read waits here, and once
    that is as much as `Limits.read_ahead`, no more is read.

    A Close, or a frame that breaks the rules, is passed on in its place behind
    all that came before it; until then the connection lives on, so that how the
    bytes were cut makes no difference to what can be answered.
    """

    __slots__ = (
        "_asked_at",
        "_assembly",
        "_closing",
        "_compressed_from",
        "_crowd",
        "_engine",
        "_error",
        "_gate",
        "_in_parts",
        "_limit",
        "_limits",
        "_owes_ping",
        "_pieces",
        "_pong",
        "_released",
        "_unmask",
        "_waiting",
        "_waiting_size",
        "_with_pings",
        "ignored",
        "missing",
        "owes",
        "ready",
        "received",
        "whole",
    )

    def __init__(self, agreed: Agreement, *, limits: Limits, fast_path: bool) -> None:
        self._limits = limits
        limit = agreed.acceptance.message_limit
        if limit is None:
            limit = limits.message
        self._limit = limit
        """The most bytes that a message may have; None is no limit."""
        self._gate = FrameGate(limit=limit, deflate=agreed.deflate is not None)
        self._unmask = fastest() if fast_path else None
        """What takes masks off for `fast_frames`; None without the fast path.

        With it a message that is one frame is read and written in the engine's place, while
        no other is in progress and if no extension changes the frame.
        """
        self._gate.holds_whole = fast_path and not agreed.acceptance.by_fragment
        # Imported for the first WebSocket: who starts need not wait for it.
        from .wsproto_engine import WsprotoEngine

        self._engine: FrameEngine = WsprotoEngine(deflate=agreed.deflate, limit=limit)
        self._compressed_from = None if agreed.deflate is None else agreed.deflate.threshold
        """Bytes from which on whole messages are compressed; None if none is."""
        self._crowd = 0
        """Small frames that the engine was given since bytes came last."""
        self._pieces: MessageInPieces | None = None
        """What reads the message that is coming, in the engine's place."""
        self._in_parts = False
        """Whether the last message that we sent lacks its end."""
        self._assembly = MessageAssembly(by_fragment=agreed.acceptance.by_fragment)
        self._with_pings = agreed.acceptance.with_pings
        self._waiting: deque[Event] = deque()
        """What was read and not told."""
        self._waiting_size = 0
        self._error: RemoteProtocolError | None = None
        """What is wrong behind all that waits."""
        self._pong = b""
        """The answer to the latest Ping, as long as it was not handed over.

        Only to the latest (RFC 6455 5.5.3): a peer that asks and does not read
        would otherwise fill our memory.
        """
        self._owes_ping = False
        """Whether the peer is to be asked whether it is there."""
        self._asked_at: int | None = None
        """How many bytes had been received when it was asked last."""
        self.owes = False
        """Whether `owed` would hand over anything."""
        self.received = 0
        """Bytes received."""
        self.ready = False
        """Whether it is known that a message may begin here and nothing waits before it."""
        self.whole: TextMessage | BytesMessage | None = None
        """What was read by `receive_whole` and not told; then nothing else waits."""
        self._closing = False
        """Whether we have sent a Close."""
        self._released = False
        """Whether nothing more will be read or written."""
        self.ignored = False
        """Whether bytes came that do not count."""
        self.missing = 0
        """Bytes that are still to come of a message that is held until it is whole."""

    # The peer's side.

    @property
    def buffered(self) -> int:
        """Bytes that wait here, with what the waiting events take."""
        waiting = self._waiting_size if self.whole is None else _cost(self.whole)
        return self._gate.buffered + waiting

    def receive_whole(self, data: bytes) -> bool:
        """Take `data`, if it is one whole message and nothing waits: it is `whole` then.

        The short way to what `feed` and `read` do, which most messages go.
        """
        if self.whole is not None or not (self.ready or self._get_ready()):
            return False
        unmask = self._unmask
        if unmask is not None:
            self.whole = whole = read_only_message(data, self._limit, unmask)
            if whole is None:
                return False
        else:
            # Of text only the engine knows whether it is any.
            if not is_bytes_in_one_frame(data, self._limit):
                return False
            event = self._engine.read(data)
            assert isinstance(event, BytesMessage)
            self.whole = event
        self.received += len(data)
        return True

    def _get_ready(self) -> bool:
        """Find out whether the next byte begins a message, and nothing waits before it."""
        gate = self._gate
        self.ready = not (
            self._waiting
            or gate.buffer
            or not gate.between
            or self._released
            or self._error is not None
        )
        if self.ready:
            self._crowd = 0
        return self.ready

    def feed(self, data: bytes | memoryview) -> None:
        """Take bytes from the peer."""
        self.received += len(data)
        self.ready = False
        if self.whole is not None:
            self.tell(self.whole)
            self.whole = None
        self._crowd = 0
        if self._released or self._error is not None or self._gate.close_waits:
            self.ignored |= bool(data)
        else:
            self._gate.feed(data)

    def read(self) -> list[type[Event]]:
        """Read on while there is room for what is read; return the kind of each event or part.

        Not what they say: a little of what is compressed may come to a message of the largest
        size, which is held once.
        """
        read: list[type[Event]] = []
        if self._error is not None:
            return read
        gate, room = self._gate, self._limits.read_ahead
        try:
            while self._waiting_size < room and gate.buffer:
                found = None
                if self._unmask is not None and gate.between:
                    found = read_message(gate.buffer, limit=gate.limit, unmask=self._unmask)
                if found is not None:
                    gate.drop(found[1])
                    self.tell(found[0])
                    read.append(type(found[0]))
                    continue
                starts = gate.between
                raw = gate.pass_on()
                if raw is None:
                    break
                self._crowd += len(raw) < _SMALL
                if starts and self._unmask is not None:
                    self._pieces = in_pieces(raw, self._unmask)
                event = (self._pieces or self._engine).read(raw)
                if event is not None:
                    self._take(event)
                    read.append(type(event))
        except RemoteProtocolError as error:
            self._error = error
        self.missing = gate.missing
        return read

    @property
    def crowded(self) -> bool:
        """Whether what came last was many small frames, but for whole messages on the fast path."""
        return self._crowd >= _CROWD

    @property
    def settled(self) -> bool:
        """Whether `read` would find nothing, and the peer's last frame has not come."""
        return not (self._gate.buffer or self._error is not None)

    def tell(self, event: Event) -> None:
        """Put `event` behind what waits."""
        self.ready = False
        self._waiting.append(event)
        self._waiting_size += _cost(event)

    def next_event(self) -> Event | None:
        """Return what waits longest; None if nothing does."""
        if self.whole is not None:
            whole, self.whole = self.whole, None
            return whole
        if not self._waiting:
            return None
        event = self._waiting.popleft()
        self._waiting_size = self._waiting_size - _cost(event) if self._waiting else 0
        return event

    @property
    def told(self) -> bool:
        """Whether everything that was read has been told of."""
        return not self._waiting and self.whole is None

    @property
    def at_end(self) -> bool:
        """Whether the peer's last frame has come, and `end` is to be called."""
        return not self._released and (self._error is not None or self._gate.close_waits)

    def end(self) -> CloseWebSocket:
        """Return the peer's last frame, a Close; raise RemoteProtocolError if it is none."""
        if self._error is not None:
            raise self._error
        close = self._engine.read_close(self._gate.pass_close())
        self.ignored |= self._gate.buffered > 0
        return close

    # Our side.

    def write_whole(self, event: Event) -> bytes | None:
        """Return the bytes that say `event` if it is a whole message, not within another.

        None if it is none, or may not be sent for what it says.
        """
        if self._in_parts:
            return None
        if self._unmask is not None:
            frame = write_message(event, self._compressed_from)
            if frame is not None:
                return frame
            parts = write_in_two(event, self._compressed_from)
            if parts is not None:
                return b"".join(parts)
        return self._engine.send(event) if is_whole_message(event) else None

    def write_onto(self, out: list[bytes], event: Event) -> bool:
        """Put what `write_whole` returns behind `out`, in two if it is long; false for None."""
        if self._unmask is not None and not self._in_parts:
            frame = write_message(event, self._compressed_from)
            if frame is not None:
                out.append(frame)
                return True
            parts = write_in_two(event, self._compressed_from)
            if parts is not None:
                out += parts
                return True
        if self._in_parts or not is_whole_message(event):
            return False
        out.append(self._engine.send(event))
        return True

    def send(self, event: FrameEvent) -> bytes:
        """Return the bytes that say `event`; with a Close, also what is owed before it."""
        if isinstance(event, (BytesMessage, TextMessage)):
            frame = self.write_whole(event)
            if frame is None:
                self._in_parts = not event.final
                frame = self._engine.send(event)
            return frame
        if not isinstance(event, CloseWebSocket):
            return self._engine.send(event)
        pong, self._pong = self._pong, b""
        self._owes_ping = self.owes = False
        self._closing = True
        return pong + self._engine.send(event)

    def owe_ping(self) -> None:
        """Ask the peer whether it is there, with what is handed over next."""
        self._owes_ping = self.owes = True

    def owed(self) -> bytes:
        """Hand over what nobody sends: the answer to a Ping, and a Ping of our own."""
        owed, self._pong = self._pong, b""
        self.owes = False
        if self._owes_ping:
            self._owes_ping = False
            self._asked_at = self.received
            owed += self._engine.send(Ping())
        return owed

    @property
    def wait(self) -> Wait:
        """What the peer is being waited for.

        Whatever comes from it shows that it is there: behind a Ping, a large
        frame may be on its way for longer than any Pong should take.
        """
        if self.at_end:
            return Wait.LAST_FRAME_TOLD
        if self._closing:
            return Wait.CLOSE
        if self._owes_ping or self.buffered >= self._limits.read_ahead:
            # Neither can be noticed now: that it is there, or that it is not.
            return Wait.NOTHING
        return Wait.PONG if self._asked_at == self.received else Wait.SILENCE

    def release(self) -> None:
        """Let go of everything but the events that wait: no frame will be read or written."""
        self._released = True
        self.ready = False
        self._gate.discard()
        self._engine.release()
        self._pieces = None
        self._assembly.release()
        self._pong = b""
        self.owes = self._owes_ping

    def _take(self, event: IncomingFrame) -> None:
        told: Event | None
        if isinstance(event, TextMessage | BytesMessage):
            told = self._assembly.add(event)
        else:
            told = event if self._with_pings else None
            if isinstance(event, Ping) and not self._closing:
                self._pong = self._engine.send(Pong(payload=event.payload))
                self.owes = True
        if told is not None:
            self.tell(told)


def _cost(event: Event) -> int:
    if isinstance(event, BytesMessage):
        return _COST_OF_EVENT + len(event.data)
    if isinstance(event, TextMessage):
        return _COST_OF_EVENT + len(event.text)
    return _COST_OF_EVENT
