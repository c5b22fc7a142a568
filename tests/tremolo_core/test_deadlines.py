"""Time-outs, by telling what time it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tremolo_core import Timeouts
from tremolo_core.deadlines import Deadlines, Wait, Waiting, lateness

TIMEOUTS = Timeouts(head=30.0, body_idle=10.0, body_rate=100.0, keep_alive=75.0)
IDLE_ONLY = Timeouts(head=30.0, body_idle=10.0, body_rate=None, keep_alive=75.0)


def waiting(wait: Wait, *, cycle: int = 0, received: int = 0) -> Waiting:
    return Waiting(wait=wait, cycle=cycle, received=received)


HEAD = waiting(Wait.HEAD)
BODY = waiting(Wait.BODY)
UNWANTED = waiting(Wait.UNWANTED_BODY)
NOTHING = waiting(Wait.NOTHING)


def test_a_head_counts_from_the_first_look() -> None:
    deadlines = Deadlines(TIMEOUTS)
    assert deadlines.deadline(HEAD, 1000.0) == 1030.0
    assert deadlines.deadline(HEAD, 1010.0) == 1030.0


def test_progress_does_not_extend_a_head() -> None:
    deadlines = Deadlines(TIMEOUTS)
    for second in range(40):
        head = waiting(Wait.HEAD, received=second)
        assert deadlines.deadline(head, float(second)) == 30.0


def test_a_later_head_counts_from_its_first_byte() -> None:
    deadlines = Deadlines(TIMEOUTS)
    assert deadlines.deadline(waiting(Wait.NEXT_REQUEST, cycle=1), 100.0) == 175.0
    assert deadlines.deadline(waiting(Wait.NEXT_REQUEST, cycle=1), 150.0) == 175.0
    assert deadlines.deadline(waiting(Wait.HEAD, cycle=1, received=1), 160.0) == 190.0
    assert deadlines.deadline(waiting(Wait.HEAD, cycle=1, received=2), 189.0) == 190.0


def test_the_head_of_another_cycle_is_another_head() -> None:
    deadlines = Deadlines(TIMEOUTS)
    deadlines.deadline(HEAD, 0.0)
    assert deadlines.deadline(waiting(Wait.HEAD, cycle=1), 20.0) == 50.0


def test_a_next_request_counts_from_the_end_of_the_cycle_before() -> None:
    deadlines = Deadlines(TIMEOUTS)
    assert deadlines.deadline(waiting(Wait.NEXT_REQUEST, cycle=1), 0.0) == 75.0
    assert deadlines.deadline(waiting(Wait.NEXT_REQUEST, cycle=2), 10.0) == 85.0


def test_nobody_is_waited_for() -> None:
    deadlines = Deadlines(TIMEOUTS)
    assert deadlines.deadline(NOTHING, 0.0) is None
    assert deadlines.deadline(UNWANTED, 1.0) is None
    assert deadlines.deadline(NOTHING, 2.0) is None


def test_each_piece_of_a_body_may_take_so_long() -> None:
    deadlines = Deadlines(IDLE_ONLY)
    assert deadlines.deadline(BODY, 0.0) == 10.0
    assert deadlines.deadline(BODY, 5.0) == 10.0
    assert deadlines.deadline(waiting(Wait.BODY, received=1), 9.0) == 19.0
    assert deadlines.deadline(waiting(Wait.BODY, received=1), 18.0) == 19.0
    assert deadlines.deadline(waiting(Wait.BODY, received=2), 18.5) == 28.5


def test_a_body_that_nobody_wanted_is_waited_for_anew() -> None:
    deadlines = Deadlines(IDLE_ONLY)
    assert deadlines.deadline(BODY, 0.0) == 10.0
    assert deadlines.deadline(UNWANTED, 9.0) is None
    assert deadlines.deadline(UNWANTED, 1000.0) is None
    assert deadlines.deadline(BODY, 2000.0) == 2010.0
    assert deadlines.deadline(BODY, 2005.0) == 2010.0


def test_a_body_must_come_at_some_rate() -> None:
    deadlines = Deadlines(TIMEOUTS)
    assert deadlines.deadline(waiting(Wait.BODY, received=500), 0.0) == 10.0
    # Ten seconds' grace, and one for each hundred bytes since.
    assert deadlines.deadline(waiting(Wait.BODY, received=700), 9.0) == 12.0
    assert deadlines.deadline(waiting(Wait.BODY, received=701), 11.0) == pytest.approx(12.01)
    assert deadlines.deadline(waiting(Wait.BODY, received=10_000), 11.5) == 21.5


def test_a_body_that_nobody_wants_need_not_hurry() -> None:
    deadlines = Deadlines(TIMEOUTS)
    assert deadlines.deadline(BODY, 0.0) == 10.0
    assert deadlines.deadline(BODY, 5.0) == 10.0
    for second in range(5, 105):
        assert deadlines.deadline(UNWANTED, float(second)) is None
    # Five seconds have been waited for, and since then none that is known.
    assert deadlines.deadline(BODY, 105.0) == 110.0
    assert deadlines.deadline(waiting(Wait.BODY, received=100), 105.5) == 111.0


def test_a_body_that_has_just_become_wanted_is_not_late() -> None:
    deadlines = Deadlines(TIMEOUTS)
    deadlines.deadline(UNWANTED, 0.0)
    # It cannot be known since when: the look before is long ago.
    assert deadlines.deadline(BODY, 1000.0) == 1010.0


def test_what_came_while_nobody_wanted_it_is_to_the_peers_credit() -> None:
    deadlines = Deadlines(TIMEOUTS)
    deadlines.deadline(BODY, 0.0)
    deadlines.deadline(waiting(Wait.UNWANTED_BODY, received=300), 1.0)
    assert deadlines.deadline(waiting(Wait.BODY, received=300), 1.0) == 11.0
    assert deadlines.deadline(waiting(Wait.BODY, received=301), 8.0) == pytest.approx(14.01)


def test_the_body_of_another_cycle_is_another_body() -> None:
    deadlines = Deadlines(TIMEOUTS)
    deadlines.deadline(BODY, 0.0)
    assert deadlines.deadline(waiting(Wait.BODY, cycle=1, received=5), 9.0) == 19.0


def test_a_body_is_no_head() -> None:
    deadlines = Deadlines(TIMEOUTS)
    deadlines.deadline(HEAD, 0.0)
    assert deadlines.deadline(BODY, 29.0) == 39.0
    assert deadlines.deadline(NOTHING, 30.0) is None
    assert deadlines.deadline(BODY, 31.0) == 41.0


NEVER = Timeouts(
    head=None, body_idle=None, body_rate=None, keep_alive=None, ping=None, pong=None, close=None
)


@pytest.mark.parametrize("wait", [wait for wait in Wait if wait is not Wait.LAST_FRAME_TOLD])
def test_without_a_time_out_nothing_is_late(wait: Wait) -> None:
    deadlines = Deadlines(NEVER)
    assert deadlines.deadline(waiting(wait), 0.0) is None
    assert deadlines.deadline(waiting(wait), 1e9) is None


def test_without_grace_there_is_no_rate_to_keep() -> None:
    deadlines = Deadlines(Timeouts(body_idle=None, body_rate=100.0))
    assert deadlines.deadline(BODY, 0.0) is None
    assert deadlines.deadline(BODY, 1e9) is None


@pytest.mark.parametrize("rate", [None, 0.0])
def test_without_a_rate_any_progress_will_do(rate: float | None) -> None:
    deadlines = Deadlines(Timeouts(body_idle=10.0, body_rate=rate))
    for second in range(100):
        body = waiting(Wait.BODY, received=second)
        assert deadlines.deadline(body, float(second)) == second + 10.0


# Whatever happens between two looks.

STEPS = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=400),
        st.sampled_from(["look", "look", "byte", "want", "leave", "next"]),
    ),
    max_size=40,
)
"""What happens, and how many eighths of a second later: sums of those are exact."""


@given(steps=STEPS)
def test_a_head_is_late_by_one_look_at_most_and_never_early(
    steps: list[tuple[int, str]],
) -> None:
    deadlines = Deadlines(TIMEOUTS)
    now = began = 0.0
    noticed: float | None = None
    cycle = 0
    for eighths, step in steps:
        now += eighths / 8
        if step == "next":
            cycle, began, noticed = cycle + 1, now, None
        elif step == "look":
            noticed = now if noticed is None else noticed
            deadline = deadlines.deadline(waiting(Wait.HEAD, cycle=cycle), now)
            assert deadline is not None
            assert began + 30.0 <= deadline == noticed + 30.0


@given(steps=STEPS)
def test_a_stalled_body_is_late_by_one_look_at_most_and_never_early(
    steps: list[tuple[int, str]],
) -> None:
    deadlines = Deadlines(IDLE_ONLY)
    now = moved = 0.0
    noticed: float | None = None
    wanted, received = True, 0
    for eighths, step in steps:
        now += eighths / 8
        if step == "look":
            wait = Wait.BODY if wanted else Wait.UNWANTED_BODY
            deadline = deadlines.deadline(waiting(wait, received=received), now)
            noticed = now if noticed is None or not wanted else noticed
            if wanted:
                assert deadline is not None
                assert moved + 10.0 <= deadline == noticed + 10.0
            else:
                assert deadline is None
        elif step == "byte":
            received, moved, noticed = received + 1, now, None
        elif step == "want" and not wanted:
            wanted, moved, noticed = True, now, None
        elif step == "leave" and wanted:
            # Who asked for a piece goes on asking until it comes.
            wanted, noticed, received = False, None, received + 1


@given(steps=STEPS)
def test_a_slow_body_is_never_refused_early(steps: list[tuple[int, str]]) -> None:
    deadlines = Deadlines(TIMEOUTS)
    now = since = waited = 0.0
    wanted, received = True, 0
    deadlines.deadline(BODY, now)
    for eighths, step in steps:
        now += eighths / 8
        waited += eighths / 8 if wanted else 0.0
        if step == "byte":
            received, since = received + 100, now
        elif step == "leave":
            wanted = False
        elif step == "want" and not wanted:
            # Some look has seen that nobody wanted it; none sees from when on somebody does.
            deadlines.deadline(waiting(Wait.UNWANTED_BODY, received=received), now - eighths / 16)
            wanted, since = True, now
        elif step == "look":
            wait = Wait.BODY if wanted else Wait.UNWANTED_BODY
            deadline = deadlines.deadline(waiting(wait, received=received), now)
            if deadline is not None and now >= deadline:
                assert now - since >= 10.0 or waited >= 10.0 + received / 100


# Of a WebSocket.

FRAMES = Timeouts(ping=20.0, pong=5.0, close=10.0)


def test_silence_counts_from_what_came_last() -> None:
    deadlines = Deadlines(FRAMES)
    assert deadlines.deadline(waiting(Wait.SILENCE, received=9), 100.0) == 120.0
    assert deadlines.deadline(waiting(Wait.SILENCE, received=9), 110.0) == 120.0
    assert deadlines.deadline(waiting(Wait.SILENCE, received=10), 115.0) == 135.0
    assert deadlines.deadline(waiting(Wait.SILENCE, received=10), 130.0) == 135.0


def test_a_pong_counts_from_the_ping() -> None:
    deadlines = Deadlines(FRAMES)
    deadlines.deadline(waiting(Wait.SILENCE), 0.0)
    assert deadlines.deadline(waiting(Wait.PONG), 20.0) == 25.0
    assert deadlines.deadline(waiting(Wait.PONG), 24.0) == 25.0
    # And then the silence counts anew.
    assert deadlines.deadline(waiting(Wait.SILENCE, received=1), 24.5) == 44.5


def test_a_close_is_not_put_off_by_what_comes_before_it() -> None:
    deadlines = Deadlines(FRAMES)
    for second in range(12):
        close = waiting(Wait.CLOSE, received=second)
        assert deadlines.deadline(close, float(second)) == 10.0


def test_who_asks_for_what_came_before_the_last_frame_has_a_second() -> None:
    deadlines = Deadlines(FRAMES)
    assert deadlines.deadline(waiting(Wait.LAST_FRAME_TOLD), 7.0) == 8.0
    assert deadlines.deadline(waiting(Wait.LAST_FRAME_TOLD), 7.5) == 8.0


@pytest.mark.parametrize(
    ("wait", "status", "close_code"),
    [
        (Wait.HEAD, 408, None),
        (Wait.BODY, 408, None),
        (Wait.PONG, None, 1011),
        (Wait.CLOSE, None, None),
    ],
)
def test_what_lateness_is_answered_with(
    wait: Wait, status: int | None, close_code: int | None
) -> None:
    error = lateness(wait)
    assert (error.status, error.close_code) == (status, close_code)


def test_each_lateness_has_its_reason() -> None:
    waits = (Wait.HEAD, Wait.BODY, Wait.PONG, Wait.CLOSE)
    assert len({lateness(wait).reason for wait in waits}) == len(waits)
