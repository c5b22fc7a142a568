"""How fast Tremolo is to be, next to whom: a floor not to be fallen below, and a goal.

What was reached is worked out from a suite's results in `verdicts`.
"""

from dataclasses import dataclass

__all__ = ("FLOORS", "PEERS", "Floor", "wanted")

PEERS = (
    *("uvicorn", "uvicorn-standard", "granian", "hypercorn", "hypercorn-trio"),
    *("anycorn", "anycorn-trio", "daphne", "nggit"),
)
"""All servers that others have written for Python."""


@dataclass(frozen=True, kw_only=True)
class Floor:
    """What one of our servers is to reach in a row, as a multiple of each of the others."""

    row: str
    ours: str = "ours-asyncio"
    against: tuple[str, ...] = ()
    """The one of them that comes closest counts; with none, the figure itself does."""
    floor: float | None = None
    goal: float | None = None
    at_most: bool = False
    """Whether less is better, in the ratio as in the row."""
    of_medians: bool = False
    """Whether the medians are compared, and not each round: where what disturbs hits one alone."""


_H11, _STANDARD = ("uvicorn",), ("uvicorn-standard",)

FLOORS: tuple[Floor, ...] = (
    Floor(row="hello", against=_H11, floor=3.5, goal=5),
    Floor(row="browser", against=_H11, floor=3.5, goal=5),
    Floor(row="hello", against=_STANDARD, floor=0.9, goal=1.25),
    Floor(row="hello", ours="ours-uvloop", against=("granian",), floor=1.0, goal=1.5),
    Floor(row="hello", ours="ours-uvloop", against=_STANDARD, floor=0.95, goal=1.5),
    Floor(row="hello", ours="ours-trio", against=("hypercorn-trio",), floor=9, goal=15),
    Floor(row="hello", ours="ours-trio", against=("anycorn-trio",), floor=12, goal=18),
    Floor(row="hello", against=("limit",), floor=0.25, goal=0.4),
    Floor(row="route-return", against=("nggit",), floor=2.5, goal=4),
    Floor(row="route-yield", against=("nggit",), floor=2.5, goal=4),
    Floor(row="post", against=_H11, floor=3, goal=4.5),
    Floor(row="churn", against=_H11, floor=1.4, goal=2),
    Floor(row="churn", against=_STANDARD, floor=0.8, goal=1.0),
    Floor(row="churn", against=("granian",)),
    Floor(row="download", ours="ours-uvloop", against=PEERS, floor=1.0, goal=1.3),
    Floor(row="upload", ours="ours-uvloop", against=PEERS, floor=1.0, goal=1.3),
    Floor(row="file", against=PEERS, floor=1.0),
    Floor(row="file", against=("nginx",), floor=0.5, goal=1.0),
    Floor(row="multipart", against=("nggit",)),
    Floor(row="websocket-64", ours="ours-uvloop", against=PEERS, floor=1.0, goal=1.4),
    Floor(row="websocket-16k", ours="ours-uvloop", against=PEERS, floor=1.0, goal=1.3),
    Floor(row="websocket-1m", ours="ours-uvloop", against=PEERS, floor=1.0, goal=1.3),
    Floor(row="idle", against=_H11, floor=1.3, goal=1.0, at_most=True),
    # 60 KB, in the row's KiB.
    Floor(row="idle-tls", floor=60_000 / 1024, at_most=True),
    *(
        Floor(
            row="workers",
            ours=f"workers-{loop}",
            against=(f"ours-{loop}",),
            floor=1.1,
            at_most=True,
        )
        for loop in ("asyncio", "uvloop", "trio")
    ),
    Floor(row="latency", against=PEERS, floor=1.0, at_most=True, of_medians=True),
)


def wanted(row: str) -> set[str]:
    """The servers that a row needs for its floors; the usual few where it has none."""
    named = {name for each in FLOORS if each.row == row for name in (each.ours, *each.against)}
    return named or {"ours-asyncio", "ours-uvloop", "uvicorn", "uvicorn-standard"}
