"""The seam speaks of the events that the tables let through."""

from typing import get_args

from tremolo_core import Data, EndOfMessage, InformationalResponse, Request, Response
from tremolo_core.engine import Engine, IncomingEvent, OutgoingEvent
from tremolo_core.h11_engine import H11Engine
from tremolo_core.states import CLIENT_MOVES, SERVER_MOVES


def test_an_engine_reads_whatever_a_client_may_send() -> None:
    assert set(get_args(IncomingEvent)) == {Request, Data, EndOfMessage}
    assert set(get_args(IncomingEvent)) < {event for _, event in CLIENT_MOVES}


def test_an_engine_writes_whatever_a_server_may_send() -> None:
    sent = {InformationalResponse, Response, Data, EndOfMessage}
    assert set(get_args(OutgoingEvent)) == sent
    assert set(get_args(OutgoingEvent)) < {event for _, event in SERVER_MOVES}


def test_there_is_an_engine() -> None:
    # It is the type checker that compares the methods.
    engine: Engine = H11Engine()
    assert engine.next_event() is None
