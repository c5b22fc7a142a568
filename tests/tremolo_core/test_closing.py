"""How to end a connection, for every pair of states and all that a server may know."""

import itertools

import pytest

from tremolo_core.closing import Closing, closing_of
from tremolo_core.states import State

OVER = (State.MUST_CLOSE, State.CLOSED)

BOTH = (False, True)


@pytest.mark.parametrize("eof", BOTH)
@pytest.mark.parametrize("went_on", BOTH)
@pytest.mark.parametrize("expects_it", BOTH)
def test_while_we_have_something_to_say_it_goes_on(
    eof: bool, went_on: bool, expects_it: bool
) -> None:
    for client, server in itertools.product(State, set(State).difference(OVER, {State.ERROR})):
        closing = closing_of(client, server, eof=eof, went_on=went_on, expects_it=expects_it)
        assert closing is Closing.NO


@pytest.mark.parametrize("eof", BOTH)
@pytest.mark.parametrize("went_on", BOTH)
@pytest.mark.parametrize("expects_it", BOTH)
def test_who_cannot_say_it_ends_at_once(eof: bool, went_on: bool, expects_it: bool) -> None:
    for client in State:
        closing = closing_of(client, State.ERROR, eof=eof, went_on=went_on, expects_it=expects_it)
        assert closing is Closing.NOW


@pytest.mark.parametrize("server", OVER)
@pytest.mark.parametrize(
    ("eof", "went_on", "expects_it", "over", "closing"),
    [
        # Who left sends nothing that could cause a reset.
        (True, True, False, False, Closing.NOW),
        (True, False, True, True, Closing.NOW),
        # Nor who knows that this was the last, and has sent all.
        (False, False, True, True, Closing.NOW),
        # Anybody else may be sending.
        (False, True, True, True, Closing.LINGER),
        (False, False, False, True, Closing.LINGER),
        (False, False, True, False, Closing.LINGER),
    ],
)
def test_when_all_is_said(
    server: State, eof: bool, went_on: bool, expects_it: bool, over: bool, closing: Closing
) -> None:
    for client in OVER if over else set(State).difference(OVER):
        assert closing is closing_of(
            client, server, eof=eof, went_on=went_on, expects_it=expects_it
        )
