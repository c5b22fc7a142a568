"""What a peer is being waited for. When it is too late is shown in `test_deadlines`."""

import itertools

import pytest

from tests.cases import for_each
from tremolo_core import AcceptWebSocket, Headers, Limits, State
from tremolo_core.deadlines import Wait
from tremolo_core.incoming import Incoming
from tremolo_core.standing import standing_of
from tremolo_core.waits import wait_of
from tremolo_core.websocket_handshake import Agreement

from .framing import close_frame

WAITING = (State.IDLE, State.SEND_BODY, State.OPEN)
FRAMED = (State.OPEN, State.CLOSING)


def incoming(data: bytes = b"") -> Incoming:
    made = Incoming(Limits(), fast_path=True)
    made.receive_data(data)
    return made


def framed(data: bytes = b"", *, eof: bool = False) -> Incoming:
    made = incoming()
    agreed = Agreement(acceptance=AcceptWebSocket(), headers=Headers(), deflate=None)
    frames = made.open_frames(agreed, State.DONE)
    frames.feed(data)
    assert list(frames.read()) == []
    made.eof = eof
    return made


@pytest.mark.parametrize(
    ("first", "data", "wait"),
    [
        (True, b"", Wait.HEAD),
        (True, b"GET", Wait.HEAD),
        (False, b"", Wait.NEXT_REQUEST),
        (False, b"GET", Wait.HEAD),
    ],
)
@pytest.mark.parametrize("wanted", [True, False])
def test_for_a_request(first: bool, data: bytes, wanted: bool, wait: Wait) -> None:
    idle = standing_of(State.IDLE, State.IDLE)
    assert wait_of(idle, incoming(data), first=first, wanted=wanted) is wait


@pytest.mark.parametrize("server", State)
def test_for_a_body(server: State) -> None:
    here = standing_of(State.SEND_BODY, server)
    assert wait_of(here, incoming(), first=True, wanted=True) is Wait.BODY
    assert wait_of(here, incoming(), first=True, wanted=False) is Wait.UNWANTED_BODY


@pytest.mark.parametrize("server", State)
def test_for_frames(server: State) -> None:
    here = standing_of(State.OPEN, server)
    for made, wait in [
        (incoming(), Wait.NOTHING),
        (framed(), Wait.SILENCE),
        (framed(eof=True), Wait.NOTHING),
        (framed(close_frame(1000)), Wait.LAST_FRAME_TOLD),
        (framed(close_frame(1000), eof=True), Wait.LAST_FRAME_TOLD),
    ]:
        expected = wait if server in FRAMED else Wait.NOTHING
        assert wait_of(here, made, first=True, wanted=True) is expected


@for_each(
    ("client", "server"),
    [pair for pair in itertools.product(State, State) if pair[0] not in WAITING],
)
def test_for_nothing(client: State, server: State) -> None:
    here = standing_of(client, server)
    for first, wanted in itertools.product((True, False), repeat=2):
        assert wait_of(here, framed(), first=first, wanted=wanted) is Wait.NOTHING
