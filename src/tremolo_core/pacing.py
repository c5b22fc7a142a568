"""How fast bytes may go: a token bucket that is told what time it is.

It only says how long to wait. Who waits, and what becomes of the bytes
meanwhile, is the business of whoever moves them.
"""

import math

__all__ = ("TokenBucket",)


class TokenBucket:
    """Lets bytes go at a rate, and a burst of them at once after a pause.

    If each `take` is waited for, and none is of more than a burst, then between
    any two moments no more bytes go than a burst, and the rate times the
    seconds between. A bucket begins full, so in its first seconds it lets go a
    burst more than the rate: with a burst of half a second's bytes, a transfer
    of ten seconds is 5 % above the rate. A bucket also makes up for those who
    wake late, as long as the burst is more than what would have gone in the
    time that they overslept.
    """

    # What is remembered is how many bytes went since the bucket was last full,
    # and when that was. Whole numbers do not round, and one product of a float
    # errs by less than a byte in a petabyte; a level that each call adds to
    # and takes from would collect the errors of them all.
    __slots__ = ("_burst", "_full_at", "_rate", "_taken")

    def __init__(self, *, rate: float, burst: int) -> None:
        """Make a full bucket: `rate` in bytes per second, `burst` in bytes.

        Raises ValueError unless the rate is positive and finite, and the burst
        one byte at least.
        """
        _judge(rate, burst)
        self._rate = rate
        self._burst = burst
        self._taken: float = 0
        self._full_at = -math.inf

    @property
    def rate(self) -> float:
        """Bytes per second."""
        return self._rate

    @property
    def burst(self) -> int:
        """Bytes that may go at once: the size of the pieces to cut what is more."""
        return self._burst

    def take(self, size: int, now: float) -> float:
        """Take `size` bytes out, and return how many seconds to wait before they may go.

        That is 0.0 if they may go now. They are taken at once: whoever waited
        may send without asking again, whoever asks meanwhile waits for longer.
        More than a burst may be taken, but will then go in one piece; 0 bytes
        wait for all that was taken before. `now` is in seconds and must not go
        backwards. Raises ValueError for a negative size.
        """
        if size < 0:
            raise ValueError(f"no {size} bytes can be taken")
        missing = self._missing(now)
        if missing <= 0:
            self._taken, self._full_at, missing = 0, now, 0.0
        self._taken += size
        return max(0.0, (missing + size - self._burst) / self._rate)

    def change(self, now: float, *, rate: float, burst: int) -> None:
        """From now on, let bytes go by another rate and burst.

        A bucket that was half empty is half empty then: however often they
        change, nothing is won, and a burst of a high rate is not paid for by a
        low one. Whoever waits already does so by the old rate, unless it asks
        again for 0 bytes. Raises ValueError as the constructor does, and
        changes nothing.
        """
        _judge(rate, burst)
        self._taken = max(0.0, self._missing(now)) * burst / self._burst
        self._full_at = now
        self._rate = rate
        self._burst = burst

    def _missing(self, now: float) -> float:
        """How many bytes short of full the bucket is; not positive if it is full."""
        return self._taken - (now - self._full_at) * self._rate


def _judge(rate: float, burst: int) -> None:
    if not 0 < rate < math.inf:
        raise ValueError(f"a rate is a positive number of bytes per second, not {rate}")
    if burst < 1:
        raise ValueError(f"a burst is one byte at least, not {burst}")
