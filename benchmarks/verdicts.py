"""Says which floors were reached, from the results that a suite has written.

A ratio is worked out round by round and then its median taken: what slows the
machine down for a while slows both sides of a round. For the slowest hundredth
of requests it is the other way round: one moment makes it in one round of one
server, and says nothing of the round beside it.
"""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from figure import CPU
from floors import PEERS, Floor

__all__ = ("Verdict", "digits", "judge", "markdown", "ratios", "text", "verdicts")

Servers = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One floor, and what was measured."""

    floor: Floor
    title: str
    """The row's."""
    against: str | None
    """The one that came closest; None where nothing is compared, or nothing was measured."""
    found: tuple[float, ...]
    """The ratio, or the figure itself, of each round."""
    of_medians: float | None = None
    """The ratio of the medians, where that is what counts."""
    cpu: float | None = None
    """How many times the processor time of ours the other one took, in the median."""

    @property
    def median(self) -> float | None:
        """What counts."""
        if self.of_medians is not None:
            return self.of_medians
        return statistics.median(self.found) if self.found else None

    @property
    def word(self) -> str:
        """Whether it is as it is to be."""
        floor, goal = self.floor.floor, self.floor.goal
        if self.median is None:
            return "not measured"
        if floor is None:
            return "reported"
        if not self._within(floor):
            return "NOT REACHED"
        return "goal reached" if goal is not None and self._within(goal) else "reached"

    def _within(self, bound: float) -> bool:
        median = self.median
        assert median is not None
        return median <= bound if self.floor.at_most else median >= bound


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, ...]:
    """Ours as a multiple of theirs, round by round; rounds of which one has none are left out."""
    return tuple(our / their for our, their in zip(ours, theirs, strict=False) if their)


def judge(floor: Floor, row: Mapping[str, Any]) -> Verdict:
    """One floor, by what its row has measured."""
    servers: Servers = row["servers"]
    title = row["title"]
    mine = servers.get(floor.ours)
    others = [name for name in floor.against if name in servers]
    if mine is None or (floor.against and not others):
        return Verdict(floor=floor, title=title, against=None, found=())
    if not floor.against:
        return Verdict(floor=floor, title=title, against=None, found=tuple(mine["all"]))
    worst = max if floor.at_most else min
    closest = worst(others, key=lambda name: _ratio(floor, mine, servers[name]))
    cpu = ratios(_cpu(servers[closest]), _cpu(mine))
    return Verdict(
        floor=floor,
        title=title,
        against=closest,
        found=ratios(mine["all"], servers[closest]["all"]),
        of_medians=_ratio(floor, mine, servers[closest]) if floor.of_medians else None,
        cpu=statistics.median(cpu) if cpu else None,
    )


def _ratio(floor: Floor, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> float:
    """What counts of the two."""
    mine: Sequence[float] = ours["all"]
    others: Sequence[float] = theirs["all"]
    if floor.of_medians:
        return statistics.median(mine) / statistics.median(others)
    return statistics.median(ratios(mine, others))


def _cpu(server: Mapping[str, Any]) -> Sequence[float]:
    found: Sequence[float] = server.get("beside", {}).get(CPU, {}).get("all", ())
    return found


def verdicts(floors: Iterable[Floor], rows: Mapping[str, Mapping[str, Any]]) -> list[Verdict]:
    """All floors whose rows were measured."""
    return [judge(floor, rows[floor.row]) for floor in floors if floor.row in rows]


_HEAD = ("work", "ours", "against", "ratio", "spread", "by CPU", "floor", "goal", "")


def _cells(verdict: Verdict, titles: Mapping[str, str]) -> tuple[str, ...]:
    floor = verdict.floor
    against = "the figure itself"
    if floor.against:
        named = (verdict.against,) if verdict.against else floor.against
        against = ", ".join(titles.get(name, name) for name in named)
        if set(floor.against) == set(PEERS):
            against = f"every peer; closest {against}" if verdict.against else "every peer"
    most = "at most " if floor.at_most else ""
    median = verdict.median
    return (
        verdict.title,
        titles.get(floor.ours, floor.ours),
        against,
        "" if median is None else digits(median),
        f"{digits(min(verdict.found))} to {digits(max(verdict.found))}" if verdict.found else "",
        "" if verdict.cpu is None else digits(verdict.cpu),
        "" if floor.floor is None else f"{most}{digits(floor.floor)}",
        "" if floor.goal is None else f"{most}{digits(floor.goal)}",
        verdict.word,
    )


def digits(figure: float) -> str:
    """A ratio with as many digits as are worth reading."""
    return f"{figure:.1f}" if figure >= 10 else f"{figure:.2f}"


def markdown(found: Iterable[Verdict], titles: Mapping[str, str]) -> list[str]:
    """The lines of the table for a page."""
    rows: list[tuple[str, ...]] = [_HEAD, ("---",) * 3 + ("---:",) * 5 + ("---",)]
    rows += [_cells(verdict, titles) for verdict in found]
    return [f"| {' | '.join(row)} |" for row in rows]


def text(found: Iterable[Verdict], titles: Mapping[str, str]) -> list[str]:
    """The lines of the table for a terminal."""
    rows = [_HEAD, *(_cells(verdict, titles) for verdict in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
