"""What an application may take if nobody says otherwise."""

from tremolo_asgi.lifespan_timeouts import LifespanTimeouts


def test_start_up_may_take_as_long_as_it_likes_and_the_end_may_not() -> None:
    timeouts = LifespanTimeouts()
    assert timeouts.startup is None
    assert timeouts.shutdown is not None
    # Who is cancelled is in a hurry.
    assert timeouts.cancelled < timeouts.shutdown
