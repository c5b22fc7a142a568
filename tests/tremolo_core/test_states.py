"""The tables, against conversations that are written out here, and against h11's own machine."""

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import h11
import pytest

from tests.cases import for_each
from tremolo_core import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    Headers,
    InformationalResponse,
    Request,
    Response,
    State,
    value,
)
from tremolo_core.states import (
    CLIENT_MOVES,
    LAST_CYCLE,
    NEXT_CYCLE,
    SERVER_MOVES,
    join,
)

Moves: TypeAlias = Mapping[tuple[State, type[Event]], State]
Pair: TypeAlias = tuple[State, State]

REQUEST = Request(method=b"GET", target=b"/", headers=Headers())
HINTS = InformationalResponse(status=103)
RESPONSE = Response(status=200)
PART = Data(data=b"part")
END = EndOfMessage()
CLOSED = ConnectionClosed()

HTTP_EVENTS = (Request, InformationalResponse, Response, Data, EndOfMessage, ConnectionClosed)

ID, SR, SB, DN, MC, CL, ER = HTTP_STATES = (
    *(State.IDLE, State.SEND_RESPONSE, State.SEND_BODY, State.DONE),
    *(State.MUST_CLOSE, State.CLOSED, State.ERROR),
)

# Conversations of one side by itself. Each begins in the state that is named first.

CLIENT_CONVERSATIONS: dict[str, tuple[State, list[tuple[Event, State]]]] = {
    "a request without a body": (State.IDLE, [(REQUEST, State.SEND_BODY), (END, State.DONE)]),
    "a body in two parts, and a parting": (
        State.IDLE,
        [
            (REQUEST, State.SEND_BODY),
            (PART, State.SEND_BODY),
            (PART, State.SEND_BODY),
            (END, State.DONE),
            (CLOSED, State.CLOSED),
            (CLOSED, State.CLOSED),
        ],
    ),
    "a client that says nothing": (State.IDLE, [(CLOSED, State.CLOSED)]),
    "behind the last request": (State.MUST_CLOSE, [(CLOSED, State.CLOSED)]),
}

SERVER_CONVERSATIONS: dict[str, tuple[State, list[tuple[Event, State]]]] = {
    "an answer without a body": (
        State.SEND_RESPONSE,
        [(RESPONSE, State.SEND_BODY), (END, State.DONE)],
    ),
    "interim answers, and a body in two parts": (
        State.SEND_RESPONSE,
        [
            (HINTS, State.SEND_RESPONSE),
            (HINTS, State.SEND_RESPONSE),
            (RESPONSE, State.SEND_BODY),
            (PART, State.SEND_BODY),
            (PART, State.SEND_BODY),
            (END, State.DONE),
            (CLOSED, State.CLOSED),
            (CLOSED, State.CLOSED),
        ],
    ),
    "an answer that nobody asked for": (
        State.IDLE,
        [(RESPONSE, State.SEND_BODY), (PART, State.SEND_BODY), (END, State.DONE)],
    ),
    "a server that will not wait longer": (State.IDLE, [(CLOSED, State.CLOSED)]),
    "behind the last answer": (State.MUST_CLOSE, [(CLOSED, State.CLOSED)]),
}

SIDES = {
    "client": (CLIENT_MOVES, CLIENT_CONVERSATIONS),
    "server": (SERVER_MOVES, SERVER_CONVERSATIONS),
}


def legal_moves(side: str) -> set[tuple[State, type[Event]]]:
    """What the conversations show to be legal; the tables are not asked."""
    moves = set()
    for state, steps in SIDES[side][1].values():
        for event, following in steps:
            moves.add((state, type(event)))
            state = following
    return moves


@pytest.mark.parametrize(
    ("side", "name"), [(side, name) for side, (_, known) in SIDES.items() for name in known]
)
def test_a_legal_conversation(side: str, name: str) -> None:
    moves, conversations = SIDES[side]
    state, steps = conversations[name]
    for event, expected in steps:
        state = moves[state, type(event)]
        assert state is expected


