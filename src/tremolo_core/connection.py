"""The object that a server holds for each peer: bytes in, events out, and back.

It joins the parts and keeps their order: `incoming` makes events of the peer's
bytes, the tables in `states` judge every event of either side, `outgoing` what
we send, `deadlines` the time. None of their decisions is made here.
"""

from typing import Final

from .cycles import Cycles
from .deadlines import Wait, Waiting, lateness
from .errors import LocalProtocolError, RemoteProtocolError
from .events import (
    BytesMessage,
    CloseWebSocket,
    ConnectionClosed,
    Data,
    Event,
    Request,
    Signal,
    TextMessage,
)
from .limits import Limits, Timeouts
from .plain_answers import judge_plainly
from .refusal import answer_to
from .standing import IDLE, standing_of
from .states import State
from .waits import wait_of

__all__ = ("Connection",)

_join = b"".join

# Until Python 3.12 it takes 0.1 µs to look a member up in its enum.
_DONE: Final = State.DONE
_SEND_BODY: Final = State.SEND_BODY
_ASKED = IDLE.by_client[Request]
_NEED_DATA: Final = Signal.NEED_DATA
_PAUSED: Final = Signal.PAUSED


class Connection(Cycles):
    """One HTTP/1.1 connection, which may become a WebSocket's, in the role of the server.

    Bytes from the peer go in by `receive_data` and `receive_eof`, and are
    fetched as events from `next_event`; our events go in by `send`, and are
    fetched as bytes from `data_to_send`, also whenever `next_event` has raised
    and when `handle_timeout` was called. Nothing here waits, reads a clock or
    touches a socket. Times are seconds on any one clock that never goes back.
    """

    __slots__ = ()

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        timeouts: Timeouts | None = None,
        fast_path: bool = True,
    ) -> None:
        """By default the limits and time-outs are those of `Limits` and `Timeouts`.

        Without the `fast_path` h11 does all the work: slower, and otherwise the same.
        """
        super().__init__(limits or Limits(), timeouts or Timeouts(), fast_path=fast_path)

    # The peer's side.

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the peer, at least one; they wait until `next_event` asks for them.

        The driver bounds them: it reads when `next_event` needs data, and ahead
        of that only while `buffered` is below `Limits.read_ahead`.

        On a WebSocket a Ping is answered at once: `data_to_send` may have it.
        """
        self._wanted = False
        frames = self._incoming.frames
        if frames is not None and self._standing.hears_messages and frames.receive_whole(data):
            return
        if self._error is None:
            self._incoming.receive_data(data)
            if frames is not None:
                self._read_frames()

    def receive_request(self, data: bytes) -> Request | None:
        """As `receive_data`, and as `next_event` where that returns a request.

        The short way for a driver that waits for one. If it returns None,
        `next_event` is to be called, which says what there is instead.
        """
        if self._standing is IDLE:
            gate = self._incoming.gate
            request = gate.read_plainly(data)
            if request is not None:
                self._wanted = False
                self._outgoing = outgoing = self._answer
                outgoing.begin(request.method, gate.meaning)
                self._standing = _ASKED[outgoing.keep_alive]
                return request
        self.receive_data(data)
        return None

    def receive_view(self, data: memoryview) -> None:
        """As `receive_data`, of bytes that are about to change: they are copied."""
        self._wanted = False
        if self._error is None:
            self._incoming.receive_data(data)
            self._read_frames()

    def want_no_more(self) -> None:
        """Note that nobody waits for what `next_event` needed: the peer need not hurry then."""
        self._wanted = False

    def receive_eof(self) -> None:
        """Note that the peer will send nothing more. We may still answer."""
        self._wanted = False
        self._incoming.eof = True

    def next_event(self) -> Event | Signal:
        """Return what the peer did next, or a `Signal` that nothing is known.

        After EndOfMessage comes PAUSED if another request waits, or
        ConnectionClosed, again and again, if the peer will send none.

        Raises RemoteProtocolError when the peer broke the rules, and again each
        time. If it can be answered, `data_to_send` has the answer then, unless
        another is sent before that is called. A Close is answered too.
        """
        incoming = self._incoming
        frames = incoming.frames
        if frames is not None:
            told: Event | None = frames.whole
            if told is not None:
                frames.whole = None
                self._wanted = False
                return told
            if not frames.ready:
                if not frames.settled:
                    self._read_frames()
                if (told := frames.next_event()) is not None:
                    self._wanted = False
                    return told
            if self._standing.hears_messages and not incoming.eof:
                # What follows would find nothing either.
                self._wanted = True
                return _NEED_DATA
        if self._error is not None:
            # Each raise would add to the traceback of the one before.
            raise self._error.with_traceback(None)
        standing = self._standing
        if standing.client is _SEND_BODY and (piece := incoming.next_piece()) is not None:
            # It leads nowhere else.
            self._wanted = False
            return piece
        try:
            event = incoming.next_event(standing.client)
        except RemoteProtocolError as error:
            self._fail(error)
            raise
        if event is None:
            if standing.client is _DONE and incoming.buffered:
                return _PAUSED
            self._wanted = True
            return _NEED_DATA
        self._wanted = False
        if type(event) is Request:
            self._outgoing = self._answer
            self._answer.begin(event.method, incoming.meaning)
        self._standing = standing.by_client[type(event)][self._outgoing.keep_alive]
        return event

    def next_message(self) -> TextMessage | BytesMessage | None:
        """As `next_event`, if all that came last is one whole message of a WebSocket.

        The short way for a driver that waits for one. If it returns None, nothing
        is done, and `next_event` says what there is instead.
        """
        frames = self._incoming.frames
        if frames is None or frames.whole is None:
            return None
        message, frames.whole = frames.whole, None
        return message

    def limit_body(self, size: int | None) -> None:
        """Refuse the current request's body (413) beyond `size` bytes; None is no limit.

        In place of `Limits.body`, for this request. It counts from the next
        `next_event` on, for the declared length too.
        """
        self._incoming.limit_body(size)

    # Our side.

    def send(self, *events: Event) -> None:
        """Send `events`: their bytes are in the next `data_to_send`.

        Raises LocalProtocolError if any of them may not be sent now or says what
        may not be said; then none is sent, and everything is as before.
        """
        standing = self._standing
        incoming = self._incoming
        frames = incoming.frames
        if len(events) == 1:
            event = events[0]
            if frames is not None:
                if standing.sends_messages and frames.write_onto(self._out, event):
                    return
            # Like the piece before, which `judge_plainly` has found right.
            elif standing is self._streaming and type(event) is Data and event.data:
                self._out.append(_join(incoming.engine.piece(event.data)))
                return
        elif len(events) == 3 and self._send_three(*events):
            return
        outgoing = self._outgoing
        if self._refusal is None and not incoming.withheld:
            plain = judge_plainly(events, standing, outgoing)
            if plain is not None:
                self._standing, written = plain
                incoming.engine.write(written, self._out)
                streams = outgoing.is_chunked and standing.sends_body[outgoing.keep_alive]
                self._streaming = standing if streams else None
                return
        self._streaming = None
        self._outgoing = outgoing = outgoing.owned()
        batch = outgoing.judge(events, standing, awaited=self.they_await_continue)
        if batch.standing.answering:
            self._refusal = None
        incoming.withheld &= batch.awaited
        incoming.engine.write(batch.written, self._out)
        self._standing = batch.standing
        if frames is not None:
            self._out += map(frames.send, batch.framed)
        elif outgoing.agreed is not None:
            frames = incoming.open_frames(outgoing.agreed, standing.client)
            self._out += map(frames.send, batch.framed)
            self._read_frames()

    def send_elsewhere(self, count: int) -> int:
        """Take `count` bytes of the body for sent, which the caller writes by itself.

        Return how many it has to write: none in answer to HEAD, else all. They follow what was
        handed over, and come before what is sent from now on; if fewer get through, `send_failed`.

        Raises LocalProtocolError if as much `Data` may not be sent now, if it would be chunked, or
        if `data_to_send` has not handed over everything; then everything is as before.
        """
        if any(self._out):
            raise LocalProtocolError("what was sent before has not been written")
        written = self._outgoing.judge_elsewhere(count, self._standing)
        if written:
            self._incoming.engine.send_elsewhere(written)
        return written

    def send_failed(self) -> None:
        """Note that some of our bytes may not reach the peer: nothing more can be sent."""
        self._out.clear()
        self._refusal = None
        self._stand(self._standing.client, State.ERROR)

    def data_to_send(self, most: int | None = None) -> bytes:
        """Hand over the next bytes to write, `most` at most, else all; `b""` if there are none."""
        if self._standing is not self._streaming:
            frames = self._incoming.frames
            if self._refusal is not None or (frames is not None and frames.owes):
                self._add_owed()
        out = self._out
        if len(out) == 1 and not out.taken and (most is None or len(out[0]) <= most):
            # A piece of a stream: no second call for it.
            return out.pop()
        return out.take(most)

    def views_to_send(self, most: int, most_uncopied: int) -> bytes | memoryview:
        """As `data_to_send`, but whatever is larger than `most` is handed over without a copy.

        Of that `most_uncopied` bytes go at a time, as a view.
        """
        if self._standing is not self._streaming:
            self._add_owed()
        out = self._out
        if len(out) == 1 and not out.taken and len(out[0]) <= most:
            return out.pop()
        return out.take_some(most, most_uncopied)

    # Both sides.

    def deadline(self, now: float) -> float | None:
        """When the running time-out of the protocol ends; None if none runs.

        To be asked at regular intervals: what is new since the last call, a
        state or progress in it, counts from this call. So a time-out is late by
        at most one interval, and never early.
        """
        wait = self._wait()
        if wait is Wait.NEXT_REQUEST:
            self._incoming.forget()
        waiting = Waiting(wait=wait, cycle=self._cycle, received=self._incoming.received)
        return self._deadlines.deadline(waiting, now)

    def handle_timeout(self, now: float) -> None:
        """Do what is due: refuse a late request (408), close an idle connection, send a Ping.

        Does nothing if nothing is due. Otherwise `next_event` raises, or
        `closing` tells, and `data_to_send` may have an answer.
        """
        if (due := self.deadline(now)) is None or now < due:
            return
        match self._wait():
            case Wait.NEXT_REQUEST:
                self.send(ConnectionClosed())
            case Wait.SILENCE | Wait.LAST_FRAME_TOLD:
                self._read_frames(late=True)
            case wait:
                self._fail(lateness(wait))

    # How it works.

    def _add_owed(self) -> None:
        """Send what the protocol owes: the answer to what was refused, or to a Ping."""
        if self._refusal is not None:
            self.send(*answer_to(self._refusal))
        frames = self._incoming.frames
        if frames is not None and frames.owes and self._standing.server is State.OPEN:
            self._out.append(frames.owed())

    def _stand(self, client: State, server: State) -> None:
        """Put the two sides there, and on to where these states lead together."""
        self._standing = standing_of(client, server).rejoined[self._outgoing.keep_alive]

    def _read_frames(self, *, late: bool = False) -> None:
        """Read the frames that have come; act on the peer's last once all before it are told.

        If it is `late`, act at once, or if there is no last, ask for a sign of life.
        """
        frames = self._incoming.frames
        if frames is None or self._standing.client is not State.OPEN:
            return
        for kind in frames.read():
            self._heard(kind)
        if late and not frames.at_end:
            frames.owe_ping()
        if not frames.at_end or not (frames.told or late):
            return
        try:
            close = frames.end()
        except RemoteProtocolError as error:
            self._fail(error)
            return
        self._heard(CloseWebSocket)
        if self._standing.server is State.OPEN:
            self.send(CloseWebSocket(code=close.code))
        frames.tell(close)
        frames.release()

    def _fail(self, error: RemoteProtocolError) -> None:
        self._error = error
        if error.close_code is not None and self._standing.server is State.OPEN:
            self.send(CloseWebSocket(code=error.close_code, reason=error.reason))
        self._incoming.discard()
        self._outgoing.keep_alive = False
        if error.status is not None and not self.response_started:
            self._refusal = error
        self._stand(State.ERROR, self._standing.server)

    def _heard(self, kind: type[Event]) -> None:
        """Move to where an event of the client leads that is of this `kind`."""
        self._standing = self._standing.by_client[kind][self._outgoing.keep_alive]

    def _wait(self) -> Wait:
        return wait_of(self._standing, self._incoming, first=not self._cycle, wanted=self._wanted)
