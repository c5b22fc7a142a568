"""The part of the tables that is about WebSockets, against conversations written out here."""

import itertools
from collections.abc import Mapping
from typing import TypeAlias, get_args

import pytest

from tests.cases import for_each
from tremolo_core import (
    AcceptWebSocket,
    BytesMessage,
    CloseWebSocket,
    ConnectionClosed,
    Event,
    FrameEvent,
    Ping,
    Pong,
    State,
    TextMessage,
)
from tremolo_core.states import CLIENT_MOVES, NEXT_CYCLE, SERVER_MOVES, join

EVENTS: tuple[type[Event], ...] = get_args(Event)
OF_WEBSOCKETS: set[type[Event]] = {AcceptWebSocket, *get_args(FrameEvent)}

DN, OP, CG, MC, CL, ER = (
    *(State.DONE, State.OPEN, State.CLOSING),
    *(State.MUST_CLOSE, State.CLOSED, State.ERROR),
)

Moves: TypeAlias = Mapping[tuple[State, type[Event]], State]
Steps: TypeAlias = list[tuple[type[Event], State]]

# Conversations of one side by itself. Each begins in the state that is named first.

FRAMES: dict[str, tuple[State, Steps]] = {
    "frames and a close": (
        OP,
        [
            (TextMessage, OP),
            (BytesMessage, OP),
            (Ping, OP),
            (Pong, OP),
            (CloseWebSocket, CG),
            (ConnectionClosed, CL),
            (ConnectionClosed, CL),
        ],
    ),
    "a parting without a close": (OP, [(ConnectionClosed, CL)]),
}

SIDES: dict[str, tuple[Moves, dict[str, tuple[State, Steps]]]] = {
    "client": (CLIENT_MOVES, FRAMES),
    "server": (
        SERVER_MOVES,
        {**FRAMES, "an acceptance": (State.SEND_RESPONSE, [(AcceptWebSocket, OP)])},
    ),
}


def legal_moves(side: str) -> set[tuple[State, type[Event]]]:
    """What the conversations show to be legal; the tables are not asked."""
    moves = set()
    for state, steps in SIDES[side][1].values():
        for event, following in steps:
            moves.add((state, event))
            state = following
    return moves


@pytest.mark.parametrize(
    ("side", "name"), [(side, name) for side, (_, known) in SIDES.items() for name in known]
)
def test_a_legal_conversation(side: str, name: str) -> None:
    moves, conversations = SIDES[side]
    state, steps = conversations[name]
    for event, expected in steps:
        state = moves[state, event]
        assert state is expected


@for_each("side", SIDES)
@for_each(
    ("state", "event"),
    [
        (state, event)
        for state, event in itertools.product(State, EVENTS)
        if state in (OP, CG) or event in OF_WEBSOCKETS
    ],
)
def test_anything_else_is_refused(side: str, state: State, event: type[Event]) -> None:
    move = (state, event)
    assert (move in SIDES[side][0]) is (move in legal_moves(side))


JOINED: dict[tuple[State, State], tuple[State, State]] = {
    # The request is complete, and answered with a WebSocket.
    (DN, OP): (OP, OP),
    # Both have closed.
    (CG, CG): (MC, MC),
    # One has closed or lives, the other is gone.
    (CL, OP): (CL, MC),
    (CL, CG): (CL, MC),
    (ER, CG): (ER, MC),
    (OP, CL): (MC, CL),
    (CG, CL): (MC, CL),
    (CG, ER): (MC, ER),
}


@for_each(
    ("client", "server"),
    [pair for pair in itertools.product(State, State) if {OP, CG} & set(pair)],
)
def test_what_two_states_lead_to(client: State, server: State) -> None:
    pair = (client, server)
    assert join(client, server, keep_alive=True) == JOINED.get(pair, pair)
    assert pair not in NEXT_CYCLE


@pytest.mark.parametrize("pair", JOINED.values())
def test_that_leads_to_nothing_else(pair: tuple[State, State]) -> None:
    assert join(*pair, keep_alive=True) == pair
    assert join(*pair, keep_alive=False) == pair