@for_each("side", SIDES)
@for_each(("state", "event"), list(itertools.product(HTTP_STATES, HTTP_EVENTS)))
def test_anything_else_is_refused(side: str, state: State, event: type[Event]) -> None:
    move = (state, event)
    assert (move in SIDES[side][0]) is (move in legal_moves(side))


# The same of h11. Its connections are brought into each state by their public methods.

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LAST_GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

TO_H11: dict[type[Event], h11.Event] = {
    Request: h11.Request(
        method=b"POST",
        target=b"/",
        headers=[(b"Host", b"a"), (b"Transfer-Encoding", b"chunked")],
    ),
    InformationalResponse: h11.InformationalResponse(status_code=103, headers=[]),
    Response: h11.Response(status_code=200, headers=[]),
    Data: h11.Data(data=b"part"),
    EndOfMessage: h11.EndOfMessage(),
    ConnectionClosed: h11.ConnectionClosed(),
}

LAST_REQUEST = h11.Request(
    method=b"GET", target=b"/", headers=[(b"Host", b"a"), (b"Connection", b"close")]
)

OF_H11: dict[object, State] = {
    h11.IDLE: State.IDLE,
    h11.SEND_RESPONSE: State.SEND_RESPONSE,
    h11.SEND_BODY: State.SEND_BODY,
    h11.DONE: State.DONE,
    h11.MUST_CLOSE: State.MUST_CLOSE,
    h11.CLOSED: State.CLOSED,
    h11.ERROR: State.ERROR,
}


def h11_client(*events: h11.Event) -> h11.Connection:
    connection = h11.Connection(h11.CLIENT)
    for event in events:
        connection.send(event)
    return connection


def h11_server(asked: bytes, *events: h11.Event) -> h11.Connection:
    connection = h11.Connection(h11.SERVER)
    if asked:
        connection.receive_data(asked)
        assert isinstance(connection.next_event(), h11.Request)
        assert isinstance(connection.next_event(), h11.EndOfMessage)
    for event in events:
        connection.send(event)
    return connection


def failed(connection: h11.Connection) -> h11.Connection:
    connection.send_failed()
    return connection


_RESPONSE, _END, _CLOSED = TO_H11[Response], TO_H11[EndOfMessage], TO_H11[ConnectionClosed]

IN_EACH_STATE: dict[str, dict[State, Callable[[], h11.Connection]]] = {
    "client": {
        State.IDLE: h11_client,
        State.SEND_BODY: lambda: h11_client(TO_H11[Request]),
        State.DONE: lambda: h11_client(TO_H11[Request], _END),
        State.MUST_CLOSE: lambda: h11_client(LAST_REQUEST, _END),
        State.CLOSED: lambda: h11_client(_CLOSED),
        State.ERROR: lambda: failed(h11_client()),
    },
    "server": {
        State.IDLE: lambda: h11_server(b""),
        State.SEND_RESPONSE: lambda: h11_server(GET),
        State.SEND_BODY: lambda: h11_server(GET, _RESPONSE),
        State.DONE: lambda: h11_server(GET, _RESPONSE, _END),
        State.MUST_CLOSE: lambda: h11_server(LAST_GET, _RESPONSE, _END),
        State.CLOSED: lambda: h11_server(b"", _CLOSED),
        State.ERROR: lambda: failed(h11_server(GET)),
    },
}


@for_each(
    ("side", "state"), [(side, state) for side, states in IN_EACH_STATE.items() for state in states]
)
@for_each("event", TO_H11)
def test_each_pair_leads_where_it_leads_in_h11(side: str, state: State, event: type[Event]) -> None:
    connection = IN_EACH_STATE[side][state]()
    assert OF_H11[connection.our_state] is state
    try:
        connection.send(TO_H11[event])
    except h11.LocalProtocolError:
        theirs = None
    else:
        theirs = OF_H11[connection.our_state]
    assert SIDES[side][0].get((state, event)) is theirs


