"""Waiting, for tests that run on a `Clock`: there it takes no time."""

import anyio

from tremolo.testing.clock import time_is_the_tests


async def wait(seconds: float) -> None:
    """Return when so many of the test's own seconds have passed."""
    assert time_is_the_tests(), "a test waits for events, and for time only if that is its own"
    await anyio.sleep_until(anyio.current_time() + seconds)
