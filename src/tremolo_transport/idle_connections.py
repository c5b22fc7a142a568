"""How many connections may wait for another request: beyond that, those that wait longest end.

For how long each may wait is reckoned in the core; who calls this is the
sweeper, so a connection that is one too many lasts for one look more.
"""

from collections.abc import Set as AbstractSet

from .driver import Driver

__all__ = ("IdleConnections",)


class IdleConnections:
    """Those that have been answered and wait for another request, the longest first."""

    __slots__ = ("_most", "_waiting")

    def __init__(self, most: int) -> None:
        """There may be `most` of them, at least one."""
        self._most = most
        self._waiting: dict[Driver, int] = {}
        """With how many requests each has had: it has waited all the time if these are as many."""

    def end_surplus(self, drivers: AbstractSet[Driver]) -> None:
        """End those among `drivers` that are too many; one whose next request comes now, does not.

        Whoever waits since the same look has begun to in an order that is not known.
        """
        waiting = {
            driver: count
            for driver, count in self._waiting.items()
            if driver in drivers and driver.kept_after == count
        }
        for driver in sorted(drivers - waiting.keys(), key=lambda driver: driver.id):
            if count := driver.kept_after:
                waiting[driver] = count
        self._waiting = waiting
        surplus = len(waiting) - self._most
        for driver in list(waiting)[: max(0, surplus)]:
            driver.begin_stop()
