"""How long a worker that dies is waited for."""

from tremolo_transport.back_off import BackOff


def test_each_death_in_a_series_takes_twice_as_long_up_to_a_bound() -> None:
    back_off = BackOff()
    assert [back_off.after(1.0) for _ in range(8)] == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0]


def test_a_worker_that_has_served_long_begins_anew() -> None:
    back_off = BackOff()
    assert [back_off.after(served) for served in (0.0, 0.0, 60.0, 0.0)] == [0.0, 0.5, 0.0, 0.5]
