"""The peer's side of a connection: its bytes, through the gate and an engine, to events.

`Connection` judges the events and keeps the states; here is only what there is
to be read in a given state. The counterpart for what we send is `outgoing`.
"""

import functools
from collections.abc import Callable
from typing import Final

from ._values import maker
from .engine import Engine
from .errors import RemoteProtocolError
from .events import ConnectionClosed, Data, EndOfMessage, Event, Request
from .fast_engine import FastEngine
from .frames import Frames
from .gate import Gate, Passed
from .head import Head
from .head_fields import Meaning
from .limits import Limits
from .states import State
from .websocket_handshake import Agreement

__all__ = ("Incoming",)

_data = maker(Data)

# Until Python 3.12 it takes 0.1 µs to look a member up in its enum.
_IDLE: Final = State.IDLE
_SEND_BODY: Final = State.SEND_BODY


@functools.cache
def _h11() -> Callable[[], Engine]:
    # Imported for the first message that is none of the ordinary: who starts need not wait for it.
    # To import it again for each takes longer than to read the message's end.
    from .h11_engine import H11Engine

    return H11Engine


class Incoming:
    """The bytes of one peer, and the exchange that they are about."""

    __slots__ = (
        "_ignored",
        "_limits",
        "_received",
        "engine",
        "eof",
        "fast",
        "frames",
        "gate",
        "withheld",
    )

    def __init__(self, limits: Limits, *, fast_path: bool) -> None:
        self._limits = limits
        self.gate = Gate(limits, fast_path=fast_path)
        """What all bytes pass first, but those of frames."""
        self.fast = FastEngine() if fast_path else None
        """The engine for ordinary messages, if it may be used."""
        self.engine: Engine = self.fast or _h11()()
        """What reads and writes the current cycle."""
        self.eof = False
        """Whether the peer will send nothing more."""
        self._ignored = False
        self._received = 0
        """Bytes received before there were frames, but for those that only the gate was given."""
        self.withheld = False
        """Whether the client keeps its body back until it is told to go on, and was not."""
        self.frames: Frames | None = None
        """What the exchange goes on with once a WebSocket is accepted."""

    @property
    def buffered(self) -> int:
        """Bytes that no event has told of."""
        return self.gate.buffered if self.frames is None else self.frames.buffered

    @property
    def received(self) -> int:
        """Bytes received so far; those that came behind a handshake twice.

        Those that came with the head of a request may be left out: until there is one that
        makes no difference, and then it is only asked how many have come since.
        """
        return self._received + (0 if self.frames is None else self.frames.received)

    @property
    def went_on(self) -> bool:
        """Whether the peer sent bytes behind its last message."""
        if self.frames is not None:
            return self.frames.ignored
        return self._ignored or self.gate.buffered > 0

    @property
    def unread(self) -> int | None:
        """Bytes of the body that no event has told of; None if that is not known."""
        return self.gate.unread

    @property
    def owes_frames(self) -> bool:
        """Whether there is an answer to a Ping, or a Ping of our own, to be handed over."""
        return self.frames is not None and self.frames.owes

    @property
    def said_last(self) -> bool:
        """Whether the client has said that no request follows the one that was read."""
        return not self.gate.meaning.keep_alive

    @property
    def meaning(self) -> Meaning:
        """What the head of the last request means that was read."""
        return self.gate.meaning

    @property
    def broke_off(self) -> bool:
        """Whether the frames have ended, and not with a Close."""
        return self.frames is not None and self.eof and not self.frames.at_end

    def receive_data(self, data: bytes | memoryview) -> None:
        """Take bytes from the peer."""
        if self.frames is None:
            self._received += len(data)
            self.gate.feed(data)
        else:
            self.frames.feed(data)

    def limit_body(self, size: int | None) -> None:
        """Let the current body have `size` bytes at most, or any number."""
        self.gate.body_limit = size

    def discard(self) -> None:
        """Drop what waits, but for what has been read already."""
        self.gate.discard()
        if self.frames is not None:
            self.frames.release()

    def renew_engine(self) -> None:
        """Have the next cycle begin with the engine that most have."""
        # Also for a refusal before there is a next request.
        self.engine = self.fast or _h11()()

    def forget(self) -> None:
        """Let go of what is kept only because it may soon be needed again."""
        self.gate.forget()

    def open_frames(self, agreed: Agreement, state: State) -> Frames:
        """Go on with frames, the first of which may have come behind the handshake.

        If the client is in a `state` where the handshake's end has not been told
        of, that comes first.
        """
        frames = self.frames = Frames(agreed, limits=self._limits, fast_path=self.fast is not None)
        if state is State.SEND_BODY:
            frames.tell(EndOfMessage())
        frames.feed(self.gate.take_rest())
        return frames

    def next_piece(self) -> Data | None:
        """As `next_event` in a body, of what comes as it is awaited; None if that is left to it."""
        if self.engine is not self.fast or (piece := self.gate.piece()) is None:
            return None
        self.withheld = False
        return _data(piece)

    def next_event(self, state: State) -> Event | None:
        """Return what a client in `state` did next; None if nothing more is known of it.

        With `frames`, that is only that it has left. Raises RemoteProtocolError,
        after which this is not to be called again.
        """
        gate = self.gate
        if state is _SEND_BODY:
            while (raw := gate.body()) is not None:
                self.withheld = False
                event = self.engine.read_body(raw, gate.passed)
                if event is not None:
                    return event
        elif state is _IDLE:
            head = gate.head()
            if head is not None:
                return self._begin(head)
        elif state in _BEHIND_THE_LAST and gate.buffered:
            # RFC 9112 9.6: nothing behind the last request counts.
            self._ignored = True
            gate.discard()
        return self._end(state) if self.eof else None

    def skip_end(self) -> bool:
        """Read the end of the body, if it is known without any more bytes."""
        if not self.gate.skip_end():
            return False
        if self.engine is not self.fast:
            # It keeps states of its own.
            self.engine.read_body(b"", Passed.END)
        return True

    def _begin(self, head: Head) -> Request:
        meaning = head.meaning
        self.withheld = meaning.expects_continue and meaning.content_length != 0
        if not head.is_ordinary and self.fast is not None:
            self.engine = _h11()()
        return self.engine.read_head(head)

    def _end(self, state: State) -> ConnectionClosed | None:
        """What the end of input means in `state`, where nothing is left to be read."""
        if state is State.SEND_BODY:
            raise RemoteProtocolError("the peer left in the middle of a body", status=None)
        if self.gate.buffered and state is State.IDLE:
            raise RemoteProtocolError("the peer left in the middle of a head", status=None)
        # Behind a complete request another may wait, which comes before the end.
        return None if self.gate.buffered else ConnectionClosed()


_BEHIND_THE_LAST = frozenset((State.MUST_CLOSE, State.CLOSED))