def test_the_states_are_those_of_h11() -> None:
    # A client never owes a response.
    assert set(IN_EACH_STATE["server"]) == set(OF_H11.values())
    assert set(IN_EACH_STATE["client"]) == set(OF_H11.values()) - {State.SEND_RESPONSE}
    assert set(OF_H11.values()) == set(HTTP_STATES)


# Both sides together.


@value
class Sides:
    """Both sides of a connection, as the tables have them."""

    client: State = State.IDLE
    server: State = State.IDLE
    keep_alive: bool = True

    @property
    def pair(self) -> Pair:
        return self.client, self.server

    def joined(self) -> "Sides":
        client, server = join(*self.pair, keep_alive=self.keep_alive)
        return Sides(client=client, server=server, keep_alive=self.keep_alive)


def client_does(sides: Sides, event: type[Event], *, last: bool = False) -> Sides | None:
    following = CLIENT_MOVES.get((sides.client, event))
    if following is None:
        return None
    keep_alive = sides.keep_alive and not last
    return Sides(client=following, server=sides.server, keep_alive=keep_alive).joined()


def server_does(sides: Sides, event: type[Event], *, last: bool = False) -> Sides | None:
    following = SERVER_MOVES.get((sides.server, event))
    if following is None:
        return None
    keep_alive = sides.keep_alive and not last
    return Sides(client=sides.client, server=following, keep_alive=keep_alive).joined()


def client_fails(sides: Sides) -> Sides:
    return Sides(client=State.ERROR, server=sides.server, keep_alive=False).joined()


def server_fails(sides: Sides) -> Sides:
    return Sides(client=sides.client, server=State.ERROR, keep_alive=sides.keep_alive).joined()


def next_cycle(sides: Sides) -> Sides | None:
    following = NEXT_CYCLE.get(sides.pair)
    if following is None:
        return None
    return Sides(client=following[0], server=following[1], keep_alive=sides.keep_alive)


Step: TypeAlias = Callable[[Sides], Sides | None]


def asks(sides: Sides) -> Sides | None:
    return client_does(sides, Request)


def asks_for_the_last_time(sides: Sides) -> Sides | None:
    return client_does(sides, Request, last=True)


def client_ends(sides: Sides) -> Sides | None:
    return client_does(sides, EndOfMessage)


def client_leaves(sides: Sides) -> Sides | None:
    return client_does(sides, ConnectionClosed)


def answers(sides: Sides) -> Sides | None:
    return server_does(sides, Response)


def answers_for_the_last_time(sides: Sides) -> Sides | None:
    return server_does(sides, Response, last=True)


def server_ends(sides: Sides) -> Sides | None:
    return server_does(sides, EndOfMessage)


def server_leaves(sides: Sides) -> Sides | None:
    return server_does(sides, ConnectionClosed, last=True)


