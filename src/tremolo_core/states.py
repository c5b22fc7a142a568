"""Which event may follow which: the only place where legality is decided.

Each side of a connection is in a state that is named for what that side does
next. Three tables say everything:

1. `CLIENT_MOVES` and `SERVER_MOVES`: the state that an event of that side leads
   to. An event without a row is illegal, whoever sends it and whichever engine
   reads or writes it.
2. `LAST_CYCLE`: what becomes of a side's state once either has announced that
   this exchange is the connection's last.
3. `JOINT_MOVES`: what the two states, together, lead to without any event.

This file does not know which of the two sides we are, nor what an event
contains; that a body has its declared length is kept by `gate` and `outgoing`.
The diagram in the documentation is printed from these tables.
"""

import enum

from .events import (
    AcceptWebSocket,
    BytesMessage,
    CloseWebSocket,
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    InformationalResponse,
    Ping,
    Pong,
    Request,
    Response,
    TextMessage,
)

__all__ = (
    "CLIENT_MOVES",
    "JOINT_MOVES",
    "LAST_CYCLE",
    "NEXT_CYCLE",
    "SERVER_MOVES",
    "State",
    "join",
)


class State(enum.Enum):
    """What one side of the connection does next."""

    IDLE = enum.auto()
    """The client sends a request; the server waits for it."""
    SEND_RESPONSE = enum.auto()
    """The server owes an answer and has not begun the final one."""
    SEND_BODY = enum.auto()
    """The head is sent; body and end follow."""
    DONE = enum.auto()
    """The message is complete; another exchange may follow."""
    OPEN = enum.auto()
    """Frames of a WebSocket, in any order."""
    CLOSING = enum.auto()
    """This side has sent its Close, the last of its frames."""
    MUST_CLOSE = enum.auto()
    """The message is complete and was the last; only closing is left."""
    CLOSED = enum.auto()
    """This side will send nothing more."""
    ERROR = enum.auto()
    """This side broke the rules, or was cut off: nothing more of it counts."""

    # Half the cost of a table lookup is Enum's own hash, written in Python.
    __hash__ = object.__hash__


# A WebSocket's frames are the same on both sides.
_FRAME_MOVES: dict[tuple[State, type[Event]], State] = {
    (State.OPEN, TextMessage): State.OPEN,
    (State.OPEN, BytesMessage): State.OPEN,
    (State.OPEN, Ping): State.OPEN,
    (State.OPEN, Pong): State.OPEN,
    (State.OPEN, CloseWebSocket): State.CLOSING,
    (State.OPEN, ConnectionClosed): State.CLOSED,
    (State.CLOSING, ConnectionClosed): State.CLOSED,
}

CLIENT_MOVES: dict[tuple[State, type[Event]], State] = {
    (State.IDLE, Request): State.SEND_BODY,
    (State.IDLE, ConnectionClosed): State.CLOSED,
    (State.SEND_BODY, Data): State.SEND_BODY,
    (State.SEND_BODY, EndOfMessage): State.DONE,
    (State.DONE, ConnectionClosed): State.CLOSED,
    (State.MUST_CLOSE, ConnectionClosed): State.CLOSED,
    (State.CLOSED, ConnectionClosed): State.CLOSED,
    **_FRAME_MOVES,
}

SERVER_MOVES: dict[tuple[State, type[Event]], State] = {
    # An answer to what was never understood as a request: 400, 408, 431.
    (State.IDLE, Response): State.SEND_BODY,
    (State.IDLE, ConnectionClosed): State.CLOSED,
    (State.SEND_RESPONSE, InformationalResponse): State.SEND_RESPONSE,
    (State.SEND_RESPONSE, Response): State.SEND_BODY,
    (State.SEND_RESPONSE, AcceptWebSocket): State.OPEN,
    (State.SEND_BODY, Data): State.SEND_BODY,
    (State.SEND_BODY, EndOfMessage): State.DONE,
    (State.DONE, ConnectionClosed): State.CLOSED,
    (State.MUST_CLOSE, ConnectionClosed): State.CLOSED,
    (State.CLOSED, ConnectionClosed): State.CLOSED,
    **_FRAME_MOVES,
}

LAST_CYCLE: dict[State, State] = {
    State.DONE: State.MUST_CLOSE,
}

JOINT_MOVES: dict[tuple[State, State], tuple[State, State]] = {
    # (client, server): a request calls for an answer.
    (State.SEND_BODY, State.IDLE): (State.SEND_BODY, State.SEND_RESPONSE),
    # An answer that nobody asked for is the last.
    (State.IDLE, State.SEND_BODY): (State.MUST_CLOSE, State.SEND_BODY),
    # Nobody is left to ask anything.
    (State.CLOSED, State.IDLE): (State.CLOSED, State.MUST_CLOSE),
    (State.CLOSED, State.DONE): (State.CLOSED, State.MUST_CLOSE),
    (State.ERROR, State.DONE): (State.ERROR, State.MUST_CLOSE),
    # Nobody is left to answer.
    (State.IDLE, State.CLOSED): (State.MUST_CLOSE, State.CLOSED),
    (State.DONE, State.CLOSED): (State.MUST_CLOSE, State.CLOSED),
    (State.IDLE, State.ERROR): (State.MUST_CLOSE, State.ERROR),
    (State.DONE, State.ERROR): (State.MUST_CLOSE, State.ERROR),
    # What was a request opens a WebSocket.
    (State.DONE, State.OPEN): (State.OPEN, State.OPEN),
    # Both have said their last.
    (State.CLOSING, State.CLOSING): (State.MUST_CLOSE, State.MUST_CLOSE),
    # Nobody is left to say it to, or to wait for.
    (State.CLOSED, State.OPEN): (State.CLOSED, State.MUST_CLOSE),
    (State.CLOSED, State.CLOSING): (State.CLOSED, State.MUST_CLOSE),
    (State.ERROR, State.CLOSING): (State.ERROR, State.MUST_CLOSE),
    (State.OPEN, State.CLOSED): (State.MUST_CLOSE, State.CLOSED),
    (State.CLOSING, State.CLOSED): (State.MUST_CLOSE, State.CLOSED),
    (State.CLOSING, State.ERROR): (State.MUST_CLOSE, State.ERROR),
}

NEXT_CYCLE: dict[tuple[State, State], tuple[State, State]] = {
    (State.DONE, State.DONE): (State.IDLE, State.IDLE),
}


def join(client: State, server: State, *, keep_alive: bool) -> tuple[State, State]:
    """Return the two states after what they lead to together.

    `keep_alive` is false once either side has announced its last exchange.
    """
    if not keep_alive:
        client = LAST_CYCLE.get(client, client)
        server = LAST_CYCLE.get(server, server)
    pair = (client, server)
    return JOINT_MOVES.get(pair, pair)
