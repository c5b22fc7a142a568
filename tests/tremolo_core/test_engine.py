"""The seam speaks of the events that the tables let through."""

from typing import get_args, get_type_hints

import pytest

from tremolo_core import (
    Data,
    EndOfMessage,
    Headers,
    InformationalResponse,
    Limits,
    Request,
    Response,
)
from tremolo_core.answer_head import AnswerHead, lasting_head
from tremolo_core.engine import Engine, OutgoingEvent
from tremolo_core.fast_engine import FastEngine
from tremolo_core.gate import Passed
from tremolo_core.h11_engine import H11Engine
from tremolo_core.head import parse_head
from tremolo_core.states import CLIENT_MOVES, SERVER_MOVES

from .corpus import GET

_END = EndOfMessage()


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


@pytest.mark.parametrize("headers", [Headers(((b"content-length", b"16"),)), Headers()])
def test_a_whole_answer_is_what_its_parts_are(headers: Headers) -> None:
    pieces = [b"hello", b" ", b"world", b"!" * 5]
    head = lasting_head(Response(status=200, headers=headers))
    wholes = []
    for chosen in (H11Engine, FastEngine):
        whole, parts = chosen(), chosen()
        for made in (whole, parts):
            made.read_head(parse_head(GET, Limits()))
            made.read_body(b"", Passed.END)
        out: list[bytes] = []
        parts.write([head, *(Data(data=piece) for piece in pieces), _END], out)
        wholes.append(whole.whole(head, pieces))
        assert wholes[-1] == b"".join(out)
    first, second = wholes
    assert first == second
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
