"""Token buckets, on a clock that is told."""

import math
from collections.abc import Iterable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tremolo_core.pacing import TokenBucket


def sent(bucket: TokenBucket, size: int, *, start: float, seconds: float) -> int:
    """How many bytes a sender moves that has no end of them and waits as long as it is told."""
    total, now = 0, start
    while True:
        now += bucket.take(size, now)
        if now > start + seconds:
            return total
        total += size


def test_what_it_was_made_of() -> None:
    bucket = TokenBucket(rate=2.5, burst=10)
    assert (bucket.rate, bucket.burst) == (2.5, 10)


def test_a_burst_goes_at_once_and_then_each_byte_in_its_time() -> None:
    bucket = TokenBucket(rate=100, burst=50)
    assert bucket.take(30, 1000.0) == 0.0
    assert bucket.take(20, 1000.0) == 0.0
    assert bucket.take(1, 1000.0) == 0.01
    assert bucket.take(99, 1000.0) == 1.0
    assert bucket.take(100, 1001.0) == 1.0
    assert bucket.take(100, 1002.0) == 1.0


def test_a_pause_fills_it_and_does_not_overfill_it() -> None:
    bucket = TokenBucket(rate=100, burst=50)
    assert bucket.take(100, 0.0) == 0.5
    assert bucket.take(0, 0.5) == 0.0
    assert bucket.take(25, 0.75) == 0.0
    assert bucket.take(1, 0.75) == 0.01
    assert bucket.take(50, 1_000_000.0) == 0.0
    assert bucket.take(1, 1_000_000.0) == 0.01


def test_more_than_a_burst_is_waited_for_and_goes_in_one_piece() -> None:
    bucket = TokenBucket(rate=100, burst=50)
    assert bucket.take(1_050, 0.0) == 10.0


def test_nothing_costs_nothing_and_waits_for_what_was_taken() -> None:
    bucket = TokenBucket(rate=100, burst=50)
    assert bucket.take(0, 0.0) == 0.0
    assert bucket.take(150, 0.0) == 1.0
    assert bucket.take(0, 0.0) == 1.0
    assert bucket.take(0, 0.25) == 0.75
    assert bucket.take(0, 1.0) == 0.0
    assert bucket.take(0, 5.0) == 0.0


@pytest.mark.parametrize("now", [-5.0, 0.0, 1e9])
def test_any_clock_will_do(now: float) -> None:
    bucket = TokenBucket(rate=100, burst=50)
    assert bucket.take(50, now) == 0.0
    assert bucket.take(50, now) == 0.5


def test_who_wakes_late_makes_up_for_it() -> None:
    bucket = TokenBucket(rate=1_000, burst=100)
    now, total = 0.0, 0
    while now < 10.0:
        now += bucket.take(50, now)
        # Nobody wakes in time on a busy machine.
        now += 0.04
        total += 50
    assert total == pytest.approx(10_000, rel=0.02)


@pytest.mark.parametrize("start", [0.0, 1e9])
@pytest.mark.parametrize(("rate", "burst", "size"), [(64_000, 16_000, 7), (3.7, 1, 1)])
def test_a_hundred_thousand_pieces_do_not_drift(
    rate: float, burst: int, size: int, start: float
) -> None:
    bucket = TokenBucket(rate=rate, burst=burst)
    for _ in range(100_000):
        # Each is asked for at once: only the last knows how late it is.
        wait = bucket.take(size, start)
    assert wait == pytest.approx((100_000 * size - burst) / rate, rel=1e-12)

    bucket = TokenBucket(rate=rate, burst=burst)
    now = start
    for _ in range(100_000):
        now += bucket.take(size, now)
    assert now - start == pytest.approx((100_000 * size - burst) / rate, rel=1e-5)


def test_small_pieces_at_a_high_rate_late_in_the_life_of_a_clock() -> None:
    # A piece takes less time here than the clock of 30 years can tell apart.
    bucket = TokenBucket(rate=1e11, burst=1)
    for _ in range(100_000):
        wait = bucket.take(1_000, 1e9)
    assert wait == pytest.approx(1e-3, rel=1e-6)


RATES = st.floats(100, 1e10)
STARTS = st.floats(0, 1e7)


