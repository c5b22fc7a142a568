"""One row of the core's speed table: the same work, by the core and by what it is compared to."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ("Row",)

Work = Callable[[int], None]
"""Does something so many times. What is measured begins and ends with the call."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """The same work twice, and how many times faster the core is to be."""

    name: str
    against: str
    """The distribution that the core is compared to."""
    core: Work
    other: Work
    times: int
    """How often a round does it: some ten milliseconds' worth."""
    floor: float | None = None
    """What may not be fallen below; None for a figure that stands beside."""
    goal: float | None = None