JOINT_CONVERSATIONS: dict[str, list[tuple[Step, Pair]]] = {
    "two exchanges": [
        (asks, (SB, SR)),
        (client_ends, (DN, SR)),
        (answers, (DN, SB)),
        (server_ends, (DN, DN)),
        (next_cycle, (ID, ID)),
        (asks, (SB, SR)),
    ],
    "an answer before the request is complete": [
        (asks, (SB, SR)),
        (answers, (SB, SB)),
        (server_ends, (SB, DN)),
        (client_ends, (DN, DN)),
        (next_cycle, (ID, ID)),
    ],
    "a client's last request": [
        (asks_for_the_last_time, (SB, SR)),
        (client_ends, (MC, SR)),
        (answers, (MC, SB)),
        (server_ends, (MC, MC)),
        (client_leaves, (CL, MC)),
        (server_leaves, (CL, CL)),
    ],
    "a server's last answer": [
        (asks, (SB, SR)),
        (client_ends, (DN, SR)),
        (answers_for_the_last_time, (MC, SB)),
        (server_ends, (MC, MC)),
        (server_leaves, (MC, CL)),
        (client_leaves, (CL, CL)),
    ],
    "a client that half-closes": [
        (asks, (SB, SR)),
        (client_ends, (DN, SR)),
        (client_leaves, (CL, SR)),
        (answers, (CL, SB)),
        (server_ends, (CL, MC)),
        (server_leaves, (CL, CL)),
    ],
    "a client that leaves between two requests": [
        (client_leaves, (CL, MC)),
        (server_leaves, (CL, CL)),
    ],
    "a server that leaves between two requests": [
        (server_leaves, (MC, CL)),
        (client_leaves, (CL, CL)),
    ],
    "a server that leaves behind an answer": [
        (asks, (SB, SR)),
        (client_ends, (DN, SR)),
        (answers, (DN, SB)),
        (server_ends, (DN, DN)),
        (server_leaves, (MC, CL)),
    ],
    "an answer that nobody asked for": [
        (answers_for_the_last_time, (MC, SB)),
        (server_ends, (MC, MC)),
        (client_leaves, (CL, MC)),
    ],
    "a client that breaks the rules before its request": [
        (client_fails, (ER, ID)),
        (answers, (ER, SB)),
        (server_ends, (ER, MC)),
        (server_leaves, (ER, CL)),
    ],
    "a client that breaks the rules in its body": [
        (asks, (SB, SR)),
        (client_fails, (ER, SR)),
        (answers, (ER, SB)),
        (server_ends, (ER, MC)),
    ],
    "a client that breaks the rules behind the answer": [
        (asks, (SB, SR)),
        (answers, (SB, SB)),
        (server_ends, (SB, DN)),
        (client_fails, (ER, MC)),
    ],
    "a server that is cut off before the request": [
        (server_fails, (MC, ER)),
        (client_leaves, (CL, ER)),
    ],
    "a server that is cut off in the request": [
        (asks, (SB, SR)),
        (server_fails, (SB, ER)),
        (client_ends, (MC, ER)),
    ],
    "a server that is cut off behind the request": [
        (asks, (SB, SR)),
        (client_ends, (DN, SR)),
        (server_fails, (MC, ER)),
    ],
    "both are cut off": [(server_fails, (MC, ER)), (client_fails, (ER, ER))],
}

IMPOSSIBLE_STEPS: dict[str, list[Step]] = {
    "a second request in the same exchange": [asks, client_ends, asks],
    "an end before the request": [client_ends],
    "a request behind the last": [asks_for_the_last_time, client_ends, asks],
    "a request behind an unasked answer": [answers_for_the_last_time, asks],
    "a request that nobody can answer": [server_fails, asks],
    "an answer without a request, behind an answer": [asks, answers, server_ends, answers],
    "leaving before the answer": [asks, client_ends, server_leaves],
    "leaving in the answer": [asks, client_ends, answers, server_leaves],
    "a client that leaves in its request": [asks, client_leaves],
    "a next cycle before the request is complete": [asks, answers, server_ends, next_cycle],
    "a next cycle before the answer is complete": [asks, client_ends, answers, next_cycle],
    "a next cycle behind the last": [
        *(asks_for_the_last_time, client_ends, answers, server_ends, next_cycle),
    ],
    "a next cycle before the first": [next_cycle],
}


@for_each("steps", JOINT_CONVERSATIONS.values(), ids=JOINT_CONVERSATIONS)
def test_a_legal_joint_conversation(steps: list[tuple[Step, Pair]]) -> None:
    sides = Sides()
    for step, expected in steps:
        following = step(sides)
        assert following is not None
        sides = following
        assert sides.pair == expected


