"""Where both sides of a connection stand, with every step from there worked out beforehand.

What is legal, and what follows from what, is said by the tables in `states`,
and nowhere else; here they are put together once, so that an event costs one
look-up by its type.
"""

from collections.abc import Mapping
from itertools import product

from .events import BytesMessage, Data, EndOfMessage, Event, Response, TextMessage
from .states import CLIENT_MOVES, NEXT_CYCLE, SERVER_MOVES, State, join

__all__ = ("IDLE", "Standing", "standing_of")


class Standing:
    """The states of both sides. There is one object for each pair of states."""

    __slots__ = (
        "answered",
        "answering",
        "by_client",
        "by_server",
        "client",
        "ended",
        "following",
        "hears_messages",
        "next_cycle",
        "rejoined",
        "sends_body",
        "sends_messages",
        "server",
    )

    def __init__(self, client: State, server: State) -> None:
        self.client = client
        self.server = server
        self.answering = server not in (State.IDLE, State.SEND_RESPONSE)
        """Whether the final answer has begun, or can never begin."""
        # What follows is filled in below, once there is an object for each pair.
        self.rejoined = (self, self)
        """What the states lead to together: in a last exchange, and in one that is not."""
        self.by_client: dict[type[Event], tuple[Standing, Standing]] = {}
        """The same after an event of the client; an event that is not here is illegal."""
        self.by_server: dict[type[Event], tuple[Standing, Standing]] = {}
        """The same after an event of the server."""
        self.sends_body = (False, False)
        """Whether `Data` of the server may come and leads nowhere else, in both again."""
        self.answered: tuple[Standing, Standing] | None = None
        """The same after a whole answer, where that may come: its head, `Data`, and the end.

        None for a client that was refused, as that makes more of an answer than it says.
        """
        self.ended: tuple[Standing, Standing] | None = None
        """The same after the end of the client's message, where that may come."""
        self.hears_messages = False
        """Whether messages of a WebSocket's client may come and lead nowhere else."""
        self.sends_messages = False
        """Whether those of its server may and do."""
        self.next_cycle: Standing | None = None
        """Where another exchange begins, if one may follow."""
        self.following: Standing | None = None
        """The same, or if only the end of the client's message is left before one may.

        Who stands here is not in a last exchange: the server's state would tell.
        """

    def __str__(self) -> str:
        """Both states, as an error names them."""
        return f"the client is {self.client.name} and the server {self.server.name}"


_ALL = {pair: Standing(*pair) for pair in product(State, State)}


def standing_of(client: State, server: State) -> Standing:
    """Return the one that has these states."""
    return _ALL[client, server]


def _joined(client: State, server: State) -> tuple[Standing, Standing]:
    return (
        standing_of(*join(client, server, keep_alive=False)),
        standing_of(*join(client, server, keep_alive=True)),
    )


def _stays(here: Standing, steps: Mapping[type[Event], tuple[Standing, Standing]]) -> bool:
    return all(steps.get(kind) == (here, here) for kind in (BytesMessage, TextMessage))


for (_client, _server), _here in _ALL.items():
    _here.rejoined = _joined(_client, _server)
    _here.by_client = {
        kind: _joined(to, _server) for (state, kind), to in CLIENT_MOVES.items() if state is _client
    }
    _here.by_server = {
        kind: _joined(_client, to) for (state, kind), to in SERVER_MOVES.items() if state is _server
    }
    _here.ended = _here.by_client.get(EndOfMessage)
    _last, _kept = _here.by_server.get(Data, (None, None))
    _here.sends_body = (_last is _here, _kept is _here)
    _here.hears_messages = _stays(_here, _here.by_client)
    _here.sends_messages = _stays(_here, _here.by_server)
    if (_client, _server) in NEXT_CYCLE:
        _here.next_cycle = _here.following = standing_of(*NEXT_CYCLE[_client, _server])
for _here in _ALL.values():
    if _here.ended is not None:
        _here.following = _here.ended[True].next_cycle
    if Response in _here.by_server and _here.client is not State.ERROR:
        _last, _kept = (
            _here.by_server[Response][keep].by_server[Data][keep].by_server[EndOfMessage][keep]
            for keep in (False, True)
        )
        _here.answered = (_last, _kept)

IDLE = standing_of(State.IDLE, State.IDLE)
"""Before a request."""