@given(rate=RATES, start=STARTS, share=st.floats(0.05, 0.5), pieces=st.integers(1, 10))
def test_ten_seconds_are_accurate_to_a_twentieth(
    rate: float, start: float, share: float, pieces: int
) -> None:
    burst = math.floor(rate * share)
    bucket = TokenBucket(rate=rate, burst=burst)
    total = sent(bucket, max(1, burst // pieces), start=start, seconds=10.0)
    assert rate * 10 * 0.99999 <= total <= rate * 10 * 1.05001


STEPS = st.lists(st.tuples(st.integers(0, 2_000), st.floats(0, 5)), max_size=40)
"""How many bytes to take, and how long after the one before they are ready."""


@given(rate=st.floats(1, 5_000), burst=st.integers(1, 3_000), steps=STEPS, start=STARTS)
def test_never_more_than_a_burst_above_the_rate_between_any_two_moments(
    rate: float, burst: int, steps: list[tuple[int, float]], start: float
) -> None:
    bucket = TokenBucket(rate=rate, burst=burst)
    went: list[tuple[float, int]] = []
    now = start
    for wanted, pause in steps:
        now += pause
        size = min(wanted, burst)
        now += bucket.take(size, now)
        went.append((now, size))
    for first, (began, _) in enumerate(went):
        total = 0
        for moment, size in went[first:]:
            total += size
            # After 1e7 seconds a clock of floats ticks in steps of 2e-9.
            assert total <= burst + rate * (moment - began) + 1e-3


@given(rate=st.floats(1, 5_000), burst=st.integers(1, 3_000), steps=STEPS, start=STARTS)
def test_never_more_than_a_burst_above_the_rate_since_the_start_whatever_the_pieces(
    rate: float, burst: int, steps: list[tuple[int, float]], start: float
) -> None:
    bucket = TokenBucket(rate=rate, burst=burst)
    total, now = 0, start
    for size, pause in steps:
        now += pause
        now += bucket.take(size, now)
        total += size
        assert total <= burst + rate * (now - start) + 1e-3


@given(
    rate=st.integers(1, 5_000),
    burst=st.integers(1, 3_000),
    steps=st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 5_000)), max_size=60),
)
def test_it_waits_as_long_as_one_that_reckons_in_fractions(
    rate: int, burst: int, steps: list[tuple[int, int]]
) -> None:
    bucket = TokenBucket(rate=rate, burst=burst)
    level, before, milliseconds = Fraction(burst), 0, 0
    for size, pause in steps:
        milliseconds += pause
        level = min(Fraction(burst), level + Fraction(rate * (milliseconds - before), 1000)) - size
        before = milliseconds
        expected = max(Fraction(0), -level / rate)
        assert bucket.take(size, milliseconds / 1000) == pytest.approx(float(expected), abs=1e-6)


def test_another_rate_counts_from_now_on() -> None:
    bucket = TokenBucket(rate=100, burst=50)
    assert bucket.take(250, 0.0) == 2.0
    bucket.change(1.0, rate=1_000, burst=50)
    assert (bucket.rate, bucket.burst) == (1_000, 50)
    assert bucket.take(0, 1.0) == 0.1
    assert bucket.take(100, 1.0) == 0.2
    bucket.change(1.1, rate=10, burst=50)
    assert bucket.take(0, 1.1) == pytest.approx(10.0)


def test_a_rate_that_changes_before_anything_was_taken() -> None:
    bucket = TokenBucket(rate=100, burst=50)
    bucket.change(5.0, rate=10, burst=20)
    assert bucket.take(20, 5.0) == 0.0
    assert bucket.take(10, 5.0) == 1.0


def test_a_rate_that_changes_after_a_long_pause_finds_it_full_and_not_fuller() -> None:
    bucket = TokenBucket(rate=100, burst=50)
    bucket.take(50, 0.0)
    bucket.change(100.0, rate=100, burst=50)
    assert bucket.take(50, 100.0) == 0.0
    assert bucket.take(50, 100.0) == 0.5


def test_another_burst_is_as_full_as_the_one_before() -> None:
    bucket = TokenBucket(rate=100, burst=50)
    bucket.take(40, 0.0)
    bucket.change(0.0, rate=100, burst=100)
    assert bucket.take(20, 0.0) == 0.0
    assert bucket.take(10, 0.0) == 0.1
    bucket.change(0.0, rate=10, burst=10)
    assert bucket.take(0, 0.0) == 0.1


@given(changes=st.lists(st.tuples(st.floats(1, 1_000), st.integers(1, 100)), max_size=50))
def test_changes_win_nothing(changes: list[tuple[float, int]]) -> None:
    bucket = TokenBucket(rate=100, burst=100)
    bucket.take(10_100, 0.0)
    for rate, burst in changes:
        bucket.change(0.0, rate=rate, burst=burst)
    bucket.change(0.0, rate=100, burst=100)
    assert bucket.take(0, 0.0) == pytest.approx(100.0)


@given(times=st.lists(st.floats(0, 10), max_size=50))
def test_a_change_to_the_same_costs_at_most_a_byte(times: Iterable[float]) -> None:
    bucket = TokenBucket(rate=100, burst=100)
    bucket.take(10_100, 0.0)
    times = sorted(times)
    for now in times:
        bucket.change(now, rate=100, burst=100)
    assert 90.0 - 1e-6 <= bucket.take(0, 10.0) <= 90.0 + 0.01 * len(times) + 1e-6


@pytest.mark.parametrize("rate", [0, -1, -0.5, math.inf, -math.inf, math.nan])
def test_a_rate_that_is_none(rate: float) -> None:
    with pytest.raises(ValueError, match="positive number of bytes per second"):
        TokenBucket(rate=rate, burst=1)


@pytest.mark.parametrize("burst", [0, -1])
def test_a_burst_that_is_none(burst: int) -> None:
    with pytest.raises(ValueError, match="one byte at least"):
        TokenBucket(rate=1, burst=burst)


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (1, 0), (math.nan, 1)])
def test_a_bad_change_changes_nothing(rate: float, burst: int) -> None:
    bucket = TokenBucket(rate=100, burst=50)
    bucket.take(150, 0.0)
    with pytest.raises(ValueError, match="byte"):
        bucket.change(0.5, rate=rate, burst=burst)
    assert (bucket.rate, bucket.burst) == (100, 50)
    assert bucket.take(0, 0.5) == 0.5


def test_less_than_nothing_cannot_be_taken() -> None:
    bucket = TokenBucket(rate=100, burst=50)
    with pytest.raises(ValueError, match="no -1 bytes"):
        bucket.take(-1, 0.0)
    assert bucket.take(50, 0.0) == 0.0
    assert bucket.take(1, 0.0) == 0.01
