"""How fast the bytes of one connection may go: what is told, and what of it is in force.

Rates are reckoned in `tremolo_core.pacing`. Who waits for them is the business
of `link` for answers, and of `served_exchange` for requests.
"""

import enum
import math
from typing import Literal, TypeAlias

import anyio

from tremolo_core import value
from tremolo_core.pacing import TokenBucket

__all__ = ("KEEP", "ConnectionPace", "Keep", "Pace", "Rate", "Throttle")


class Keep(enum.Enum):
    """A rate that is left as it is."""

    KEEP = enum.auto()


KEEP: Literal[Keep.KEEP] = Keep.KEEP

Rate: TypeAlias = float | None
"""Bytes per second; None and 0 are as fast as it goes."""

_PIECE_SECONDS = 0.125
"""Bytes go in pieces that take so long, so that a rate is kept evenly and changes soon count."""

_AS_MUCH_AS_THERE_IS = 1 << 62

_WRITE_SIZE = 65_536 + 1_024
"""Bytes of one write at most, as it tells nothing of its progress, nor is told of another rate.

So much of a body is copied at a time, and never all of it. A piece of 64 KiB
goes in one, with what frames it.
"""


@value
class Pace:
    """How fast the bytes of each connection may go, in either direction; by default at any speed.

    Both count by connection: a client with two has twice the rate.
    """

    download: Rate = None
    """Of answers, with their heads and framing, in bytes per second as they are written."""
    upload: Rate = None
    """Of requests' bodies, in bytes per second as they are received by the handler."""
    burst: float = 0.25
    """Seconds of a rate whose bytes may go at once, in the beginning or after a pause.

    So a transfer of ten seconds is 2.5 % faster than its rate, and whoever
    wakes so late on a busy machine makes up for it.
    """


class ConnectionPace:
    """What one connection is held to: its own pace, or another for the time of an exchange."""

    __slots__ = ("_own", "changed", "download", "upload", "write_size")

    def __init__(self, own: Pace) -> None:
        self._own = own
        self.changed = False
        """Whether it is held to anything but its own pace."""
        self.download: Throttle | None = None
        """What holds answers to a rate, if anything does."""
        self.upload: Throttle | None = None
        """What holds requests' bodies to a rate, if anything does."""
        self.write_size = _WRITE_SIZE
        """Bytes to write at a time, at most."""
        if own.download or own.upload:
            self._apply(own)

    def change(self, *, download: Rate | Keep, upload: Rate | Keep, lasting: bool) -> None:
        """Hold to other rates, until `restore` or for good. Raises ValueError for what is none."""
        _judge(download)
        _judge(upload)
        if download is not KEEP:
            self._hold_answers(self._throttle(self.download, download))
        if upload is not KEEP:
            self.upload = self._throttle(self.upload, upload)
        self.changed = True
        if lasting:
            self._own = Pace(
                download=self._own.download if download is KEEP else download,
                upload=self._own.upload if upload is KEEP else upload,
                burst=self._own.burst,
            )

    def restore(self) -> None:
        """Hold to the connection's own rates again."""
        if self.changed:
            self.changed = False
            self._apply(self._own)

    def _apply(self, pace: Pace) -> None:
        download = self._throttle(self.download, pace.download)
        upload = self._throttle(self.upload, pace.upload)
        # Without a rate there need be none; whoever waits has the old one, which holds it no more.
        self._hold_answers(download if pace.download else None)
        self.upload = upload if pace.upload else None

    def _hold_answers(self, throttle: "Throttle | None") -> None:
        self.download = throttle
        self.write_size = _WRITE_SIZE if throttle is None else min(_WRITE_SIZE, throttle.piece)

    def _throttle(self, throttle: "Throttle | None", rate: Rate) -> "Throttle | None":
        if throttle is None and rate:
            throttle = Throttle(self._own.burst)
        if throttle is not None:
            throttle.change(rate)
        return throttle


class Throttle:
    """One direction of one connection, held to a rate that may change at any time."""

    __slots__ = ("_bucket", "_burst", "piece")

    def __init__(self, burst: float) -> None:
        """`burst` is as in `Pace`. There is no rate yet."""
        self._burst = burst
        self._bucket: TokenBucket | None = None
        self.piece = _AS_MUCH_AS_THERE_IS
        """Bytes to take at a time, at most."""

    def change(self, rate: Rate) -> None:
        """From now on, hold to `rate`.

        What was taken counts on: who changes it again and again wins nothing.
        """
        if not rate:
            self._bucket = None
            self.piece = _AS_MUCH_AS_THERE_IS
            return
        burst = max(1, math.ceil(rate * self._burst))
        if self._bucket is None:
            self._bucket = TokenBucket(rate=rate, burst=burst)
        else:
            self._bucket.change(anyio.current_time(), rate=rate, burst=burst)
        self.piece = max(1, min(burst, math.floor(rate * _PIECE_SECONDS)))

    def take(self, size: int) -> float:
        """Take `size` bytes, which may go after so many seconds.

        0 bytes may go when all that were taken have had their time.
        """
        return 0.0 if self._bucket is None else self._bucket.take(size, anyio.current_time())


def _judge(rate: Rate | Keep) -> None:
    if rate is not KEEP and rate is not None and not 0 <= rate < math.inf:
        raise ValueError(f"a rate is a number of bytes per second, not {rate}")