@pytest.mark.parametrize("steps", IMPOSSIBLE_STEPS.values(), ids=IMPOSSIBLE_STEPS)
def test_a_step_that_cannot_follow(steps: list[Step]) -> None:
    sides = Sides()
    *before, last = steps
    for step in before:
        following = step(sides)
        assert following is not None
        sides = following
    assert last(sides) is None


EVERY_PAIR = list(itertools.product(HTTP_STATES, HTTP_STATES))

MOVED_TOGETHER: dict[Pair, Pair] = {
    # A request calls for an answer; one that was not asked for is the last.
    (SB, ID): (SB, SR),
    (ID, SB): (MC, SB),
    # Nobody is left to ask.
    (CL, ID): (CL, MC),
    (CL, DN): (CL, MC),
    (ER, DN): (ER, MC),
    # Nobody is left to answer.
    (ID, CL): (MC, CL),
    (DN, CL): (MC, CL),
    (ID, ER): (MC, ER),
    (DN, ER): (MC, ER),
}
"""What the conversations above show to change without an event of its own."""


@for_each(("client", "server"), EVERY_PAIR)
def test_two_states_change_together_only_where_nobody_is_left(client: State, server: State) -> None:
    expected = MOVED_TOGETHER.get((client, server), (client, server))
    assert join(client, server, keep_alive=True) == expected


@for_each(("client", "server"), EVERY_PAIR)
def test_what_is_done_for_the_last_time_must_close(client: State, server: State) -> None:
    closing = tuple(MC if state is DN else state for state in (client, server))
    assert join(client, server, keep_alive=False) == MOVED_TOGETHER.get(
        (closing[0], closing[1]), closing
    )


@for_each(("client", "server"), EVERY_PAIR)
@for_each("keep_alive", [True, False])
def test_nothing_is_left_to_be_joined(client: State, server: State, keep_alive: bool) -> None:
    once = join(client, server, keep_alive=keep_alive)
    assert join(*once, keep_alive=keep_alive) == once


@for_each(("client", "server"), EVERY_PAIR)
def test_only_what_is_done_on_both_sides_begins_again(client: State, server: State) -> None:
    expected = (ID, ID) if (client, server) == (DN, DN) else None
    assert NEXT_CYCLE.get((client, server)) == expected


def test_only_what_is_done_is_affected_by_the_last_cycle() -> None:
    assert LAST_CYCLE == {State.DONE: State.MUST_CLOSE}


# And the same of h11: whatever can happen, from wherever that leads.

CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"


def h11_reads(raw: bytes) -> Callable[[h11.Connection], object]:
    def read(connection: h11.Connection) -> object:
        connection.receive_data(raw)
        return connection.next_event()

    return read


def h11_reads_garbage(connection: h11.Connection) -> None:
    connection.receive_data(b"\0\r\n\r\n")
    with pytest.raises(h11.RemoteProtocolError):
        connection.next_event()


def h11_sends(event: h11.Event) -> Callable[[h11.Connection], object]:
    return lambda connection: connection.send(event)


def client_sends_a_part(sides: Sides) -> Sides | None:
    return client_does(sides, Data)


def client_talks_garbage(sides: Sides) -> Sides | None:
    # Behind a message h11 takes bytes for the next, and behind the last for an
    # error; ours are not even read (RFC 9112 9.6).
    return client_fails(sides) if sides.client in (ID, SB) else None


def server_hints(sides: Sides) -> Sides | None:
    return server_does(sides, InformationalResponse)


def server_answers(sides: Sides) -> Sides | None:
    # An answer before any request ends with the connection: nobody knows what the
    # client speaks.
    return server_does(sides, Response, last=sides.server is ID)


def server_sends_a_part(sides: Sides) -> Sides | None:
    return server_does(sides, Data)


def h11_begins_again(connection: h11.Connection) -> None:
    connection.start_next_cycle()


