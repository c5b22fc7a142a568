"""Every step that was worked out beforehand is the one that the tables say."""

import itertools
from typing import get_args

from tests.cases import for_each
from tremolo_core import BytesMessage, Data, EndOfMessage, Event, Response, State, TextMessage
from tremolo_core.standing import IDLE, Standing, standing_of
from tremolo_core.states import CLIENT_MOVES, NEXT_CYCLE, SERVER_MOVES, join

PAIRS = list(itertools.product(State, State))


def states(steps: tuple[Standing, Standing]) -> list[tuple[State, State]]:
    return [(step.client, step.server) for step in steps]


def test_there_is_one_for_each_pair_of_states() -> None:
    made = {standing_of(*pair) for pair in PAIRS}
    assert len(made) == len(PAIRS)
    assert {(here.client, here.server) for here in made} == set(PAIRS)
    assert standing_of(State.IDLE, State.IDLE) is IDLE


@for_each("pair", PAIRS)
def test_what_the_states_lead_to_together(pair: tuple[State, State]) -> None:
    here = standing_of(*pair)
    assert states(here.rejoined) == [join(*pair, keep_alive=kept) for kept in (False, True)]
    assert all(standing_of(step.client, step.server) is step for step in here.rejoined)


@for_each("pair", PAIRS)
@for_each("kind", get_args(Event))
def test_where_an_event_leads(pair: tuple[State, State], kind: type[Event]) -> None:
    client, server = pair
    here = standing_of(client, server)
    for steps, to in [
        (here.by_client.get(kind), (CLIENT_MOVES.get((client, kind)), server)),
        (here.by_server.get(kind), (client, SERVER_MOVES.get((server, kind)))),
    ]:
        if None in to:
            assert steps is None
        else:
            assert steps is not None
            theirs, ours = to
            assert theirs is not None
            assert ours is not None
            assert states(steps) == [join(theirs, ours, keep_alive=kept) for kept in (False, True)]


@for_each("pair", PAIRS)
def test_where_data_leads_nowhere_else(pair: tuple[State, State]) -> None:
    here = standing_of(*pair)
    assert here.sends_body == tuple(
        (pair[1], Data) in SERVER_MOVES and join(*pair, keep_alive=kept) == pair
        for kept in (False, True)
    )


@for_each("pair", PAIRS)
def test_where_a_whole_message_leads(pair: tuple[State, State]) -> None:
    here = standing_of(*pair)
    assert here.ended == here.by_client.get(EndOfMessage)
    if (pair[1], Response) not in SERVER_MOVES or pair[0] is State.ERROR:
        assert here.answered is None
        return
    assert here.answered is not None
    for kept in (False, True):
        step = here
        for kind in (Response, Data, EndOfMessage):
            step = step.by_server[kind][kept]
        assert here.answered[kept] is step


@for_each("pair", PAIRS)
def test_where_another_exchange_may_follow(pair: tuple[State, State]) -> None:
    following = standing_of(*pair).next_cycle
    assert (following is None) == (pair not in NEXT_CYCLE)
    if following is not None:
        assert (following.client, following.server) == NEXT_CYCLE[pair]


@for_each("pair", PAIRS)
def test_where_another_exchange_may_follow_the_end_of_this(
    pair: tuple[State, State],
) -> None:
    here = standing_of(*pair)
    following = here.next_cycle if here.ended is None else here.ended[True].next_cycle
    assert here.following is following
    # What the end would lead to in a last exchange does not matter: nobody stands here in one.
    assert following is None or here.rejoined[False] is not here


@for_each("pair", PAIRS)
def test_where_pieces_of_a_request_lead_nowhere_else(pair: tuple[State, State]) -> None:
    here = standing_of(*pair)
    for kept in (False, True):
        if pair[0] is State.SEND_BODY and here.rejoined[kept] is here:
            assert here.by_client[Data][kept] is here


@for_each("pair", PAIRS)
def test_whether_the_answer_has_begun(pair: tuple[State, State]) -> None:
    unanswered = pair[1] is State.IDLE or pair[1] is State.SEND_RESPONSE
    assert standing_of(*pair).answering != unanswered


@for_each("pair", PAIRS)
def test_where_messages_lead_nowhere_else(pair: tuple[State, State]) -> None:
    here = standing_of(*pair)
    joined = all(join(*pair, keep_alive=kept) == pair for kept in (False, True))
    for kind in (BytesMessage, TextMessage):
        assert here.hears_messages == (joined and (pair[0], kind) in CLIENT_MOVES)
        assert here.sends_messages == (joined and (pair[1], kind) in SERVER_MOVES)
    assert here.hears_messages == (joined and pair[0] is State.OPEN)
