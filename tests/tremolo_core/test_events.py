"""The vocabulary: closed, and made of values to the bottom."""

from typing import Any, get_args

import pytest

from tremolo_core import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    Headers,
    InformationalResponse,
    Request,
    Response,
    Signal,
)

FIELDS = Headers(((b"host", b"a"),))

ONE_OF_EACH: list[tuple[Event, Event, Event]] = [
    (
        Request(method=b"GET", target=b"/", headers=FIELDS),
        Request(method=b"GET", target=b"/", headers=Headers(FIELDS), http_version=b"1.1"),
        Request(method=b"GET", target=b"/", headers=FIELDS, http_version=b"1.0"),
    ),
    (
        InformationalResponse(status=103, headers=FIELDS),
        InformationalResponse(status=103, headers=Headers(FIELDS), reason=b""),
        InformationalResponse(status=103),
    ),
    (
        Response(status=200),
        Response(status=200, headers=Headers(), reason=b""),
        Response(status=200, reason=b"OK"),
    ),
    (Data(data=b"a"), Data(data=b"a"), Data(data=b"b")),
    (EndOfMessage(), EndOfMessage(trailers=Headers()), EndOfMessage(trailers=FIELDS)),
    (ConnectionClosed(), ConnectionClosed(), EndOfMessage()),
]
"""An event, its equal, and another."""


def test_there_is_one_of_each() -> None:
    assert {type(event) for event, _, _ in ONE_OF_EACH} <= set(get_args(Event))
    assert len({type(event) for event, _, _ in ONE_OF_EACH}) == len(ONE_OF_EACH)


@pytest.mark.parametrize(("event", "equal", "other"), ONE_OF_EACH)
def test_events_hash_and_compare(event: Event, equal: Event, other: Event) -> None:
    assert event == equal
    assert hash(event) == hash(equal)
    assert event != other
    assert len({event, equal, other}) == 2


@pytest.mark.parametrize("event", [event for event, _, _ in ONE_OF_EACH])
def test_events_are_made_by_name_only(event: Event) -> None:
    make: Any = type(event)
    with pytest.raises(TypeError, match="positional"):
        make(b"")


def test_an_informational_response_is_not_a_response() -> None:
    pair: set[object] = {InformationalResponse(status=200), Response(status=200)}
    assert len(pair) == 2


def test_a_signal_is_no_event() -> None:
    assert not isinstance(Signal.NEED_DATA, get_args(Event))
    assert set(Signal) == {Signal.NEED_DATA, Signal.PAUSED}
