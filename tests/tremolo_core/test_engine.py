"""The seam speaks of the events that the tables let through."""

from typing import get_args, get_type_hints

from tremolo_core import Data, EndOfMessage, InformationalResponse, Limits, Request, Response
from tremolo_core.answer_head import AnswerHead
from tremolo_core.engine import Engine, OutgoingEvent
from tremolo_core.fast_engine import FastEngine
from tremolo_core.h11_engine import H11Engine
from tremolo_core.head import parse_head
from tremolo_core.states import CLIENT_MOVES, SERVER_MOVES

from .corpus import GET


def test_an_engine_reads_whatever_a_client_may_send() -> None:
    heads = {get_type_hints(Engine.read_head)["return"]}
    bodies = {*get_args(get_type_hints(Engine.read_body)["return"])} - {type(None)}
    assert heads | bodies == {Request, Data, EndOfMessage}
    assert heads | bodies < {event for _, event in CLIENT_MOVES}


def test_an_engine_writes_whatever_a_server_may_send() -> None:
    sent = {InformationalResponse, AnswerHead, Data, EndOfMessage}
    assert set(get_args(OutgoingEvent)) == sent
    # The head of a Response is judged and written before an engine sees it.
    assert sent - {AnswerHead} | {Response} < {event for _, event in SERVER_MOVES}


def test_there_are_two_engines() -> None:
    # It is the type checker that compares the methods.
    engines: list[Engine] = [H11Engine(), FastEngine()]
    head = parse_head(GET, Limits())
    asked, also_asked = (engine.read_head(head) for engine in engines)
    assert asked == also_asked