STEPS: dict[Step, Callable[[h11.Connection], object]] = {
    asks: h11_reads(CHUNKED + b"\r\n"),
    asks_for_the_last_time: h11_reads(CHUNKED + b"Connection: close\r\n\r\n"),
    client_sends_a_part: h11_reads(b"1\r\na\r\n"),
    client_ends: h11_reads(b"0\r\n\r\n"),
    client_leaves: h11_reads(b""),
    client_talks_garbage: h11_reads_garbage,
    server_hints: h11_sends(TO_H11[InformationalResponse]),
    server_answers: h11_sends(TO_H11[Response]),
    answers_for_the_last_time: h11_sends(
        h11.Response(status_code=200, headers=[(b"Connection", b"close")])
    ),
    server_sends_a_part: h11_sends(TO_H11[Data]),
    server_ends: h11_sends(TO_H11[EndOfMessage]),
    server_leaves: h11_sends(TO_H11[ConnectionClosed]),
    server_fails: failed,
    next_cycle: h11_begins_again,
}

OF_THE_CLIENT = (
    *(asks, asks_for_the_last_time, client_sends_a_part, client_ends, client_leaves),
    client_talks_garbage,
)

DIFFERENCES: dict[tuple[Pair, Step], str] = {
    ((ID, ID), server_answers): "an unasked answer is the last: no request is read behind it, "
    "where h11 reads it and takes it for an error",
    ((ID, ID), answers_for_the_last_time): "as above",
    ((ID, ID), server_fails): "who cannot answer reads no request, where h11 still would",
}
"""(client, server), and the step that leads elsewhere in h11, with the reason."""


def replayed(path: tuple[Step, ...]) -> h11.Connection:
    connection = h11.Connection(h11.SERVER)
    for step in path:
        STEPS[step](connection)
    return connection


def pair_of(connection: h11.Connection) -> Pair:
    states = connection.states
    return OF_H11[states[h11.CLIENT]], OF_H11[states[h11.SERVER]]


def explored() -> Iterator[tuple[Sides, tuple[Step, ...], Step]]:
    """Every step from every pair of states that can be reached, with a way that leads there."""
    seen = {Sides()}
    waiting: deque[tuple[Sides, tuple[Step, ...]]] = deque([(Sides(), ())])
    while waiting:
        sides, path = waiting.popleft()
        for step in STEPS:
            yield sides, path, step
            following = step(sides)
            known = following is None or following in seen or (sides.pair, step) in DIFFERENCES
            if following is not None and not known:
                seen.add(following)
                waiting.append((following, (*path, step)))


ALL_STEPS = list(explored())


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_each_step_leads_from_each_pair_where_it_leads_in_h11(step: Step) -> None:
    for sides, path, taken in ALL_STEPS:
        if taken is not step:
            continue
        following = step(sides)
        if following is None and step in OF_THE_CLIENT:
            # As the client of an h11 that is a server can only be made to send
            # bytes, what it may not send is compared in the tables above.
            continue
        connection = replayed(path)
        assert pair_of(connection) == sides.pair
        try:
            STEPS[step](connection)
        except h11.LocalProtocolError:
            theirs = None
        else:
            theirs = pair_of(connection)
        ours = following and following.pair
        if (sides.pair, step) in DIFFERENCES:
            assert ours != theirs, "no difference any more"
        else:
            assert ours == theirs, sides.pair


def test_the_exploration_has_been_everywhere() -> None:
    assert {sides.pair for sides, _, _ in ALL_STEPS} == {
        *((ID, ID), (SB, SR), (SB, SB), (SB, DN), (DN, SR), (DN, SB), (DN, DN)),
        # The last exchange.
        *((SB, MC), (MC, SR), (MC, SB), (MC, MC), (CL, SR), (CL, SB), (CL, MC)),
        # One has left.
        *((MC, CL), (CL, CL), (SB, CL)),
        # One has failed.
        *((ER, ID), (ER, SR), (ER, SB), (ER, MC), (ER, CL), (SB, ER), (MC, ER), (CL, ER), (ER, ER)),
    }
