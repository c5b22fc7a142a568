"""How many worker processes serve, and when one of them is replaced.

What is served, and how, is said in `settings`; who acts on this is `supervisor`.
"""

from tremolo_core import value

__all__ = ("WorkerSettings",)


@value
class WorkerSettings:
    """Worker processes under one supervisor."""

    number: int = 1
    """How many there are."""
    reuse_port: bool = True
    """Whether each has queues of its own for the TCP addresses, or all share one for each.

    Linux spreads connections evenly over queues, but those in the queue of a
    worker that is busy wait for it while others may be idle.
    """
    healthcheck: float | None = 30.0
    """Seconds that a worker's event loop may be blocked before it is replaced; None is for ever.

    Counted from when it is ready: start-up may take as long as it likes.
    """
    limit_memory: int | None = None
    """KiB of resident memory at which a worker is replaced; None is no limit."""
    limit_requests: int | None = None
    """Requests after which a worker is replaced; None is no limit."""
    limit_requests_jitter: int = 0
    """At most so many more requests, a number by chance, so that not all are replaced at once."""
